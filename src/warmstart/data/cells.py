"""Rows of a table that somebody wrote (file, label, split, group) → an ImageTable."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from warmstart.data.columns import ColumnPositions, Columns, Grid, resolve_columns
from warmstart.data.faults import Faults
from warmstart.data.file_names import (
    Base,
    NamesBelow,
    check_on_this_computer,
    resolve_base,
    resolve_names,
    share_of_files,
)
from warmstart.data.label_forms import Label, Labels, one_hot_columns, read_labels
from warmstart.data.records import Noticed, Record, assemble
from warmstart.data.scan import Scan, scan
from warmstart.data.split import DEFAULT_DRAW, Draw, resolve_rows, resolve_splits
from warmstart.data.table import SPLITS, Exclusion, ImageTable
from warmstart.data.unmatched import missing_files, unmentioned
from warmstart.errors import DataError, SettingError, first_few


@dataclass
class Rows:
    """Rows while they are read, by columns of equal length; what is at fault leaves them."""

    source: str
    lines: Sequence[str]  # where each row of the table stands
    rows: list[int]  # which of these are left
    names: list[str]
    labels: list[Label]
    splits: list[str | None]
    groups: list[str | None]
    exclusions: list[Exclusion]

    def where(self, row: int) -> str:
        """Where a row stands in the source."""
        return self.lines[self.rows[row]]

    def leave_out(self, bad: Sequence[int], reason: str) -> None:
        """Drop rows, by name."""
        gone = set(bad)
        if not gone:
            return
        self.exclusions += [
            Exclusion(f"{self.source}, {self.where(row)}: {self.names[row]}", reason) for row in bad
        ]
        columns: tuple[list[Any], ...] = (
            self.rows, self.names, self.labels, self.splits, self.groups
        )  # fmt: skip
        for column in columns:
            column[:] = [cell for row, cell in enumerate(column) if row not in gone]


@dataclass(frozen=True)
class Read:
    """What a table says: a record per file, in the table's order, under ``root``."""

    root: Path
    records: list[Record]
    is_many: bool
    noticed: Noticed


def read_grid(
    grid: Grid,
    root: Path,
    columns: Columns,
    *,
    val_idxs: Any = None,
    draw: Draw = DEFAULT_DRAW,
    faults: Faults | None = None,
) -> ImageTable:
    """Check every row and make the table.

    Args:
        grid: What stands in the table.
        root: What the files lie under.
        columns: Which column says what.
        val_idxs: Rows that validate, as positions from 0 or as a mask, in place of a split column.
        draw: How validation rows are drawn, if neither says.
        faults: Where a checkup wants what is wrong; None raises it.

    Returns:
        One row per file. Files under ``root/folder`` that the cells do not mention, and repeated
        rows, are exclusions.
    """
    read = read_table_rows(grid, root, columns, val_idxs=val_idxs, faults=faults)
    return assemble(
        read.root, read.records, draw, is_multi_label=read.is_many, noticed=read.noticed
    )


