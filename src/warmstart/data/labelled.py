"""Pictures with labels, to judge a model on: class folders, or a CSV file.

To judge one row is enough: what training asks of its rows does not apply (law 21).
"""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.data.cells import Read, read_table_rows
from warmstart.data.columns import Columns, Grid
from warmstart.data.csv_table import Dialect, is_table, read_lines
from warmstart.data.evaluation_split import ORDER, chosen_folder, rows_of_part, split_column
from warmstart.data.faults import Faults
from warmstart.data.layout import visible_folders
from warmstart.data.listing import check_any_images
from warmstart.data.records import Record, class_key, encode_labels
from warmstart.data.scan import is_dir, scan
from warmstart.data.shard_table import class_folders_in, shard_rows
from warmstart.data.shards import Shards, shards_of
from warmstart.data.split import part_of
from warmstart.data.table import Exclusion
from warmstart.errors import DataError, SettingError, first_few

NO_LABEL = "has no label"
CLOSE = 0.65  # of names: typing errors, and no "lion" for "dandelion"
ONLY_ONE = "each picture is taken to have the one label that is given, and no other"


@dataclass(frozen=True, eq=False)
class Labelled:
    """``paths`` (N,) and ``labels`` (N,), or (N, K) of 0 and 1.

    ``notes`` say which pictures they are; ``left_out`` names what lies beside them, and those
    without a label.
    """

    paths: tuple[Path, ...]
    labels: NDArray[np.int64]
    notes: tuple[str, ...]
    left_out: tuple[Exclusion, ...]


@dataclass(frozen=True)
class Wanted:
    """What is to be judged: ``classes`` that the model knows, any number or one per picture.

    ``split`` says which part of the data; None where nobody said.
    """

    classes: tuple[str, ...]
    is_multi_label: bool
    split: str | None = None

    def known(self, labels: Iterable[str]) -> dict[str, str]:
        """Labels by their own spelling → classes, told apart as the readers of data do."""
        spelled = {class_key(name): name for name in self.classes}
        own = set(self.classes)
        return {
            name: name if name in own else spelled[class_key(name)]
            for name in labels
            if name in own or class_key(name) in spelled
        }


def labelled_images(source: Path, wanted: Wanted, columns: Columns, dialect: Dialect) -> Labelled:
    """Read which pictures there are, and what each is.

    Args:
        source: A folder of class folders, or of such folders for each part; a CSV or TSV file; or
            tar or Parquet shards.
        wanted: What the model knows.
        columns: Of a table: which column says what.
        dialect: Of a table: how it is written.

    Returns:
        The labelled ones; an error names classes that the model does not know.
    """
    if is_table(source):
        return read_labelled_table(source, wanted, columns, dialect)
    shards = shards_of(source)
    tree = None if shards is None else class_folders_in(shards)
    if shards is not None and tree is None:
        return read_labelled_shards(shards, source, wanted, columns)
    return read_labelled_folders(source if tree is None else tree, wanted)


def read_labelled_folders(source: Path, wanted: Wanted) -> Labelled:
    """Pictures in a folder per class; class folders without a picture are noted.

    Raises:
        DataError: there is no class folder.
    """
    if not is_dir(source):
        raise DataError(
            f"{source} is no folder and no CSV file.",
            expected="a folder with one folder per class, or a CSV file.",
            fix=f"give the folder that holds the class folders, such as {source.parent.parent}.",
        )
    part, notes = chosen_folder(source, wanted.classes, wanted.split)
    here = source / part
    found = scan(here)
    names = [name for name in found.images if "/" in name]
    loose = [Exclusion(name, "not in a class folder") for name in found.images if "/" not in name]
    if not names and loose:
        is_class = here.absolute().name in wanted.classes
        raise DataError(
            f"{here} holds {len(loose)} image(s), and no class folder says what they are.",
            expected=f"folders of these names: {first_few(wanted.classes)}.",
            fix=f"give the folder above: {here.absolute().parent}"
            if is_class
            else f"move the images into {here}/CLASS/, one folder per class.",
            flags=("=", str(source), str(here.absolute().parent)) if is_class else (),
        )
    if not names:
        check_any_images(here, found.exclusions)
    records = [Record(name, (name.partition("/")[0],)) for name in names]
    full = {label for record in records for label in record.labels or ()}
    empty = [name for name in visible_folders(here) if name not in full]
    if empty:
        notes.append(f"{len(empty)} class folder(s) have no picture: {first_few(empty)}")
    if wanted.is_multi_label:
        notes.append(ONLY_ONE)
    records = match_classes(records, wanted, str(here))
    where = f"{len(records)} pictures of {len(full)} classes in {here}"
    return Labelled(
        tuple(here / record.name for record in records),
        encode_labels(records, wanted.classes, is_multi_label=wanted.is_multi_label),
        (where, *(f"note: {note}" for note in notes)),
        (*found.exclusions, *loose),
    )


