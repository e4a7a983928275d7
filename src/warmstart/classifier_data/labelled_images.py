"""Images, labels, transforms and batch size, and what can be looked at before training."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmstart.arguments import new_file, read_fields, reads, seed
from warmstart.batches.ahead import RenderAhead
from warmstart.batches.source import PixelSource
from warmstart.classifier_data.arguments import BATCH_SIZE, ON_UNREADABLE, READERS, TFMS
from warmstart.classifier_data.shown import discarded, shown
from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.data.cache_folder import cache_folder
from warmstart.data.own_folder import image_folders, refuse_within_data
from warmstart.data.table import ImageTable
from warmstart.terminal.progress import no_progress, show_progress

if TYPE_CHECKING:
    from warmstart.backbones.card import Architecture
    from warmstart.checkup.checkup import Checkup


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images with labels, as one backbone wants to see them: shown, checked, rendered.

    ``folder`` is the user's that was read as a whole; None where a table named the images.
    """

    table: ImageTable
    tfms: ModelTransforms
    bs: int = 64
    on_unreadable: str = "raise"
    ahead: RenderAhead | None = None
    folder: Path | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Check the arguments, with a SettingError."""
        read_fields(self, tfms=TFMS, bs=BATCH_SIZE, on_unreadable=ON_UNREADABLE)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; a label is a position in it."""
        return self.table.classes

    @cached_property
    def source(self) -> PixelSource:
        """Where pixels come from."""
        tfms = self.tfms
        return PixelSource(self.table, tfms.recipe, self.ahead, tfms.augmentation, tfms.view_seed)

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """Those that hold the images."""
        return image_folders(self.table) if self.folder is None else (self.folder,)

    @reads(**READERS | {"seed": seed, "path": new_file})
    def show_batch(
        self,
        path: str | Path | None = None,
        *,
        num_rows: int = 4,
        num_views: int = 4,
        seed: int = 0,
    ) -> Any:
        """Draw some training images as the network sees them, and say how much the crop loses.

        Args:
            path: Where the picture is written.
            num_rows: How many images.
            num_views: Augmented views beside the plain one: those that the first epochs see.
            seed: Which images.

        Returns:
            A matplotlib figure.
        """
        refuse_own(self, path=path)
        pictures, num_columns = shown(
            self.source, self.on_unreadable, num_rows=num_rows, num_views=num_views, seed=seed
        )
        from warmstart.plots.pictures import plot_batch  # here: matplotlib takes a second

        return plot_batch(pictures, num_columns, self.views_in_words(), path)

    def views_in_words(self) -> str:
        """How views differ, and the share of an image's pixels that the plain one leaves out."""
        augmentation, crop = self.tfms.augmentation, self.tfms.recipe.crop_type
        differ = "all views alike" if augmentation is None else f"augmentation {augmentation.name}"
        size = self.tfms.recipe.size
        return f"{size} × {size} pixels, {differ}, crop {crop}; {discarded(self.source)}"

    @reads(**READERS)
    def check(
        self,
        arch: "Architecture | None" = None,
        *,
        weights: str | Path | None = None,
        cache_dir: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
        quiet: bool = False,
    ) -> "Checkup":
        """Look for what may be wrong with the pictures and their labels; nothing is changed.

        Args:
            arch: The backbone, where it is a function; None is the one that ``tfms`` are for.
            weights: A file with its weights; None is the embedded default or timm's hub.
            cache_dir: Where activations are kept; None is WARMSTART_CACHE or ~/.cache/warmstart.
            device: "auto", "cpu", "cuda" or "mps".
            precision: Of the backbone: "auto", "f32" or "bf16".
            quiet: Print no progress.

        Returns:
            The findings. ``print`` it, or write its fixes and give them to ``from_paths(fixes=)``.
        """
        store = cache_folder(cache_dir)
        refuse_own(self, cache_dir=store)
        from warmstart.checkup.check import check  # torch loads here
        from warmstart.checkup.pooled import parts_of, pooled_part
        from warmstart.inference.table_activations import TableActivations

        frozen = pooled_part(
            arch or self.tfms.card.name,
            self.tfms.card,
            self.tfms.recipe,
            weights=None if weights is None else Path(weights),
            device=device,
            precision=precision,
        )
        progress = no_progress if quiet else show_progress
        activations = TableActivations(frozen, store, progress)
        return check(self.source, activations, parts_of(frozen))


def refuse_own(data: LabelledImages, **places: str | Path | None) -> None:
    """See that nothing is written among the user's images (law 13).

    Args:
        data: The images.
        **places: Where something is to be written, by the argument that says so.
    """
    given = {name: Path(place) for name, place in places.items() if place is not None}
    folders = data.folders if given else ()
    for name, place in given.items():
        refuse_within_data(place, name, folders)
