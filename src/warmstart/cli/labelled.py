"""Pictures with labels, to judge a model on: class folders, or a CSV file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.cli.settings import TableSettings
from warmstart.cli.table_file import column, delimiter_of, is_table
from warmstart.data.cells import Columns
from warmstart.data.csv_table import read_csv
from warmstart.data.layout import visible_folders
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError
from warmstart.inference.pictures import files_at

ONLY_ONE = "note: each picture is taken to have the label of its folder, and no other"
NOT_NEW = "note: those that the model was trained on make the scores too good"


@dataclass(frozen=True, eq=False)
class Labelled:
    """``paths`` (N,) and ``labels`` (N,), or (N, K) of 0 and 1; ``where`` is a line about them."""

    paths: list[Path]
    labels: NDArray[np.int64]
    where: str
    notes: tuple[str, ...] = ()


def labelled_pictures(
    source: Path, split: str, settings: TableSettings, classes: tuple[str, ...], *, has_many: bool
) -> Labelled:
    """Read which pictures there are, and what each is.

    Args:
        source: A folder of class folders, or of such folders for each part; or a CSV or TSV file.
        split: Which part, where there are parts.
        settings: How the table is to be read.
        classes: Those that the model knows.
        has_many: Whether the model gives a picture any number of labels.
    """
    if is_table(source):
        return from_table(source, split, settings, classes, has_many=has_many)
    return from_folders(source, split, classes, has_many=has_many)


def from_folders(source: Path, split: str, classes: tuple[str, ...], *, has_many: bool) -> Labelled:
    """Pictures in a folder per class.

    Raises:
        DataError: there is no class folder, or one that the model does not know.
    """
    here = source / split if (source / split).is_dir() else source
    expected = "folders of these names: " + ", ".join(classes) + "."
    if not here.is_dir():
        raise DataError(f"{here} is no folder.", expected=expected, fix=f"give {here.parent}.")
    found = visible_folders(here)
    strangers = [name for name in found if name not in classes]
    if strangers or not found:
        raise DataError(
            f"{here} has {len(strangers)} class(es) that the model does not know: "
            f"{', '.join(strangers)}."
            if strangers
            else f"{here} has no class folders.",
            expected=expected,
            fix="give the folder that holds one folder per class, and rename the others.",
        )
    paths: list[Path] = []
    numbers: list[int] = []
    for name in found:
        files = files_at(here / name)
        paths += files
        numbers += [classes.index(name)] * len(files)
    labels = np.array(numbers, np.int64)
    notes = (NOT_NEW,) if here == source else ()
    if has_many:
        labels = np.eye(len(classes), dtype=np.int64)[labels]
        notes = (
            "note: each picture is taken to have the label of its folder, and no other",
            *notes,
        )
    return Labelled(
        paths, labels, f"{len(paths)} pictures of {len(found)} classes in {here}", notes
    )


def from_table(
    source: Path, split: str, settings: TableSettings, classes: tuple[str, ...], *, has_many: bool
) -> Labelled:
    """Pictures that a CSV lists: all of them, or those of one part if a column says.

    Raises:
        DataError: the table has classes that the model does not know, or no such part.
        SettingError: one has one label per picture and the other many.
    """
    if has_many != (settings.label_sep is not None):
        raise SettingError(
            "the model gives a picture any number of labels, and nothing says what parts them."
            if has_many
            else "the model gives each picture one label, and --label-sep parts several.",
            expected="a table with as many labels as the model gives.",
            fix="say what stands between labels: --label-sep ' '" if has_many else "leave it away.",
            flags=("--label-sep", " ") if has_many else (),
        )
    label = 1 if settings.label_column is None else column(settings.label_column)
    table = read_table(source, settings, label, settings.label_sep)
    strangers = [name for name in table.classes if name not in classes]
    chosen = np.arange(len(table))
    if settings.split_column is not None:
        parts = read_table(source, settings, column(settings.split_column), None)
        stated = dict(zip(parts.names, parts.labels, strict=True))
        number = parts.classes.index(split) if split in parts.classes else len(parts.classes)
        chosen = np.array([i for i, name in enumerate(table.names) if stated[name] == number], int)
    if strangers or len(chosen) == 0:
        raise DataError(
            f"{source} has {len(strangers)} class(es) that the model does not know: "
            f"{', '.join(strangers)}."
            if strangers
            else f"{source} has no {split} rows.",
            expected="these classes: " + ", ".join(classes) + ".",
            fix="correct the table, or give --label-column."
            if strangers
            else f"name a part that the column {settings.split_column} has: --split test",
        )
    places = [classes.index(name) for name in table.classes]
    labels = table.labels[chosen]
    if has_many:
        wide = np.zeros((len(labels), len(classes)), np.int64)
        wide[:, places] = labels
    else:
        wide = np.array([*places, -1], np.int64)[labels]  # -1 stays: the last is for no label
    where = f"{len(chosen)} pictures that {source} lists"
    return Labelled(
        [table.path(int(row)) for row in chosen],
        wide,
        where,
        (NOT_NEW,) if settings.split_column is None else (),
    )


def read_table(
    source: Path, settings: TableSettings, label: str | int, label_sep: str | None
) -> ImageTable:
    """What one column of a table says of each picture; nothing is drawn that counts here."""
    columns = Columns(
        label=label, label_sep=label_sep, folder=settings.folder, suffix=settings.suffix
    )
    delimiter = delimiter_of(source, settings.delimiter)
    return read_csv(source, source.parent, columns, header=settings.header, delimiter=delimiter)