def read_labelled_table(
    source: Path, wanted: Wanted, columns: Columns, dialect: Dialect
) -> Labelled:
    """Pictures that a table lists: all of them, or those of one part where a column says.

    Rows of other parts are not looked at: they may name files that are not here.

    Raises:
        DataError: no row has a label.
    """
    grid = read_lines(source, dialect, Faults())
    place, notes = split_column(grid, columns.split, wanted.split)
    rows, others = list(range(len(grid.where))), list[int]()
    if place is not None:
        rows, more = rows_of_part(grid, place, wanted.split)
        others = sorted(set(range(len(grid.where))) - set(rows))
        notes += more
        notes += [f"{len(others)} row(s) of other parts are not judged"] if others else []
    chosen = sub_grid(grid, rows, place)
    columns = replace(columns, split=place)
    if columns.label is None and columns.label_sep is None:
        label, more = column_of_classes(chosen, wanted, place)
        columns, notes = replace(columns, label=label), notes + more
    read = read_table_rows(
        chosen, source.parent, columns, needs_labels=False, beside=sub_grid(grid, others, place)
    )
    if all(record.labels is None for record in read.records):
        raise DataError(
            f"none of the {len(read.records)} row(s) of {source} that are to be judged has a "
            "label.",
            expected="a class in one row or more.",
            fix="write it beside the name, or name the column that has it: --label-column label",
        )
    return labelled_records(read, f"that {source} lists", source, wanted, columns.label_sep, notes)


def read_labelled_shards(
    shards: Shards, source: Path, wanted: Wanted, columns: Columns
) -> Labelled:
    """Pictures of tar or Parquet shards: of one part, where a field or their names say parts.

    Raises:
        DataError: there is no row of that part, or none has a label.
    """
    read = shard_rows(shards, columns)
    there = {record.split for record in read.records}
    part = part_of(wanted.split) if wanted.split is not None else None
    notes = []
    if wanted.split is None and there != {"train"}:
        part = next(split for split in ORDER if split in there)
        notes.append(f"the part {part} is judged (see --split)")
    # an empty label may mean none of the classes in a table, and is a missing one here
    records = [
        replace(one, labels=one.labels or None)
        for one in read.records
        if part is None or one.split == part
    ]
    if all(record.labels is None for record in records):
        raise DataError(
            f"none of the {len(read.records)} pictures of {source} that are to be judged has a "
            "label.",
            expected=f"labelled pictures of a part: {first_few(sorted(there))}.",
            fix="name another part: --split " + min(there, default="valid"),
        )
    chosen = replace(read, records=records)
    return labelled_records(chosen, f"in {source}", source, wanted, columns.label_sep, notes)


