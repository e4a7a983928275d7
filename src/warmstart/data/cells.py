"""Rows of a table that somebody wrote (file, label, split, group) → an ImageTable."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warmstart.data.leftover import under_root, unmentioned
from warmstart.data.missing import refuse_missing
from warmstart.data.records import Record, assemble, some
from warmstart.data.scan import Scan, scan
from warmstart.data.split import DEFAULT_DRAW, Draw
from warmstart.data.table import SPLITS, Exclusion, ImageTable
from warmstart.errors import DataError, SettingError


@dataclass(frozen=True)
class Columns:
    """Which column says what, by its header or its position from 0, and how to read its cells.

    Args:
        name: The file; ``folder`` and ``suffix`` are put around it.
        label: Its class, or its classes if ``label_sep`` is given.
        split: train, valid or test; None if no column says.
        group: What must not be parted between splits, such as a patient; None if no column says.
        label_sep: What stands between the classes of an image that may have many. Never guessed.
        folder: Where the files lie, under the root; "" for the root itself.
        suffix: What the cells leave off, such as ".jpg".
    """

    name: str | int = 0
    label: str | int = 1
    split: str | int | None = None
    group: str | int | None = None
    label_sep: str | None = None
    folder: str = ""
    suffix: str = ""


DEFAULT_COLUMNS = Columns()
Label = str | tuple[str, ...] | None  # None: an empty cell


@dataclass(frozen=True)
class Cells:
    """The cells of those columns; ``where`` says for each row where it stands in ``source``."""

    source: str
    where: Sequence[str]
    names: Sequence[str]
    labels: Sequence[Label]
    splits: Sequence[str] | None = None
    groups: Sequence[str] | None = None


def read_cells(
    cells: Cells,
    root: Path,
    columns: Columns,
    *,
    val_idxs: Sequence[int] | None = None,
    draw: Draw = DEFAULT_DRAW,
) -> ImageTable:
    """Check every row and make the table.

    Args:
        cells: What stands in the table.
        root: What the files lie under.
        columns: ``folder``, ``suffix`` and ``label_sep`` count here.
        val_idxs: Positions from 0 of the rows that validate, as an alternative to a split column.
        draw: How validation rows are drawn, if neither says.

    Returns:
        One row per file. Files under ``root/folder`` that the cells do not mention, and repeated
        rows, are exclusions.

    Raises:
        DataError: ``root`` is no folder.
    """
    if not root.is_dir():
        raise DataError(
            f"there is no folder {root}.",
            expected=f"the folder that holds the files of {cells.source}.",
            fix="check the spelling.",
        )
    whole = posixpath.normpath(root.absolute().as_posix())
    names = [file_name(cell, whole, columns) for cell in cells.names]
    refuse_rows(
        cells,
        [cell for cell, name in zip(cells.names, names, strict=True) if not name],
        [where for where, name in zip(cells.where, names, strict=True) if not name],
        ("an empty name, or one that leads out of the folder", "files under the root"),
    )
    folder = under_root(columns.folder, whole)
    base = root / folder
    found = scan(base) if base.is_dir() else Scan((), (), ())
    prefix = f"{folder}/" if folder else ""
    refuse_missing(
        root,
        dict(zip(names, cells.where, strict=True)),
        known={prefix + name for name in found.images},
        source=cells.source,
    )
    is_multi_label = columns.label_sep is not None or any(
        isinstance(label, tuple) for label in cells.labels
    )
    splits = row_splits(cells, val_idxs)
    labels = row_labels(cells, splits, columns.label_sep, is_multi_label=is_multi_label)
    groups = [None] * len(names) if cells.groups is None else [g or None for g in cells.groups]
    records, repeats = merge_repeats(
        [Record(*row) for row in zip(names, labels, splits, groups, strict=True)], cells
    )
    return assemble(
        root,
        records,
        draw,
        is_multi_label=is_multi_label,
        exclusions=[*unmentioned(found, base, prefix, set(names), cells.source), *repeats],
        notes=bare_note(records) if is_multi_label else [],
    )


def file_name(cell: str, root: str, columns: Columns) -> str:
    """The name of a cell's file under ``root``, which is absolute; "" if there is none."""
    if not cell:
        return ""
    return under_root(posixpath.join(columns.folder, cell + columns.suffix), root)


def refuse_rows(
    cells: Cells, shown: Sequence[object], where: Sequence[str], says: tuple[str, str]
) -> None:
    """Rows that cannot be used, all in one error.

    Raises:
        DataError: there is one.
    """
    if where:
        what, expected = says
        listed = some([f"{cell!r} ({place})" for cell, place in zip(shown, where, strict=True)])
        raise DataError(
            f"{cells.source} has {len(where)} row(s) with {what}: {listed}.",
            expected=f"{expected}.",
            fix=f"mend {where[0]} of {cells.source}, and the others; or delete them.",
        )


