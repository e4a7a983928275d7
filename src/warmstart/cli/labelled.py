"""Pictures with labels, to judge a model on: class folders, or a CSV file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.cli.settings import TableSettings
from warmstart.cli.table_file import column, delimiter_of, is_table
from warmstart.data.cells import Read, read_rows
from warmstart.data.columns import Columns
from warmstart.data.csv_table import Dialect, read_lines
from warmstart.data.faults import Faults
from warmstart.data.layout import visible_folders
from warmstart.data.listing import refuse_no_pictures
from warmstart.data.records import encode
from warmstart.data.scan import is_dir, scan
from warmstart.data.split_words import part_of
from warmstart.data.table import Exclusion
from warmstart.errors import DataError, SettingError

ONLY_ONE = "note: each picture is taken to have the label of its folder, and no other"
NOT_NEW = "note: those that the model was trained on make the scores too good"


@dataclass(frozen=True, eq=False)
class Labelled:
    """``paths`` (N,) and ``labels`` (N,), or (N, K) of 0 and 1; ``where`` is a line about them.

    ``left_out`` names what lies beside them and is in no row.
    """

    paths: list[Path]
    labels: NDArray[np.int64]
    where: str
    notes: tuple[str, ...] = ()
    left_out: tuple[Exclusion, ...] = ()


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
    here = source / part_folder(source, split, classes)
    expected = "folders of these names: " + ", ".join(classes) + "."
    if not here.is_dir():
        raise DataError(f"{here} is no folder.", expected=expected, fix=f"give {here.parent}.")
    folders = visible_folders(here)
    strangers = [name for name in folders if name not in classes]
    if strangers or not folders:
        raise DataError(
            f"{here} has {len(strangers)} class(es) that the model does not know: "
            f"{', '.join(strangers)}."
            if strangers
            else f"{here} has no class folders.",
            expected=expected,
            fix="give the folder that holds one folder per class, and rename the others.",
        )
    found = scan(here)
    names = [name for name in found.images if "/" in name]
    loose = [Exclusion(name, "not in a class folder") for name in found.images if "/" not in name]
    if not names:
        refuse_no_pictures(here, [*found.exclusions, *loose])
    labels = np.array([classes.index(name.partition("/")[0]) for name in names], np.int64)
    num_classes = len(set(labels.tolist()))
    notes = (NOT_NEW,) if here == source else ()
    if has_many:
        labels = np.eye(len(classes), dtype=np.int64)[labels]
        notes = (ONLY_ONE, *notes)
    where = f"{len(names)} pictures of {num_classes} classes in {here}"
    left_out = (*found.exclusions, *loose)
    return Labelled([here / name for name in names], labels, where, notes, left_out)


def part_folder(source: Path, split: str, classes: tuple[str, ...]) -> str:
    """The folder of a part, by its own name or another usual one; "" where there are no parts."""
    if is_dir(source / split) or not is_dir(source):
        return split if is_dir(source / split) else ""
    folders = visible_folders(source)
    others = [name for name in folders if part_of(name) == part_of(split) and name not in classes]
    return others[0] if len(others) == 1 and part_of(split) else ""


def from_table(
    source: Path, split: str, settings: TableSettings, classes: tuple[str, ...], *, has_many: bool
) -> Labelled:
    """Pictures that a CSV lists: all of them, or those of one part if a column says.

    One row is enough: what training asks of its rows does not apply.

    Raises:
        DataError: the table has classes that the model does not know, or no such part.
    """
    read = read_table(source, settings)
    if has_many != read.is_many:
        refuse_other_labels(has_many=has_many)
    chosen = sorted(
        (one for one in read.records if settings.split_column is None or one.split == split),
        key=lambda one: one.name,
    )
    strangers = sorted({name for one in chosen for name in one.labels or ()} - set(classes))
    if strangers or not chosen:
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
    labels = encode(chosen, classes, is_multi_label=has_many)
    notes = [f"note: {note}" for note in read.noticed.notes]
    notes += [] if settings.split_column is not None else [NOT_NEW]
    num_other = len(read.records) - len(chosen)
    notes += [f"note: {num_other} row(s) of other parts are not judged"] if num_other else []
    return Labelled(
        [read.root / one.name for one in chosen],
        labels,
        f"{len(chosen)} pictures that {source} lists",
        tuple(notes),
        tuple(read.noticed.exclusions),
    )


def refuse_other_labels(*, has_many: bool) -> None:
    """A table with one label per picture for a model of many, or the other way round.

    Raises:
        SettingError: always.
    """
    raise SettingError(
        "the model gives a picture any number of labels, and nothing says what parts them."
        if has_many
        else "the model gives each picture one label, and the table has any number of them.",
        expected="a table with as many labels as the model gives.",
        fix="say what stands between labels: --label-sep ' '"
        if has_many
        else "name a column of one class each: --label-column label",
        flags=("--label-sep", " ") if has_many else (),
    )


def read_table(source: Path, settings: TableSettings) -> Read:
    """What a table says of each picture."""
    columns = Columns(
        name=column(settings.name_column),
        label=column(settings.label_column),
        split=column(settings.split_column),
        label_sep=settings.label_sep,
        folder=settings.folder,
        suffix=settings.suffix,
    )
    delimiter = delimiter_of(source, settings.delimiter)
    dialect = Dialect(settings.header, delimiter, settings.encoding)
    grid = read_lines(source, dialect, Faults())
    return read_rows(grid, source.parent, columns, needs_labels=False)