def labelled_records(
    read: Read,
    where: str,
    source: Path,
    wanted: Wanted,
    label_sep: str | None,
    notes: Sequence[str],
) -> Labelled:
    """What every reader of rows ends with: those that have a label, in order of their names.

    Args:
        read: The rows that are to be judged; labels are None where there is none.
        where: They are, for people.
        source: Where they come from, for errors.
        wanted: What the model knows.
        label_sep: What stands between labels, where somebody said.
        notes: What is to be told besides.
    """
    records = sorted(read.records, key=lambda record: record.name)
    bare = [Exclusion(record.name, NO_LABEL) for record in records if record.labels is None]
    labelled = [record for record in records if record.labels is not None]
    more = []
    if wanted.is_multi_label != read.is_many:
        more = label_count_notes(labelled, wanted, label_sep)
    labelled = match_classes(labelled, wanted, str(source))
    told = [*read.noticed.notes, *notes, *more]
    return Labelled(
        tuple(read.root / record.name for record in labelled),
        encode_labels(labelled, wanted.classes, is_multi_label=wanted.is_multi_label),
        (f"{len(labelled)} pictures {where}", *(f"note: {note}" for note in told)),
        (*read.noticed.exclusions, *bare),
    )


def sub_grid(grid: Grid, rows: Sequence[int], split: int | None) -> Grid:
    """Some rows of a table, whose column of parts says one word that every reader knows.

    Training knows three parts; a model may be judged on one of any name.
    """
    columns = [
        ["valid"] * len(rows) if place == split else [column[row] for row in rows]
        for place, column in enumerate(grid.columns)
    ]
    return Grid(grid.source, tuple(grid.where[row] for row in rows), columns, grid.titles)


def column_of_classes(
    grid: Grid, wanted: Wanted, split: int | None
) -> tuple[int | None, list[str]]:
    """The only column that holds nothing but the model's classes, with a note where it is unusual.

    Returns:
        None where there is none or several: then the table itself has to tell.
    """
    found = []
    for place in range(len(grid.columns)):
        cells = {cell for cell in grid.texts(place) if cell.strip()}
        if place != split and cells and len(wanted.known(cells)) == len(cells):
            found.append(place)
    if len(found) != 1:
        return None, []
    note = f"labels are read from the column {grid.title(found[0])}: it holds the model's classes"
    return found[0], [note] if found[0] != 1 else []


def match_classes(records: Sequence[Record], wanted: Wanted, source: str) -> list[Record]:
    """The same with the model's own spelling of its classes.

    Raises:
        DataError: a label is none of them.
    """
    said = dict.fromkeys(name for record in records for name in record.labels or ())
    known = wanted.known(said)
    strange = sorted(set(said) - set(known))
    if strange:
        close = difflib.get_close_matches(strange[0], wanted.classes, 1, CLOSE)
        raise DataError(
            f"{source} has {len(strange)} class(es) that the model does not know: "
            f"{first_few(strange)}.",
            expected=f"the model's {len(wanted.classes)} classes: {first_few(wanted.classes)}.",
            fix=f"rename {strange[0]} to {close[0]}, if that is meant."
            if close
            else "leave them out, or say where the labels are: one folder per class, or "
            "--label-column of a table.",
        )
    return [
        replace(one, labels=tuple(dict.fromkeys(known[name] for name in one.labels or ())))
        for one in records
    ]


def label_count_notes(
    records: Sequence[Record], wanted: Wanted, label_sep: str | None
) -> list[str]:
    """Notes of a table with one label per picture for a model of many, or the other way round.

    Raises:
        SettingError: one is not to be read as the other.
    """
    said = {name for record in records for name in record.labels or ()}
    if wanted.is_multi_label and len(wanted.known(said)) == len(said):
        return [ONLY_ONE]
    has_one = all(len(record.labels or ()) == 1 for record in records)
    if not wanted.is_multi_label and has_one and label_sep is None:
        return []
    raise SettingError(
        "the model gives a picture any number of labels, and nothing says what parts them."
        if wanted.is_multi_label
        else "the model gives each picture one label, and the table has any number of them.",
        expected="a table with as many labels as the model gives.",
        fix="say what stands between labels: --label-sep ' '"
        if wanted.is_multi_label
        else "name a column of one class each: --label-column label",
        flags=("--label-sep", " ") if wanted.is_multi_label else (),
    )
