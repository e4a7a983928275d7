"""Parquet files with the bytes of pictures, as Hugging Face writes them → an ImageTable."""

from collections.abc import Sequence

import numpy as np

from warmstart.data.cell_names import CellNames
from warmstart.data.cells import Read, read_table_rows
from warmstart.data.coded_rows import CodedRows, assemble_coded
from warmstart.data.columns import Columns, Grid
from warmstart.data.faults import Faults
from warmstart.data.label_forms import read_labels
from warmstart.data.parquet_columns import (
    CellColumns,
    coded,
    find_columns,
    has_lists,
    names_of_values,
    open_all,
    split_words,
)
from warmstart.data.records import Noticed, Record, assemble
from warmstart.data.shards import Shards
from warmstart.data.split import DEFAULT_DRAW, Draw
from warmstart.data.table import SPLITS, ImageTable
from warmstart.data.tar_rows import split_notes
from warmstart.errors import DataError
from warmstart.files.parquet_rows import ParquetFile


def parquet_table(
    shards: Shards,
    columns: Columns,
    *,
    draw: Draw = DEFAULT_DRAW,
    faults: Faults | None = None,
) -> ImageTable:
    """Read which rows there are; no picture is read, and no row is an object of its own.

    Args:
        shards: The files, which have the same columns.
        columns: Which column says what.
        draw: How validation rows are drawn, if neither a column nor a file's name says.
        faults: Where a checkup wants what is wrong; None raises it.

    Returns:
        One row per row, in the order of the files.
    """
    faults = faults or Faults()
    opened = open_all(shards)
    found = None if not opened[0].images else find_columns(opened[0], columns)
    if found is None or found.group is not None or has_lists(opened, found.label):
        read = records_of(shards, opened, found, columns, faults)
        return assemble(
            read.root, read.records, draw, is_multi_label=read.is_many, noticed=read.noticed
        )
    rows = rows_of_columns(shards, opened, found)
    return assemble_coded(shards.root, rows, draw, faults, shards.exclusions)


def parquet_rows(shards: Shards, columns: Columns) -> Read:
    """A record per row; whether they are enough to train on is not asked."""
    opened = open_all(shards)
    found = None if not opened[0].images else find_columns(opened[0], columns)
    return records_of(shards, opened, found, columns, None)


def rows_of_columns(shards: Shards, opened: Sequence[ParquetFile], found: CellColumns) -> CodedRows:
    """The labels and splits of all rows, as numbers."""
    order = sorted(
        range(len(opened)), key=lambda place: f"{shards.name(shards.files[place])}/{found.image}/"
    )
    said, notes = shards.splits(), [] if found.split else split_notes(shards)
    position: dict[str, int] = {}
    labels, splits = [], []
    for place in order:
        codes, values = coded(opened[place], found.label)
        named = opened[place].class_names(found.label)
        texts, more = names_of_values(values, named, f"{opened[place].place}, {found.label}")
        notes += [note for note in more if note not in notes]
        table = [-1 if text is None else position.setdefault(text, len(position)) for text in texts]
        labels.append(np.array([*table, -1], np.int64)[codes])
        if found.split is None:
            splits.append(np.full(len(codes), said[place] or SPLITS[0], "<U5"))
        else:
            words, more = split_words(opened[place], found.split)
            notes += [note for note in more if note not in notes]
            splits.append(words)
    prefixes = [f"{shards.name(shards.files[place])}/{found.image}/" for place in order]
    names = CellNames(prefixes, [opened[place].num_rows for place in order])
    return CodedRows(names, np.concatenate(labels), tuple(position), np.concatenate(splits), notes)


def records_of(
    shards: Shards,
    opened: Sequence[ParquetFile],
    found: CellColumns | None,
    columns: Columns,
    faults: Faults | None,
) -> Read:
    """A record per row: where a row may have many labels, or groups, or names a file."""
    if found is None:
        return named_files(opened, columns, faults)
    faults = faults or Faults()
    notes = [] if found.split else split_notes(shards)
    records: list[Record] = []
    is_many = False
    for file, each, said in zip(shards.files, opened, shards.splits(), strict=True):
        prefix = f"{shards.name(file)}/{found.image}/"
        names = list(CellNames([prefix], [each.num_rows]))
        cells = each.values(found.label)
        named = each.class_names(found.label)
        if named is not None:
            table, _ = names_of_values(sorted({*cells} - {None}), named, str(each.place))
            by_value = dict(zip(sorted({*cells} - {None}), table, strict=True))
            cells = [by_value.get(cell) for cell in cells]
        labels = read_labels(cells, names, columns.label_sep)
        is_many = is_many or labels.is_many
        notes += [note for note in labels.notes if note not in notes]
        groups = [None] * len(names) if not found.group else each.values(found.group)
        splits: Sequence[str] = [said or SPLITS[0]] * len(names)
        if found.split is not None:
            words, more = split_words(each, found.split)
            splits, notes = words.tolist(), [*notes, *more]
        records += [
            Record(name, label, split, None if group in {None, ""} else str(group))
            for name, label, split, group in zip(names, labels.rows, splits, groups, strict=True)
        ]
    return Read(shards.root, records, is_many, Noticed(shards.exclusions, notes, faults))


def named_files(opened: Sequence[ParquetFile], columns: Columns, faults: Faults | None) -> Read:
    """A table without pictures of its own, that names files as a CSV does.

    Raises:
        DataError: it is one of several.
    """
    if len(opened) != 1:
        raise DataError(
            f"none of the {len(opened)} files has a column of bytes; the first has the columns "
            f"{', '.join(opened[0].titles)}.",
            expected="pictures in the files, or one file with their names.",
            fix="give one of them.",
        )
    table = opened[0]
    grid = Grid(
        table.place.name,
        tuple(f"row {row}" for row in range(table.num_rows)),
        tuple(table.values(title) for title in table.titles),
        table.titles,
    )
    return read_table_rows(
        grid, table.place.parent, columns, faults=faults, needs_labels=faults is not None
    )
