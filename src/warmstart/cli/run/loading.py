"""The data and the learner that settings name."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import ModelTransforms, tfms_from_model
from warmstart.cli.run.importing import uncollected
from warmstart.cli.run.settings import BackboneSettings, DataSettings, LearnSettings
from warmstart.data.columns import typed_column
from warmstart.data.content import ContentHashes
from warmstart.data.csv_table import delimiter_of, is_table
from warmstart.data.output_paths import cache_folder
from warmstart.data.shards import Shards, shards_of
from warmstart.data.table import ImageTable
from warmstart.files.places import TAR
from warmstart.files.remote_reading import as_place
from warmstart.terminal.waiting import waiting

if TYPE_CHECKING:
    from warmstart.learner.conv_learner import ConvLearner


def load_data(
    settings: DataSettings,
    *,
    for_check: bool = False,
    quiet: bool = False,
    resizer: str | None = None,
) -> ImageClassifierData:
    """The data that the settings name.

    Args:
        settings: The settings.
        for_check: What cannot be trained with is let through.
        quiet: Where the caller tells what was noticed.
        resizer: Who resized when the run began; None is the best that there is.
    """
    tfms = tfms_from_model(
        settings.arch.partition(",")[0].strip(),  # of several that race, the first
        settings.size,
        aug_tfms=settings.augmentation,
        max_zoom=settings.max_zoom,
        crop_type=settings.crop_type,
    )
    if resizer is not None:
        tfms = replace(tfms, recipe=replace(tfms.recipe, resizer=resizer))
    source = as_place(settings.source)
    asked = asked_of_readers(settings, for_check=for_check, quiet=quiet)
    if is_table(source):
        return table_data(source, settings, tfms, asked)
    shards = shards_of(settings.source)
    if shards is not None:
        return shard_data(shards, settings, tfms, asked)
    return ImageClassifierData.from_paths(
        source,
        tfms,
        settings.bs,
        trn_name=settings.trn_name,
        val_name=settings.val_name,
        test_name=settings.test_name,
        **asked,
    )


def asked_of_readers(settings: DataSettings, *, for_check: bool, quiet: bool) -> dict[str, Any]:
    """Arguments that all readers take; what ``for_check`` and ``quiet`` mean ``load_data`` says."""
    return {
        "valid_pct": settings.valid_pct,
        "split_by": settings.split_by,
        "seed": settings.split_seed,
        "cache_dir": settings.cache_dir if isinstance(settings, BackboneSettings) else None,
        "on_unreadable": settings.on_unreadable,
        "fixes": settings.fixes,
        "for_check": for_check,
        "quiet": quiet,
    }


def build_learner(settings: LearnSettings, data: ImageClassifierData) -> "ConvLearner":
    """The learner that the settings name; decoding begins while torch is still loading."""
    hashes = ContentHashes(cache_folder(settings.cache_dir) / "content.sqlite")
    if settings.kept_views is True and not hashes.knows_most(some_paths(data.table)):
        data = data.rendering_ahead()
    with waiting(f"loading {settings.arch}"):
        with uncollected():  # torch loads here: seconds
            from warmstart.learner.conv_learner import ConvLearner

        return ConvLearner.pretrained(
            settings.arch,
            data,
            settings.kept_views,
            weights=settings.weights,
            pretrained=settings.pretrained,
            seed=settings.seed,
            device=settings.device,
            precision=settings.precision,
            cache_dir=settings.cache_dir,
        )


def some_paths(table: ImageTable, number: int = 50) -> list[Path]:
    """A few of the files of a table, which may have millions."""
    rows = range(0, len(table), max(1, len(table) // number))
    return [table.path(row) for row in rows if table.names[row] not in table.memory]


def table_data(
    source: Path, settings: DataSettings, tfms: ModelTransforms, asked: dict[str, Any]
) -> ImageClassifierData:
    """Read the table; its images lie under its own folder, unless the settings say where else."""
    return ImageClassifierData.from_csv(
        source.parent,
        settings.folder,
        source,
        tfms,
        settings.bs,
        suffix=settings.suffix,
        header=settings.header,
        delimiter=delimiter_of(source, settings.delimiter),
        encoding=settings.encoding,
        name_column=resolve_column(settings.name_column),
        label_column=resolve_column(settings.label_column),
        split_column=resolve_column(settings.split_column),
        group=resolve_column(settings.group),
        label_sep=settings.label_sep,
        **asked,
    )


def shard_data(
    shards: Shards, settings: DataSettings, tfms: ModelTransforms, asked: dict[str, Any]
) -> ImageClassifierData:
    """Read tar or Parquet shards."""
    if shards.kind == TAR:
        return ImageClassifierData.from_tar(
            settings.source,
            tfms,
            settings.bs,
            label_column=settings.label_column,
            split_column=settings.split_column,
            group=settings.group,
            label_sep=settings.label_sep,
            **asked,
        )
    return ImageClassifierData.from_parquet(
        settings.source,
        tfms,
        settings.bs,
        image_column=settings.image_column,
        label_column=resolve_column(settings.label_column),
        split_column=resolve_column(settings.split_column),
        group=resolve_column(settings.group),
        label_sep=settings.label_sep,
        **asked,
    )


def resolve_column(typed: str | None) -> str | int | None:
    """A column by its header, or by its position from 0; None where nothing was typed."""
    return None if typed is None else typed_column(typed)
