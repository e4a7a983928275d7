"""ImageClassifierData: images, labels, transforms and batch size in one object."""

from dataclasses import dataclass, replace
from pathlib import Path

from warmstart.backbones.card import BackboneCard, card_of
from warmstart.data.folders import read_folders
from warmstart.data.table import Exclusion, ImageTable
from warmstart.errors import SettingError
from warmstart.images.view import ViewRecipe


@dataclass(frozen=True)
class ModelTransforms:
    """How images become what one backbone expects: a recipe of pixels, a mean and a deviation."""

    recipe: ViewRecipe
    card: BackboneCard


def tfms_from_model(
    arch: str, sz: int | None = None, *, pre_crop_scale: float = 256 / 224
) -> ModelTransforms:
    """Transforms that fit a backbone, from its own card.

    Args:
        arch: The backbone.
        sz: Side of the square that the network sees, in pixels; None is what it was trained with.
        pre_crop_scale: How much larger than the square the short side is made before cropping.

    Returns:
        Transforms for ``ImageClassifierData``.

    Raises:
        SettingError: a number is out of range.
    """
    card = card_of(arch)
    size = card.input_size if sz is None else sz
    if size < 8:
        raise SettingError(
            f"sz={size} is too small for a picture.",
            expected=f"a side in pixels; {card.input_size} is what {card.name} was trained with.",
            fix=f"pass sz={card.input_size} (--size {card.input_size}).",
        )
    recipe = ViewRecipe(size, card.interpolation, pre_crop_scale)
    return ModelTransforms(recipe, card)


@dataclass(frozen=True, eq=False)
class ImageClassifierData:
    """A table of images, the transforms for one backbone, and the batch size."""

    table: ImageTable
    tfms: ModelTransforms
    bs: int = 64
    on_unreadable: str = "raise"

    @classmethod
    def from_paths(
        cls,
        path: str | Path,
        tfms: ModelTransforms,
        bs: int = 64,
        *,
        trn_name: str = "train",
        val_name: str = "valid",
        test_name: str = "test",
        valid_pct: float = 0.2,
        seed: int = 42,
        on_unreadable: str = "raise",
    ) -> "ImageClassifierData":
        """Read class folders.

        Args:
            path: Holds train/<class>/, valid/<class>/ and perhaps test/, or <class>/ folders.
            tfms: From ``tfms_from_model``.
            bs: Rows per training batch.
            trn_name: Name of the training folder.
            val_name: Name of the validation folder.
            test_name: Name of the test folder.
            valid_pct: Share of each class that validates where there is no validation folder.
            seed: What that draw depends on.
            on_unreadable: "raise", or "drop" to leave images out that cannot be read.

        Returns:
            The data; no pixel has been read yet.
        """
        names = (trn_name, val_name, test_name)
        table = read_folders(Path(path), names=names, valid_pct=valid_pct, seed=seed)
        return cls(table, tfms, bs, on_unreadable)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; a label is a position in it."""
        return self.table.classes

    def without(self, exclusions: tuple[Exclusion, ...]) -> "ImageClassifierData":
        """The same data with some rows left out and named."""
        return replace(self, table=self.table.without(exclusions))