def read_table_rows(
    grid: Grid,
    root: Path,
    columns: Columns,
    *,
    val_idxs: Any = None,
    faults: Faults | None = None,
    needs_labels: bool = True,
    beside: Grid | None = None,
) -> Read:
    """Check every row by itself; whether they are enough to train on is not asked.

    Args:
        grid: What stands in the table.
        root: What the files lie under.
        columns: Which column says what.
        val_idxs: Rows that validate.
        faults: Where a checkup wants what is wrong; None raises it.
        needs_labels: Only test rows may have an empty label; otherwise any row.
        beside: Rows of the same table that are not asked for: their files are no exclusions.

    Raises:
        DataError: ``root`` is no folder.
    """
    faults = faults or Faults()
    check_on_this_computer(root)
    if not root.is_dir():
        raise DataError(
            f"there is no folder {root}.",
            expected=f"the folder that holds the files of {grid.source}.",
            fix="check the spelling.",
        )
    base = resolve_base(root, columns.folder)
    place = base.root / base.folder
    scanned = scan(place, is_lenient=faults.is_lenient) if place.is_dir() else Scan((), (), ())
    found = resolve_columns(
        grid, columns, lambda column: share_of_files(grid.texts(column), base, columns.suffix)
    )
    prefix = f"{base.folder}/" if base.folder else ""
    known = NamesBelow(prefix, scanned.images)
    names, name_notes = resolve_names(grid.texts(found.name), base, columns.suffix, known)
    labels = labels_of(grid, found, columns.label_sep)
    splits, split_notes = splits_of(grid, found, val_idxs)
    groups = [""] * len(names) if found.group is None else grid.texts(found.group)
    rows = Rows(
        grid.source, grid.where, list(range(len(names))), names, list(labels.rows), splits,
        [group.strip() or None for group in groups], [],
    )  # fmt: skip
    others = [] if beside is None else beside.texts(found.name)
    mentioned = {*names, *resolve_names(others, base, columns.suffix, known)[0]} - {""}
    check_names(rows, grid.texts(found.name), base, known, faults)
    if found.split is not None:
        check_splits(rows, grid, found.split, faults)
    if needs_labels and not labels.is_many:
        check_empty_labels(rows, faults)
    is_bare = not needs_labels and not labels.is_many
    rows.labels = [
        label or (None if is_bare or split == "test" else ())
        for label, split in zip(rows.labels, rows.splits, strict=True)
    ]
    records, repeats = merge_repeats(rows, faults)
    left_out = unmentioned(scanned, place, prefix, mentioned, grid.source)
    bare = bare_note(records) if labels.is_many else []
    notes = [*base.notes, *found.notes, *name_notes, *labels.notes, *split_notes, *bare]
    noticed = Noticed([*left_out, *rows.exclusions, *repeats], notes, faults)
    return Read(base.root, records, labels.is_many, noticed)


def labels_of(grid: Grid, found: ColumnPositions, label_sep: str | None) -> Labels:
    """The classes of each row.

    Raises:
        SettingError: ``label_sep`` is empty, or given beside a column for each class.
    """
    if label_sep == "":
        raise SettingError(
            "label_sep is empty.",
            expected="what stands between the classes of one image.",
            fix='pass label_sep=" ", or omit it if each image has one class.',
            flags=("--label-sep", " "),
        )
    if len(found.label) == 1:
        return read_labels(grid.columns[found.label[0]], grid.where, label_sep)
    names = [grid.title(column) for column in found.label]
    labels = one_hot_columns([grid.columns[column] for column in found.label], names, grid.where)
    if label_sep is not None and not labels.is_many:
        rows = tuple(() if row is None else row for row in labels.rows)
        return replace(labels, rows=rows, is_many=True)
    return labels


def splits_of(
    grid: Grid, found: ColumnPositions, val_idxs: Any
) -> tuple[list[str | None], list[str]]:
    """The split of each row, "train" where nothing says, None where it cannot be understood.

    Raises:
        SettingError: both a column and ``val_idxs`` say.
    """
    num_rows = len(grid.where)
    if val_idxs is None:
        if found.split is None:
            return ["train"] * num_rows, []
        return resolve_splits(grid.texts(found.split), grid.title(found.split))
    if found.split is not None:
        raise SettingError(
            "val_idxs is given beside a split column.",
            expected="one of both.",
            fix="leave val_idxs away, to have validation rows read from the column.",
        )
    chosen = set(resolve_rows(val_idxs, num_rows, "val_idxs").tolist())
    return ["valid" if row in chosen else "train" for row in range(num_rows)], []


def check_names(
    rows: Rows, cells: Sequence[str], base: Base, known: Container[str], faults: Faults
) -> None:
    """Rows without a file."""
    bad = [row for row, name in enumerate(rows.names) if not name]
    says = "an empty name", "the name of a file in every row"
    drop_bad_rows(rows, bad, [cells[row] for row in bad], faults, says)
    missing = missing_files(
        base.root,
        rows.names,
        rows.where,
        known=known,
        source=rows.source,
        faults=faults,
    )
    rows.leave_out([row for row, name in enumerate(rows.names) if name in missing], "no such file")