def row_splits(cells: Cells, val_idxs: Sequence[int] | None) -> list[str]:
    """The split of each row, "train" where nothing says.

    Raises:
        SettingError: both the cells and ``val_idxs`` say, or ``val_idxs`` has no such rows.
    """
    if val_idxs is None:
        splits = ["train"] * len(cells.names) if cells.splits is None else list(cells.splits)
        bad = [row for row, split in enumerate(splits) if split not in SPLITS]
        refuse_rows(
            cells,
            [splits[row] for row in bad],
            [cells.where[row] for row in bad],
            ("an unknown split", f"one of {', '.join(SPLITS)}"),
        )
        return splits
    chosen = {int(row) for row in val_idxs}
    wrong = sorted(row for row in chosen if not 0 <= row < len(cells.names))
    if wrong or not chosen or cells.splits is not None:
        raise SettingError(
            "val_idxs is given beside a split column."
            if cells.splits is not None
            else f"val_idxs holds {some([str(row) for row in wrong]) if wrong else 'nothing'}.",
            expected=f"positions from 0 to {len(cells.names) - 1}, and no split column.",
            fix="leave val_idxs away, to have validation rows drawn or read from the column.",
        )
    return ["valid" if row in chosen else "train" for row in range(len(cells.names))]


def row_labels(
    cells: Cells, splits: Sequence[str], label_sep: str | None, *, is_multi_label: bool
) -> list[tuple[str, ...] | None]:
    """The classes of each row; None for a test row with an empty cell.

    Raises:
        SettingError: ``label_sep`` is empty.
    """
    if label_sep == "":
        raise SettingError(
            "label_sep is empty.",
            expected="what stands between the classes of one image.",
            fix='pass label_sep=" ", or leave it away if each image has one class.',
            flags=("--label-sep", " "),
        )
    labels = [parts(label, label_sep) for label in cells.labels]
    bad = [row for row, label in enumerate(labels) if not label and splits[row] != "test"]
    if not is_multi_label:
        refuse_rows(
            cells,
            [cells.names[row] for row in bad],
            [cells.where[row] for row in bad],
            ("an empty label", "a class in every row but those of test"),
        )
    return [label if label or splits[row] != "test" else None for row, label in enumerate(labels)]


def parts(label: Label, label_sep: str | None = None) -> tuple[str, ...]:
    """The classes of one cell, each once; () for an empty one."""
    if label is None or isinstance(label, tuple):
        return tuple(dict.fromkeys(label or ()))
    if label_sep is None:
        return (label,) if label.strip() else ()
    listed = (part.strip() for part in label.split(label_sep))
    return tuple(dict.fromkeys(part for part in listed if part))


def merge_repeats(records: Sequence[Record], cells: Cells) -> tuple[list[Record], list[Exclusion]]:
    """Keep the first of rows that say the same of the same file.

    Raises:
        DataError: rows say different things of the same file.
    """
    first: dict[str, int] = {}
    repeats, quarrels = [], []
    for row, record in enumerate(records):
        kept = first.setdefault(record.name, row)
        if kept == row:
            continue
        if records[kept] == record:
            name = f"{cells.source}, {cells.where[row]}: {record.name}"
            repeats.append(Exclusion(name, "a row that repeats an earlier one"))
        else:
            says = f"{shown(records[kept])} in {cells.where[kept]}, {shown(record)}"
            quarrels.append(f"{record.name} is {says} in {cells.where[row]}")
    if quarrels:
        raise DataError(
            f"{cells.source} contradicts itself in {len(quarrels)} place(s): {some(quarrels)}.",
            expected="one row per file, or rows that say the same of it.",
            fix="delete the wrong rows; if an image may have many classes, put them in one cell "
            'and pass label_sep, such as label_sep=" ".',
        )
    return [records[row] for row in first.values()], repeats


def shown(record: Record) -> str:
    """What a row says, for an error."""
    label = " + ".join(record.labels or ()) or "without a label"
    return f"{label} ({record.split}{f', group {record.group}' if record.group else ''})"


def bare_note(records: Sequence[Record]) -> list[str]:
    """A note of the images that have none of the classes: meant, or an empty cell?"""
    bare = [record.name for record in records if record.labels == ()]
    return [f"{len(bare)} image(s) have none of the classes: {some(bare)}"] if bare else []
