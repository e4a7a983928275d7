"""tfms_from_model: the pixels that a backbone expects, from its own card."""

from collections.abc import Sequence
from dataclasses import dataclass

from warmstart.backbones.card import Architecture, BackboneCard, card_of, name_of
from warmstart.errors import SettingError
from warmstart.images.view import ViewRecipe

SMALLEST_SIZE = 8


@dataclass(frozen=True)
class ModelTransforms:
    """How images become what one backbone expects: a recipe of pixels, and the backbone's card."""

    recipe: ViewRecipe
    card: BackboneCard


def tfms_from_model(
    arch: Architecture,
    sz: int | None = None,
    *,
    pre_crop_scale: float = 256 / 224,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    interpolation: str | None = None,
) -> ModelTransforms:
    """Transforms that fit a backbone, from its own card.

    Args:
        arch: The backbone.
        sz: Side of the square that the network sees, in pixels; None is what it was trained with.
        pre_crop_scale: How much larger than the square the short side is made before cropping.
        mean: Per channel, of values in [0, 1]; only where the backbone's makers say none.
        std: Likewise.
        interpolation: Filter of the resizing; likewise, "bicubic" if nobody says.

    Returns:
        Transforms for ``ImageClassifierData``.

    Raises:
        SettingError: nobody says mean, deviation or size, or the size is out of range.
    """
    card = card_of(arch)
    if card is None or mean is not None or std is not None:
        if mean is None or std is None:
            raise SettingError(
                f"{name_of(arch)} has no card that says which mean and std its pixels have.",
                expected="mean= and std=, as in its training; wrong ones cost points in silence.",
                fix="pass mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225) if it was trained "
                "with ImageNet's, or mean=(0.5,) * 3, std=(0.5,) * 3 for a network of your own.",
            )
        size = None if card is None else card.input_size
        card = BackboneCard(name_of(arch), three(mean), three(std), "bicubic", size)
    size = card.input_size if sz is None else sz
    if size is None or size < SMALLEST_SIZE:
        raise SettingError(
            f"sz={sz} is no size for {name_of(arch)}.",
            expected=f"the side in pixels of what the network sees, at least {SMALLEST_SIZE}.",
            fix=f"pass sz={card.input_size or 224}.",
            flags=("--size", str(card.input_size or 224)),
        )
    return ModelTransforms(
        ViewRecipe(size, interpolation or card.interpolation, pre_crop_scale), card
    )


def three(values: Sequence[float]) -> tuple[float, float, float]:
    """One number per colour channel."""
    red, green, blue = (float(value) for value in values)
    return red, green, blue
