"""A CSV or TSV file that names images, as the settings say to read it."""

from pathlib import Path

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.cli.settings import DataSettings
from warmstart.data.columns import typed_column
from warmstart.data.csv_table import delimiter_of


def table_data(
    source: Path,
    settings: DataSettings,
    tfms: ModelTransforms,
    *,
    for_check: bool = False,
    quiet: bool = False,
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
        name_column=column(settings.name_column),
        label_column=column(settings.label_column),
        split_column=column(settings.split_column),
        group=column(settings.group),
        label_sep=settings.label_sep,
        valid_pct=settings.valid_pct,
        seed=settings.split_seed,
        on_unreadable=settings.on_unreadable,
        fixes=settings.fixes,
        for_check=for_check,
        quiet=quiet,
    )


def column(typed: str | None) -> str | int | None:
    """A column by its header, or by its position from 0; None where nothing was typed."""
    return None if typed is None else typed_column(typed)
