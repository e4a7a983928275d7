"""ImageClassifierData: labelled images out of a folder, a CSV, a frame or arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from warmstart.arguments import new_file, read_fields, reads, seed
from warmstart.batches.rendering import MOST_BYTES, RenderAhead
from warmstart.batches.source import PixelSource
from warmstart.batches.together import RenderedTogether
from warmstart.classifier_data.arguments import (
    BATCH_SIZE,
    ON_UNREADABLE,
    READERS,
    TFMS,
    check_outside_data,
)
from warmstart.classifier_data.array_reader import ReadsArrays
from warmstart.classifier_data.shard_readers import ReadsShards
from warmstart.classifier_data.shown import data_sheet, discarded, shown
from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.data.columns import Columns
from warmstart.data.csv_table import Dialect, read_csv
from warmstart.data.faults import Faults
from warmstart.data.fixes import with_fixes
from warmstart.data.folders import read_folders, with_test
from warmstart.data.frame import read_frame
from warmstart.data.output_paths import cache_folder, content_memory, image_folders
from warmstart.data.path_labels import read_labelled
from warmstart.data.split import Draw
from warmstart.data.table import Exclusion, ImageTable
from warmstart.display import Displayed, Sheet
from warmstart.files.remote_reading import as_place
from warmstart.terminal.colour import DOUBTFUL, print_styled
from warmstart.terminal.progress import no_progress, show_progress
from warmstart.terminal.waiting import waiting
from warmstart.words import DATA, Guided

if TYPE_CHECKING:
    from warmstart.backbones.card import Architecture
    from warmstart.checkup.checkup import Checkup


@dataclass(frozen=True, eq=False, repr=False)
class ImageClassifierData(ReadsArrays, ReadsShards, Displayed, Guided):
    """A table of images, the transforms for one backbone, and the batch size.

    ``on_unreadable`` is "raise"; or "drop" to leave images out that cannot be read, which are then
    among ``table.exclusions``; or "use" to take what is left of damaged JPEGs, which are then
    ``table.damaged``, while others that cannot be read are still an error.
    ``folder`` is the user's that was read as a whole; None where a table named the images.

    Example:
        >>> import numpy as np
        >>> from warmstart import ImageClassifierData, tfms_from_model
        >>> photos = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), np.uint8)
        >>> rows = (photos, np.arange(24) % 2)
        >>> tfms = tfms_from_model("test_resnet", 32)
        >>> data = ImageClassifierData.from_arrays(
        ...     trn=rows, val=rows, tfms=tfms, classes=["cat", "dog"], quiet=True
        ... )
        >>> data.classes
        ('cat', 'dog')
    """

    word_owner: ClassVar[str] = DATA
    table: ImageTable
    tfms: ModelTransforms
    bs: int = 64
    on_unreadable: str = "raise"
    ahead: RenderAhead | None = None
    folder: Path | None = field(default=None, kw_only=True)
    together: RenderedTogether | None = field(default=None, kw_only=True)
    place: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        """Check the arguments, with a SettingError."""
        read_fields(self, tfms=TFMS, bs=BATCH_SIZE, on_unreadable=ON_UNREADABLE)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; a label is a position in it.

        Example:
            >>> data.classes
            ('cat', 'dog')
        """
        return self.table.classes

    @cached_property
    def source(self) -> PixelSource:
        """Where pixels come from.

        Example:
            >>> data.source.render(0).shape
            (32, 32, 3)
        """
        tfms = self.tfms
        return PixelSource(
            self.table, tfms.recipe, self.ahead, tfms.augmentation, tfms.view_seed,
            self.together, self.place,
        )  # fmt: skip

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """Those that hold the images.

        Example:
            >>> data.folders
            ()
        """
        return image_folders(self.table) if self.folder is None else (self.folder,)

    @classmethod
    def of_table(
        cls,
        table: ImageTable,
        tfms: ModelTransforms,
        bs: int = 64,
        *,
        on_unreadable: str = "raise",
        folder: Path | None = None,
        fixes: str | Path | None = None,
        quiet: bool = False,
    ) -> "ImageClassifierData":
        """Data of a table that was read, what its reader noticed and left out being said.

        Example:
            >>> ImageClassifierData.of_table(data.table, data.tfms, quiet=True).bs
            64
        """
        made = cls(with_fixes(table, fixes), tfms, bs, on_unreadable, folder=folder)
        return show_notes(made, quiet=quiet)

    @classmethod
    @reads(**READERS)
    def from_paths(
        cls,
        path: str | Path,
        tfms: ModelTransforms,
        bs: int = 64,
        *,
        trn_name: str = "train",
        val_name: str = "valid",
        test_name: str | None = "test",
        valid_pct: float = 0.2,
        split_by: str = "class",
        seed: int = 42,
        cache_dir: str | Path | None = None,
        on_unreadable: str = "raise",
        fixes: str | Path | None = None,
        for_check: bool = False,
        quiet: bool = False,
    ) -> "ImageClassifierData":
        """Read class folders.

        Args:
            path: Holds train/<class>/, valid/<class>/ and perhaps test/, or <class>/ folders.
            tfms: From ``tfms_from_model``.
            bs: Rows per training batch.
            trn_name: Name of the training folder; where none is called so, Train or training.
            val_name: Name of the validation folder; likewise val, validation or dev. It may be
                "test".
            test_name: Name of the test folder; likewise testing. None for no test.
            valid_pct: Share of each class that validates where there is no validation folder.
            split_by: "class", or "name" or "content" for the hash of each, as in ``from_tar``.
            seed: What that draw depends on.
            cache_dir: Where hashes are remembered that ``split_by="content"`` goes by.
            on_unreadable: "raise", "drop" to leave images out that cannot be read, or "use" for
                what is left of damaged JPEGs.
            fixes: A CSV of rows to drop or relabel, from ``check().write_fixes``.
            for_check: What training refuses is left out, and told by ``check()``.
            quiet: Do not tell what was noticed, and left out, on the standard error.

        Returns:
            The data; no pixel has been read yet.

        Example:
            >>> data = ImageClassifierData.from_paths(folder, tfms, valid_pct=0.5, quiet=True)
            >>> data.classes
            ('cat', 'dog')
        """
        names = (trn_name, val_name, test_name)
        draw = Draw(valid_pct, seed, split_by, content_memory(cache_dir))
        table = read_folders(as_place(path), names=names, draw=draw, faults=Faults(for_check))
        return cls.of_table(
            table, tfms, bs, on_unreadable=on_unreadable, folder=as_place(path), fixes=fixes,
            quiet=quiet,
        )  # fmt: skip

    @classmethod
    @reads(**READERS)
    def from_csv(
        cls,
        path: str | Path,
        folder: str | None,
        csv_fname: str | Path,
        tfms: ModelTransforms,
        bs: int = 64,
        *,
        val_idxs: Any = None,
        suffix: str = "",
        test_name: str | None = None,
        header: bool = True,
        delimiter: str = ",",
        encoding: str | None = None,
        name_column: str | int | None = None,
        label_column: str | int | Sequence[str | int] | None = None,
        split_column: str | int | None = None,
        group: str | int | None = None,
        label_sep: str | None = None,
        valid_pct: float = 0.2,
        split_by: str = "class",
        seed: int = 42,
        cache_dir: str | Path | None = None,
        on_unreadable: str = "raise",
        fixes: str | Path | None = None,
        for_check: bool = False,
        quiet: bool = False,
    ) -> "ImageClassifierData":
        r"""Read a CSV of file names and labels.

        Args:
            path: What everything lies under.
            folder: Where the images lie, under ``path`` or anywhere else.
            csv_fname: The CSV, also if it lies under ``path``.
            tfms: From ``tfms_from_model``.
            bs: Rows per training batch.
            val_idxs: Rows that validate, as positions from 0 or a mask; else a column or a draw.
            suffix: What the names leave off, such as ".jpg".
            test_name: A folder of unlabelled test images, under ``path``.
            header: Whether the first line names the columns.
            delimiter: What stands between cells.
            encoding: Of the CSV; None is UTF-8, or what its byte order mark says.
            name_column: The column of file names, by header or position; None finds it.
            label_column: The column of labels, or the columns of 0 and 1 for a class each; None is
                the second one, or what is titled so.
            split_column: The column that says train, valid or test; or yes and no, if it is titled
                is_valid or the like.
            group: A column whose equal values share a split.
            label_sep: What stands between labels of an image that may have many; never guessed.
            valid_pct: Share that validates, if it is drawn.
            split_by: "class", or "name" or "content" for the hash of each, as in ``from_tar``.
            seed: What that draw depends on.
            cache_dir: Where hashes are remembered that ``split_by="content"`` goes by.
            on_unreadable: "raise", "drop" to leave images out that cannot be read, or "use" for
                what is left of damaged JPEGs.
            fixes: A CSV of rows to drop or relabel, from ``check().write_fixes``.
            for_check: What training refuses is left out, and told by ``check()``.
            quiet: Do not tell what was noticed, and left out, on the standard error.

        Returns:
            The data; no pixel has been read yet.

        Example:
            >>> lines = ["name,label", *(f"{number},{number // 2 % 2}" for number in (1, 3, 5, 7))]
            >>> num_letters = (folder / "labels.csv").write_text("\n".join(lines))
            >>> data = ImageClassifierData.from_csv(
            ...     folder, "train/dog", "labels.csv", tfms, suffix=".png", val_idxs=[0], quiet=True
            ... )
            >>> len(data.table.names)
            4
        """
        columns = Columns(
            name_column, label_column, split_column, group, label_sep, folder or "", suffix
        )
        draw = Draw(valid_pct, seed, split_by, content_memory(cache_dir))
        within = Path(path) / csv_fname
        csv_path = within if within.is_file() and not Path(csv_fname).is_file() else Path(csv_fname)
        table = read_csv(
            csv_path, Path(path), columns, Dialect(header, delimiter, encoding),
            val_idxs=val_idxs, draw=draw, faults=Faults(for_check),
        )  # fmt: skip
        table = with_test(table, test_name) if test_name else table
        return cls.of_table(table, tfms, bs, on_unreadable=on_unreadable, fixes=fixes, quiet=quiet)

    @classmethod
    @reads(**READERS)
    def from_df(
        cls,
        path: str | Path,
        folder: str | None,
        df: Any,
        tfms: ModelTransforms,
        bs: int = 64,
        *,
        val_idxs: Any = None,
        suffix: str = "",
        test_name: str | None = None,
        name_column: str | int | None = None,
        label_column: str | int | Sequence[str | int] | None = None,
        split_column: str | int | None = None,
        group: str | int | None = None,
        label_sep: str | None = None,
        valid_pct: float = 0.2,
        split_by: str = "class",
        seed: int = 42,
        cache_dir: str | Path | None = None,
        on_unreadable: str = "raise",
        fixes: str | Path | None = None,
        for_check: bool = False,
        quiet: bool = False,
    ) -> "ImageClassifierData":
        """Read a DataFrame of pandas or polars; arguments as in ``from_csv``.

        Args:
            path: What everything lies under.
            folder: Where the images lie, under ``path``.
            df: The frame.
            tfms: From ``tfms_from_model``.
            bs: Rows per training batch.
            val_idxs: Rows that validate, as positions from 0 or a mask.
            suffix: What the names leave off.
            test_name: A folder of unlabelled test images, under ``path``.
            name_column: The column of file names, by title or position; None finds it.
            label_column: The column of labels, in which a cell may be a list; or several columns.
            split_column: The column that says train, valid or test.
            group: A column whose equal values share a split.
            label_sep: What stands between labels of an image that may have many.
            valid_pct: Share that validates, if it is drawn.
            split_by: "class", or "name" or "content" for the hash of each, as in ``from_tar``.
            seed: What that draw depends on.
            cache_dir: Where hashes are remembered that ``split_by="content"`` goes by.
            on_unreadable: "raise", "drop" or "use".
            fixes: A CSV of rows to drop or relabel.
            for_check: What training refuses is left out, and told by ``check()``.
            quiet: Do not tell what was noticed, and left out.

        Returns:
            The data; no pixel has been read yet.

        Example:
            >>> import pandas as pd
            >>> frame = pd.DataFrame({"name": [1, 3, 5, 7], "label": [0, 1, 0, 1]})
            >>> data = ImageClassifierData.from_df(
            ...     folder, "train/dog", frame, tfms, suffix=".png", val_idxs=[0], quiet=True
            ... )
            >>> len(data.table.names)
            4
        """
        columns = Columns(
            name_column, label_column, split_column, group, label_sep, folder or "", suffix
        )
        draw = Draw(valid_pct, seed, split_by, content_memory(cache_dir))
        faults = Faults(for_check)
        table = read_frame(df, Path(path), columns, val_idxs=val_idxs, draw=draw, faults=faults)
        table = with_test(table, test_name) if test_name else table
        return cls.of_table(table, tfms, bs, on_unreadable=on_unreadable, fixes=fixes, quiet=quiet)

    @classmethod
    @reads(**READERS)
    def from_names(
        cls,
        path: str | Path,
        label_of: str | Callable[[Path], Any],
        tfms: ModelTransforms,
        bs: int = 64,
        *,
        group_of: str | Callable[[Path], str] | None = None,
        valid_pct: float = 0.2,
        split_by: str = "class",
        seed: int = 42,
        cache_dir: str | Path | None = None,
        on_unreadable: str = "raise",
        quiet: bool = False,
    ) -> "ImageClassifierData":
        """Read every image below a folder, its label from its path.

        Args:
            path: The folder.
            label_of: A pattern with one group, or a function of the path.
            tfms: From ``tfms_from_model``.
            bs: Rows per training batch.
            group_of: Likewise, what stays in one split.
            valid_pct: Share that validates.
            split_by: "class", or "name" or "content" for the hash of each, as in ``from_tar``.
            seed: What the draw depends on.
            cache_dir: Where hashes are remembered that ``split_by="content"`` goes by.
            on_unreadable: "raise", "drop" or "use".
            quiet: Do not tell what was noticed, and left out.

        Returns:
            The data; no pixel has been read yet.

        Example:
            >>> data = ImageClassifierData.from_names(
            ...     folder / "train", lambda path: path.parent.name, tfms, valid_pct=0.5, quiet=True
            ... )
            >>> data.classes
            ('cat', 'dog')
        """
        draw = Draw(valid_pct, seed, split_by, content_memory(cache_dir))
        table = read_labelled(as_place(path), label_of, group_of=group_of, draw=draw)
        return cls.of_table(
            table, tfms, bs, on_unreadable=on_unreadable, folder=as_place(path), quiet=quiet
        )

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

        Example:
            >>> figure = data.show_batch(folder / "batch.png", num_rows=2)
            >>> (folder / "batch.png").exists()
            True
        """
        check_outside_data(self, path=path)
        pictures, num_columns = shown(
            self.source, self.on_unreadable, num_rows=num_rows, num_views=num_views, seed=seed
        )
        from warmstart.plots.pictures import plot_batch  # matplotlib loads here

        return plot_batch(pictures, num_columns, self.views_in_words(), path)

    def views_in_words(self) -> str:
        """How views differ, and the share of an image's pixels that the plain one leaves out.

        Example:
            >>> data.views_in_words().split(",")[0]
            '32 × 32 pixels'
        """
        return f"{self.tfms.in_words()}; {discarded(self.source)}"

    def _sheet(self) -> Sheet:
        return data_sheet(self.table, self.tfms, self.bs, self.on_unreadable)

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

        Example:
            >>> tfms = tfms_from_model("tf_efficientnet_lite0", 32)
            >>> data = ImageClassifierData.from_paths(folder, tfms, valid_pct=0.5, quiet=True)
            >>> found = data.check(cache_dir=folder.parent / "store", quiet=True)
            >>> found.num_rows
            {'train': 4, 'valid': 4, 'test': 0}
        """
        store = cache_folder(cache_dir)
        check_outside_data(self, cache_dir=store)
        with waiting("loading the backbone", quiet=quiet):  # and torch
            from warmstart.activations.table_activations import TableActivations
            from warmstart.checkup.check import parts_of, pooled_part, run_checkup

            frozen = pooled_part(
                arch or self.tfms.card.name,
                self.tfms.card,
                self.tfms.recipe,
                weights=None if weights is None else Path(weights),
                device=device,
                precision=precision,
            )
        progress = no_progress if quiet else show_progress
        activations = TableActivations(frozen, store, no_progress)
        with waiting("looking at the pictures", quiet=quiet):
            return run_checkup(self.source, activations, parts_of(frozen), progress)

    def without(self, exclusions: tuple[Exclusion, ...]) -> "ImageClassifierData":
        """The same data with some rows left out and named.

        Example:
            >>> from warmstart.data.table import Exclusion
            >>> left = data.without((Exclusion(data.table.names[0], "blurred"),))
            >>> len(data.table.names) - len(left.table.names)
            1
        """
        return replace(self, table=self.table.without(exclusions))

    def using(self, damaged: tuple[Exclusion, ...]) -> "ImageClassifierData":
        """The same data, some of whose pictures are used though they are damaged, and named.

        Example:
            >>> data.using(()).table.damaged
            ()
        """
        return replace(self, table=self.table.using(damaged))

    def rendering_ahead(self) -> "ImageClassifierData":
        """The same data, its first training and validation rows being rendered from now on.

        Example:
            >>> ahead = data.rendering_ahead()
            >>> ahead.classes == data.classes
            True
        """
        source, table = self.source, self.table
        row_bytes = 3 * self.tfms.recipe.size**2
        rows = (int(row) for split in ("train", "valid") for row in table.rows(split))
        row_of = {table.names[row]: row for row in islice(rows, MOST_BYTES // row_bytes)}
        ahead = RenderAhead(
            lambda name: source.rendering(row_of[name]), row_of, row_bytes=row_bytes
        )
        return replace(self, ahead=ahead)


def show_notes(data: ImageClassifierData, *, quiet: bool) -> ImageClassifierData:
    """The data, what its reader noticed and left out being said: nothing is silent (law 12)."""
    if not quiet:
        for line in data.table.left_out_lines():
            print_styled((line, ""), is_error=True)
        for note in data.table.notes:
            print_styled(("note:", DOUBTFUL), (f" {note}", ""), is_error=True)
    return data
