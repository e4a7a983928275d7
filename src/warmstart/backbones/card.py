"""What a backbone expects of its pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

from warmstart.errors import SettingError

EMBEDDED_ARCH = "tf_efficientnet_lite0"


@dataclass(frozen=True)
class BackboneCard:
    """Preprocessing that belongs to pretrained weights: wrong numbers cost points in silence."""

    name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    input_size: int


def card_of(arch: str) -> BackboneCard:
    """The card of a timm architecture, from its pretrained configuration.

    Args:
        arch: A timm name, such as "tf_efficientnet_lite0" or "resnet34".

    Returns:
        The card.

    Raises:
        SettingError: timm does not know the name.
    """
    if arch == EMBEDDED_ARCH:  # known without importing timm, so that decoding can start at once
        return BackboneCard(arch, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "bicubic", 224)
    import timm  # here: it takes seconds

    configuration = timm.get_pretrained_cfg(arch)
    if configuration is None:
        near = timm.list_models(f"*{arch[:6]}*")[:5]
        raise SettingError(
            f"arch={arch!r} is not an architecture that timm knows.",
            expected="a name from timm.list_models()"
            + (f", such as {', '.join(near)}." if near else "."),
            fix=f"pass arch={(near or [EMBEDDED_ARCH])[0]!r}.",
        )
    return BackboneCard(
        arch,
        three(configuration.mean),
        three(configuration.std),
        configuration.interpolation or "bicubic",
        int(configuration.input_size[-1]),
    )


def three(values: Sequence[float]) -> tuple[float, float, float]:
    """One number per colour channel."""
    red, green, blue = values
    return float(red), float(green), float(blue)
