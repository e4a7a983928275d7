"""A CSV or TSV file that names images, as the settings say to read it."""

from pathlib import Path

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.cli.settings import DataSettings
from warmstart.data.columns import typed_column
from warmstart.errors import SettingError

SUFFIXES = (".csv", ".tsv")


def is_table(source: Path) -> bool:
    """Whether a source is a table and no folder."""
    return source.suffix.lower() in SUFFIXES and not source.is_dir()


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


def delimiter_of(source: Path, given: str) -> str:
    r"""One character; a tab may be typed as \t, and is usual in a .tsv.

    Raises:
        SettingError: it is none or several.
    """
    delimiter = "\t" if given == "\\t" else given
    if delimiter == "," and source.suffix.lower() == ".tsv":
        return "\t"
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise SettingError(
            f"the delimiter {given!r} is not one character that can part cells.",
            expected="one character, such as a comma or a semicolon.",
            fix="pass delimiter=','.",
            flags=("--delimiter", ","),
        )
    return delimiter


def column(typed: str | None) -> str | int | None:
    """A column by its header, or by its position from 0; None where nothing was typed."""
    return None if typed is None else typed_column(typed)
