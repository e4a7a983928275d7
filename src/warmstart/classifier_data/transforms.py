"""tfms_from_model: the pixels that a backbone expects, from its own card."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from warmstart.backbones.card import Architecture, BackboneCard, card_of, name_of
from warmstart.errors import SettingError
from warmstart.images.augment import (
    Augmentation,
    transforms_basic,
    transforms_side_on,
    transforms_top_down,
)
from warmstart.images.policy import OPERATIONS
from warmstart.images.view import ViewRecipe

SMALLEST_SIZE = 8
PRESETS = (
    transforms_basic,
    transforms_side_on,
    transforms_top_down,
    *(Augmentation(policy, policy=policy) for policy in OPERATIONS),
)


@dataclass(frozen=True)
class ModelTransforms:
    """How images become what one backbone expects: a recipe of pixels, and the backbone's card.

    Training views differ from the plain one as ``augmentation`` says, drawn from ``view_seed``.
    """

    recipe: ViewRecipe
    card: BackboneCard
    augmentation: Augmentation | None = None
    view_seed: int = 0


def tfms_from_model(
    arch: Architecture,
    sz: int | None = None,
    *,
    aug_tfms: Augmentation | str | None = None,
    max_zoom: float | None = None,
    crop_type: str | None = None,
    pre_crop_scale: float = 256 / 224,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    interpolation: str | None = None,
    view_seed: int = 0,
) -> ModelTransforms:
    """Transforms that fit a backbone, from its own card.

    Args:
        arch: The backbone.
        sz: Side of the square that the network sees, in pixels; None is what it was trained with.
        aug_tfms: How training views differ: "basic", "side_on", "top_down", "rand_augment",
            "trivial_augment" or an ``Augmentation``.
        max_zoom: Training views are enlarged up to so many times; 1.1 is the note's.
        crop_type: "center", "random" (the plain view is the centre), "pad" or "squash" (the whole
            image); the default is "random" where training views differ, otherwise "center".
        pre_crop_scale: How much larger than the square the short side is made before cropping.
        mean: Per channel, of values in [0, 1]; only where the backbone's makers say none.
        std: Likewise.
        interpolation: Filter of the resizing; likewise, "bicubic" if nobody says.
        view_seed: What all draws of views depend on.

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
    augmentation = chosen_augmentation(aug_tfms, max_zoom, crop_type)
    crop = crop_type or ("center" if augmentation is None else "random")
    recipe = ViewRecipe(size, interpolation or card.interpolation, pre_crop_scale, crop)
    return ModelTransforms(recipe, card, augmentation, view_seed)


def chosen_augmentation(
    aug_tfms: Augmentation | str | None,
    max_zoom: float | None = None,
    crop_type: str | None = None,
) -> Augmentation | None:
    """What the arguments ask for; None where every view is the plain one.

    Raises:
        SettingError: there is no preset of that name.
    """
    if isinstance(aug_tfms, str):
        presets = {preset.name: preset for preset in PRESETS}
        if aug_tfms not in presets:
            raise SettingError(
                f"aug_tfms={aug_tfms!r} is unknown.",
                expected="one of: " + ", ".join(presets) + ", or an Augmentation.",
                fix='pass aug_tfms="side_on".',
                flags=("--augment", "side_on"),
            )
        aug_tfms = presets[aug_tfms]
    if aug_tfms is None and max_zoom is None and crop_type != "random":
        return None
    chosen = aug_tfms or Augmentation("crop")
    return chosen if max_zoom is None else replace(chosen, max_zoom=max_zoom)


def three(values: Sequence[float]) -> tuple[float, float, float]:
    """One number per colour channel."""
    red, green, blue = (float(value) for value in values)
    return red, green, blue