def check_splits(rows: Rows, grid: Grid, split: int, faults: Faults) -> None:
    """Rows of a split that cannot be understood."""
    written = grid.texts(split)
    bad = [row for row, said in enumerate(rows.splits) if said is None]
    expected = f"one of {', '.join(SPLITS)}; or true and false under a title such as is_valid"
    shown = [written[rows.rows[row]] for row in bad]
    drop_bad_rows(rows, bad, shown, faults, ("an unknown split", expected))


def check_empty_labels(rows: Rows, faults: Faults) -> None:
    """Rows without a class that are no test rows."""
    pairs = enumerate(zip(rows.labels, rows.splits, strict=True))
    bad = [row for row, (label, split) in pairs if not label and split != "test"]
    says = "an empty label", "a class in every row but those of test"
    drop_bad_rows(rows, bad, [rows.names[row] for row in bad], faults, says)


def drop_bad_rows(
    rows: Rows, bad: Sequence[int], shown: Sequence[str], faults: Faults, says: tuple[str, str]
) -> None:
    """Rows that cannot be used, all in one error.

    Args:
        rows: All of them; those are left out.
        bad: Which.
        shown: What stands in the cell at fault of each.
        faults: What takes the error.
        says: What is wrong, and what was expected.
    """
    if not bad:
        return
    what, expected = says
    where = [rows.where(row) for row in bad]
    listed = first_few([f"{cell!r} ({place})" for cell, place in zip(shown, where, strict=True)])
    faults.add(
        DataError(
            f"{rows.source} has {len(bad)} row(s) with {what}: {listed}.",
            expected=f"{expected}.",
            fix=f"mend {where[0]} of {rows.source}"
            + (", and the others; or delete them." if len(bad) > 1 else "; or delete it."),
        )
    )
    rows.leave_out(bad, what)


def merge_repeats(rows: Rows, faults: Faults) -> tuple[list[Record], list[Exclusion]]:
    """Keep the first of rows that say the same of the same file; that they differ is a fault."""
    records = [
        Record(name, label, split or "train", group)
        for name, label, split, group in zip(
            rows.names, rows.labels, rows.splits, rows.groups, strict=True
        )
    ]
    if len(set(rows.names)) == len(records):  # as nearly always, with less memory
        return records, []
    first: dict[str, int] = {}
    repeats, quarrels = [], []
    for row, record in enumerate(records):
        kept = first.setdefault(record.name, row)
        if kept == row:
            continue
        name, is_same = f"{rows.source}, {rows.where(row)}: {record.name}", records[kept] == record
        what = "repeats" if is_same else "contradicts"
        repeats.append(Exclusion(name, f"a row that {what} an earlier one"))
        if not is_same:
            says = (
                f"{record_in_words(records[kept])} in {rows.where(kept)}, {record_in_words(record)}"
            )
            quarrels.append(f"{record.name} is {says} in {rows.where(row)}")
    if quarrels:
        faults.add(
            DataError(
                f"{rows.source} contradicts itself in {len(quarrels)} place(s): "
                f"{first_few(quarrels)}.",
                expected="one row per file, or rows that say the same of it.",
                fix="delete the wrong rows; if an image may have many classes, put them in one "
                'cell and pass label_sep, such as label_sep=" ".',
            )
        )
    return [records[row] for row in first.values()], repeats


def record_in_words(record: Record) -> str:
    """What a row says, for an error."""
    label = " + ".join(record.labels or ()) or "without a label"
    return f"{label} ({record.split}{f', group {record.group}' if record.group else ''})"


def bare_note(records: Sequence[Record]) -> list[str]:
    """A note of the images that have none of the classes: meant, or an empty cell?"""
    bare = [record.name for record in records if record.labels == ()]
    return [f"{len(bare)} image(s) have none of the classes: {first_few(bare)}"] if bare else []
