"""A CSV of fixes: which rows of a table to drop, which to call something else."""

import difflib
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np

from warmstart.data.csv_table import Line, parse_csv
from warmstart.data.records import missing_classes
from warmstart.data.table import Exclusion, ImageTable, class_counts
from warmstart.errors import DataError, SettingError
from warmstart.files.cells import by_cell, write_rows
from warmstart.files.writing import write_whole

ACTIONS = ("drop", "relabel", "look")


@dataclass(frozen=True)
class Fix:
    """What to do with a row: leave it out, give it ``label``, or nothing until a person looked."""

    name: str
    action: str
    label: str = ""
    reason: str = ""
    score: str = ""


COLUMNS = [field.name for field in fields(Fix)]


def write_fixes(path: Path, fixes: Sequence[Fix]) -> None:
    """Write a CSV that ``read_fixes`` reads and a person can edit.

    Args:
        path: Where.
        fixes: In the order in which a person should look.
    """
    text = io.StringIO(newline="")
    write_rows(text, [COLUMNS, *map(astuple, fixes)], line_end="\n")
    write_whole(path, text.getvalue())


def read_fixes(path: Path) -> list[tuple[int, Fix]]:
    """(Line number, fix) of each line; columns may be in any order, and more than these.

    Raises:
        DataError: a column is missing, a line has too few cells, an action is unknown, or two
            lines have one name.
    """
    lines = written_lines(path)
    titles = lines[0][1] if lines else []
    absent = [name for name in ("name", "action") if name not in titles]
    if absent:
        raise DataError(
            f"{path} has no column {' and no column '.join(absent)}.",
            expected="a first line with " + ",".join(COLUMNS) + ".",
            fix="write it with data.check().write_fixes(path), and edit that.",
        )
    found: dict[str, tuple[int, Fix]] = {}
    for number, cells in lines[1:]:
        if len(cells) < len(titles):
            raise DataError(
                f"{path}, line {number} has {len(cells)} cells.",
                expected=f"{len(titles)}, as in the first line.",
                fix="add the commas that are missing.",
            )
        named = dict(zip(titles, cells, strict=False))
        fix = Fix(*(named.get(column, "").strip() for column in COLUMNS))
        if fix.action not in ACTIONS:
            raise DataError(
                f"{path}, line {number}: the action {fix.action!r} is unknown.",
                expected="drop, relabel, or look (which does nothing).",
                fix=closest_choice(fix.action, ACTIONS, "write look."),
            )
        if fix.name in found:
            raise DataError(
                f"{path}, lines {found[fix.name][0]} and {number} are both about {fix.name}.",
                expected="one line for each picture.",
                fix=f"delete line {number}, or the other.",
            )
        found[fix.name] = (number, fix)
    return list(found.values())


def written_lines(path: Path) -> list[Line]:
    """The lines of a CSV that we wrote, and a spreadsheet may have saved in its own way.

    Raises:
        DataError: it is no such CSV.
    """
    encoding = None
    try:
        lines = parse_csv(path, ",")
    except DataError as error:
        if "--encoding" not in error.flags:
            raise
        encoding = error.flags[-1]
        lines = parse_csv(path, ",", encoding)
    has_semicolons = bool(lines) and len(lines[0][1]) == 1 and ";" in lines[0][1][0]
    return parse_csv(path, ";", encoding) if has_semicolons else lines


def with_fixes(table: ImageTable, path: str | Path | None) -> ImageTable:
    """The table with some rows left out and others called something else.

    Rows stay in their splits, so that scores before and after can be compared.

    Args:
        table: As it was read.
        path: The CSV of fixes; None for none.

    Returns:
        A table whose exclusions and notes say what was done.
    """
    if path is None:
        return table
    path = Path(path)
    names, classes = by_cell(table.names), by_cell(table.classes)
    fixes = [
        (
            number,
            replace(
                fix, name=names.get(fix.name, fix.name), label=classes.get(fix.label, fix.label)
            ),
        )
        for number, fix in read_fixes(path)
    ]
    row_of = {name: row for row, name in enumerate(table.names)}
    number_of = {name: label for label, name in enumerate(table.classes)}
    labels = table.labels.copy()
    gone: list[Exclusion] = []
    moved: list[str] = []
    for number, fix in fixes:
        check_fix(table, row_of, path, number, fix)
        if fix.action == "drop":
            gone.append(Exclusion(fix.name, f"dropped by {path.name}"))
        elif fix.action == "relabel":
            row, label = row_of[fix.name], number_of[fix.label]
            if labels[row] != label:
                moved.append(fix.name)
            labels[row] = label
    fixed = replace(table, labels=labels).without(tuple(gone))
    num_looks = sum(fix.action == "look" for _, fix in fixes)
    note = f"{path.name}: {len(gone)} dropped, {len(moved)} relabelled" + (
        f" (first: {moved[0]})" if moved else ""
    )
    if num_looks:
        note += f"; {num_looks} to look at, which changes nothing"
    parts = {split: fixed.labels[fixed.rows(split)] for split in ("train", "valid")}
    check_not_emptied(fixed, table, path)
    notes = [note for note in table.notes if "have no validation image" not in note]
    absent = missing_classes(parts["valid"], parts["train"], table.classes)
    return replace(fixed, notes=(*notes, *absent, note))


def check_fix(table: ImageTable, row_of: dict[str, int], path: Path, number: int, fix: Fix) -> None:
    """A fix for a row that is not there, or with a label that no row has.

    Raises:
        DataError: the name or the class is unknown.
        SettingError: rows have many labels.
    """
    if fix.name not in row_of:
        raise DataError(
            f"{path}, line {number}: there is no picture {fix.name!r} in this data.",
            expected="names as in the table, such as " + table.names[0] + ".",
            fix=closest_choice(fix.name, table.names, f"delete line {number}."),
        )
    if fix.action != "relabel":
        return
    if table.is_multi_label:
        raise SettingError(
            f"{path}, line {number}: relabel gives one label, and these rows have many.",
            expected="drop or look.",
            fix="change the label in the table itself.",
        )
    if fix.label not in table.classes:
        raise DataError(
            f"{path}, line {number}: the class {fix.label!r} is unknown.",
            expected="one of: " + ", ".join(table.classes) + ".",
            fix=closest_choice(fix.label, table.classes, "write one of these in the column label."),
        )


def closest_choice(given: str, choices: Sequence[str], otherwise: str) -> str:
    """The choice that is spelled most like what was given."""
    close = difflib.get_close_matches(given, choices, 1)
    return f"write {close[0]!r} if that was meant; otherwise {otherwise}" if close else otherwise


def check_not_emptied(fixed: ImageTable, table: ImageTable, path: Path) -> None:
    """Fixes after which there is nothing to learn a class from, or nothing that judges.

    Raises:
        DataError: a class has no training row left, or validation has no row.
    """
    counts = [class_counts(of.labels[of.rows("train")], len(of.classes)) for of in (table, fixed)]
    emptied = np.flatnonzero((counts[0] > 0) & (counts[1] == 0))
    lost = [f"training rows of {table.classes[label]}" for label in emptied]
    if len(table.rows("valid")) and not len(fixed.rows("valid")):
        lost.append("validation rows")
    if lost:
        raise DataError(
            f"after {path}, there are no {' and no '.join(lost)}.",
            expected="at least one row of each class to learn from, and some that judge.",
            fix="change some drop and relabel in that file to look.",
        )
