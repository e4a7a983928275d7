"""What a backbone expects of its pixels."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from warmstart.arguments import shortly
from warmstart.backbones.known_cards import is_timms_own, remember_card, remembered_card
from warmstart.errors import SettingError
from warmstart.files.strict import convert

EMBEDDED_ARCH = "tf_efficientnet_lite0"
EMBEDDED_HALF = (0.5, 0.5, 0.5)
EXPECTED = "a timm name, a torchvision factory, or a function that returns an nn.Module"

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


def read_architecture(name: str, arch: Any) -> Architecture:
    """An architecture that can be built.

    Args:
        name: What errors call the argument.
        arch: What was passed.

    Raises:
        SettingError: timm does not know the name, or it is no function that can be called.
    """
    read: Architecture = arch
    if isinstance(read, str):
        check_arch(read, name)
        return read
    is_module = hasattr(arch, "state_dict") and not isinstance(arch, type)
    if is_module or not callable(arch):
        raise SettingError(
            f"{name} is {'a module' if is_module else 'an object'}: {type(arch).__name__}.",
            expected=f"{EXPECTED}; it is called for each new network.",
            fix="write def backbone(): return module, and pass the function itself: arch=backbone "
            "to tfms_from_model and, with pretrained=False to keep its weights, to pretrained."
            if is_module
            else f"pass {name}={EMBEDDED_ARCH!r}.",
        )
    if not is_torchvision(arch):
        try:
            inspect.signature(arch).bind()
        except TypeError as error:
            raise SettingError(
                f"{name_of(arch)} cannot be called without arguments: {error}.",
                expected=f"{EXPECTED}.",
                fix=f"pass {name}=functools.partial(function, ...) with its arguments.",
            ) from error
        except ValueError:
            pass  # some built-in callables do not tell
    return read


def backbone_card(arch: Architecture) -> BackboneCard | None:
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
    """From timm's pretrained configuration, or what was remembered of it."""
    remembered = remembered_card(arch)
    if remembered is not None:
        return convert(remembered, BackboneCard, f"the card of {arch}")
    import timm  # here: it takes seconds

    check_arch(arch)
    configuration: Any = timm.get_pretrained_cfg(arch)
    card = BackboneCard(
        arch,
        three_channels(configuration.mean),
        three_channels(configuration.std),
        configuration.interpolation or "bicubic",
        int(configuration.input_size[-1]),
    )
    if is_timms_own(arch):
        remember_card(asdict(card))
    return card


def check_arch(arch: str, argument: str = "arch") -> None:
    """A name that timm does not know, or not with that tag.

    Raises:
        SettingError: it is that.
    """
    if is_known_name(arch):  # nothing slow need be loaded to see it
        return
    if not has_weights_tag(arch):
        near = near_timm_names(arch)
        raise SettingError(
            f"{argument}={shortly(arch)} is not an architecture that timm knows.",
            expected=f"a name from timm.list_models(), such as {', '.join(near)}.",
            fix=f"pass {argument}={near[0]!r}.",
            flags=("--arch", near[0]),
        )


def has_weights_tag(arch: str) -> bool:
    """Whether timm knows an architecture, and the tag of its weights where the name has one."""
    import timm  # here: it takes seconds

    try:
        return timm.is_model(arch.partition(".")[0]) and timm.get_pretrained_cfg(arch) is not None
    except RuntimeError:  # what timm makes of an unknown tag
        return False


def is_timm_name(text: str) -> bool:
    """Whether timm knows an architecture of that name; some are known without timm."""
    if is_known_name(text):
        return True
    if not text.replace(".", "_").isidentifier():
        return False  # a path: nothing slow need be loaded to see it
    import timm  # here: it takes seconds

    return bool(timm.is_model(text.partition(".")[0]))


def is_known_name(arch: str) -> bool:
    """Whether a name is timm's without asking it: the embedded one, or one that was asked for."""
    return arch == EMBEDDED_ARCH or remembered_card(arch) is not None


def is_library_arch(name: str) -> bool:
    """Whether a card's name of an architecture is timm's or torchvision's, as far as it shows."""
    return name.startswith("torchvision.") or is_timm_name(name)


def near_timm_names(arch: str) -> list[str]:
    """The three most alike names, the embedded one if there are none."""
    import difflib

    import timm  # here: it takes seconds

    known, untagged = timm.list_models(), arch.partition(".")[0]
    if untagged in known:
        return [untagged]
    return difflib.get_close_matches(arch.lower(), known, 3) or [EMBEDDED_ARCH]


def torchvision_card(factory: Callable[..., Any]) -> BackboneCard | None:
    """From the transforms of torchvision's default weights; None for what is not torchvision's.

    Raises:
        SettingError: it is torchvision's, and no factory of a classifier.
    """
    if not is_torchvision(factory):
        return None
    import torchvision  # here: it takes seconds

    if name_of(factory).partition(".")[2] not in torchvision.models.list_models(torchvision.models):
        raise SettingError(
            f"{name_of(factory)} is no factory of torchvision's classifiers.",
            expected="a function such as torchvision.models.resnet34.",
            fix="pass arch=torchvision.models.resnet34, or a function of your own that returns a "
            "network without its classifier.",
        )
    transforms = torchvision.models.get_model_weights(factory).DEFAULT.transforms()
    return BackboneCard(
        f"torchvision.{factory.__name__}",
        three_channels(transforms.mean),
        three_channels(transforms.std),
        transforms.interpolation.value,
        int(transforms.crop_size[0]),
    )


def is_torchvision(factory: object) -> bool:
    """Whether a function or class is torchvision's."""
    return str(getattr(factory, "__module__", "")).startswith("torchvision.models.")


def three_channels(values: Sequence[float]) -> tuple[float, float, float]:
    """One number per colour channel."""
    red, green, blue = values
    return float(red), float(green), float(blue)


def name_of(arch: Architecture) -> str:
    """What messages and saved models call an architecture.

    >>> name_of("resnet34")
    'resnet34'
    """
    if isinstance(arch, str):
        return arch
    name = str(getattr(arch, "__name__", type(arch).__name__))
    return f"torchvision.{name}" if is_torchvision(arch) else name
