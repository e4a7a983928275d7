"""tfms_from_model: the pixels that a backbone expects, from its own card."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from warmstart.arguments import each, one_of, reads, real, whole
from warmstart.backbones.card import (
    Architecture,
    BackboneCard,
    backbone_card,
    name_of,
    read_architecture,
    three_channels,
)
from warmstart.errors import SettingError
from warmstart.images.augment import Augmentation, read_augmentation
from warmstart.images.resize import available_resizer
from warmstart.images.view import CROP_TYPES, LARGEST_SIZE, SMALLEST_SIZE, ViewRecipe
from warmstart.images.warp import INTERPOLATIONS


@dataclass(frozen=True)
class ModelTransforms:
    """How images become what one backbone expects: a recipe of pixels, and the backbone's card.

    Training views differ from the plain one as ``augmentation`` says, drawn from ``view_seed``.
    """

    recipe: ViewRecipe
    card: BackboneCard
    augmentation: Augmentation | None = None
    view_seed: int = 0

    def in_words(self) -> str:
        """Size, how views differ, and the crop."""
        augmentation, size = self.augmentation, self.recipe.size
        differ = "all views alike" if augmentation is None else f"augmentation {augmentation.name}"
        return f"{size} × {size} pixels, {differ}, crop {self.recipe.crop_type}"


def read_side(name: str, value: Any) -> int:
    """The side of a square, also where somebody gives both of its sides.

    Raises:
        SettingError: the two differ.
    """
    side = whole(SMALLEST_SIZE, LARGEST_SIZE, example=224, flag="--size")
    if isinstance(value, (list, tuple)):
        sides = each(side, 2)(name, value)
        if sides[0] != sides[1]:
            raise SettingError(
                f"{name}={value!r} is oblong.",
                expected="one side: networks are shown squares.",
                fix=f'pass {name}={min(sides)}; crop_type="pad" shows the whole of oblong '
                "pictures.",
                flags=("--size", str(min(sides))),
            )
        return sides[0]
    return side(name, value)


@reads(
    arch=read_architecture,
    sz=read_side,
    aug_tfms=read_augmentation,
    max_zoom=real(1.1, least=1, most=100),
    crop_type=one_of(*CROP_TYPES),
    pre_crop_scale=real(256 / 224, least=1, most=100),
    mean=each(real(0.5, least=0, most=1), 3),
    std=each(real(0.5, above=0), 3),
    interpolation=one_of(*INTERPOLATIONS),
    view_seed=whole(),
)
def tfms_from_model(
    arch: Architecture,
    sz: int | tuple[int, int] | None = None,
    *,
    aug_tfms: Augmentation | str | Sequence[Augmentation | str] | None = None,
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
            "trivial_augment" or an ``Augmentation``; or a list of one of these.
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

    Example:
        >>> from warmstart import tfms_from_model
        >>> tfms = tfms_from_model("test_resnet", 32, aug_tfms="side_on", max_zoom=1.1)
        >>> tfms.recipe.size, tfms.augmentation.flip
        (32, 'side_on')
    """
    card = backbone_card(arch)
    if card is None or mean is not None or std is not None:
        if mean is None or std is None:
            raise SettingError(
                f"{name_of(arch)} has no card that says which mean and std its pixels have.",
                expected="mean= and std=, as in its training; wrong ones cost points in silence.",
                fix="pass mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225) if it was trained "
                "with ImageNet's, or mean=(0.5,) * 3, std=(0.5,) * 3 for a network of your own.",
            )
        filter_, size = ("bicubic", None) if card is None else (card.interpolation, card.input_size)
        card = BackboneCard(name_of(arch), three_channels(mean), three_channels(std), filter_, size)
    size = card.input_size if sz is None else read_side("sz", sz)
    if size is None:
        raise SettingError(
            f"nobody says which size {name_of(arch)} was trained with.",
            expected="the side in pixels of what the network sees.",
            fix="pass sz=224.",
        )
    augmentation = chosen_augmentation(aug_tfms, max_zoom, crop_type)
    crop = crop_type or ("center" if augmentation is None else "random")
    filter_ = interpolation or card.interpolation
    recipe = ViewRecipe(size, filter_, pre_crop_scale, crop, resizer=available_resizer())
    return ModelTransforms(recipe, card, augmentation, view_seed)


def chosen_augmentation(
    aug_tfms: Any, max_zoom: float | None = None, crop_type: str | None = None
) -> Augmentation | None:
    """What the arguments ask for; None where every view is the plain one."""
    chosen = read_augmentation("aug_tfms", aug_tfms)
    if chosen is None and max_zoom is None and crop_type != "random":
        return None
    chosen = chosen or Augmentation("crop")
    return chosen if max_zoom is None else replace(chosen, max_zoom=max_zoom)
