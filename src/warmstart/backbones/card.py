"""What a backbone expects of its pixels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from warmstart.errors import SettingError

EMBEDDED_ARCH = "tf_efficientnet_lite0"
EMBEDDED_HALF = (0.5, 0.5, 0.5)

Architecture: TypeAlias = str | Callable[..., Any]
"""A timm name, a torchvision factory, or a function that returns an ``nn.Module``."""


@dataclass(frozen=True)
class BackboneCard:
    """Preprocessing that belongs to pretrained weights: wrong numbers cost points in silence.

    ``mean`` and ``std`` are per channel, of values in [0, 1]; ``input_size`` is in pixels, None
    where nobody says.
    """

    name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    input_size: int | None


def card_of(arch: Architecture) -> BackboneCard | None:
    """The card of a timm name or a torchvision factory; None for a function of the user's own.

    Args:
        arch: Such as "tf_efficientnet_lite0", or torchvision.models.resnet34.

    Returns:
        The card, from what the weights' makers publish.
    """
    if not isinstance(arch, str):
        return torchvision_card(arch)
    if arch == EMBEDDED_ARCH:  # known without importing timm, so that decoding can start at once
        return BackboneCard(arch, EMBEDDED_HALF, EMBEDDED_HALF, "bicubic", 224)
    return timm_card(arch)


def timm_card(arch: str) -> BackboneCard:
    """From timm's pretrained configuration.

    Raises:
        SettingError: timm does not know the name.
    """
    import timm  # here: it takes seconds

    configuration = timm.get_pretrained_cfg(arch)
    if configuration is None or not timm.is_model(arch.partition(".")[0]):
        near = near_timm_names(arch)
        raise SettingError(
            f"arch={arch!r} is not an architecture that timm knows.",
            expected=f"a name from timm.list_models(), such as {', '.join(near)}.",
            fix=f"pass arch={near[0]!r}.",
            flags=("--arch", near[0]),
        )
    return BackboneCard(
        arch,
        three(configuration.mean),
        three(configuration.std),
        configuration.interpolation or "bicubic",
        int(configuration.input_size[-1]),
    )


def is_timm_name(text: str) -> bool:
    """Whether timm knows an architecture of that name; the embedded one is known without timm."""
    if text == EMBEDDED_ARCH:
        return True
    if not text.replace(".", "_").isidentifier():
        return False  # a path: nothing slow need be loaded to see it
    import timm  # here: it takes seconds

    return bool(timm.is_model(text.partition(".")[0]))


def near_timm_names(arch: str) -> list[str]:
    """The three most alike names, the embedded one if there are none."""
    import difflib

    import timm  # here: it takes seconds

    return difflib.get_close_matches(arch, timm.list_models(), 3) or [EMBEDDED_ARCH]


def torchvision_card(factory: Callable[..., Any]) -> BackboneCard | None:
    """From the transforms of torchvision's default weights; None if it is none of its factories."""
    if not getattr(factory, "__module__", "").startswith("torchvision.models."):
        return None
    import torchvision  # here: it takes seconds

    transforms = torchvision.models.get_model_weights(factory).DEFAULT.transforms()
    return BackboneCard(
        f"torchvision.{factory.__name__}",
        three(transforms.mean),
        three(transforms.std),
        transforms.interpolation.value,
        int(transforms.crop_size[0]),
    )


def three(values: Sequence[float]) -> tuple[float, float, float]:
    """One number per colour channel."""
    red, green, blue = values
    return float(red), float(green), float(blue)


def name_of(arch: Architecture) -> str:
    """What messages and saved models call an architecture."""
    if isinstance(arch, str):
        return arch
    module = getattr(arch, "__module__", "")
    name = getattr(arch, "__name__", type(arch).__name__)
    return f"torchvision.{name}" if module.startswith("torchvision.models.") else name
