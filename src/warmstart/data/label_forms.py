"""Labels in the forms that people use → names of classes, or a refusal by name."""

import ast
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from warmstart.errors import DataError, first_few

Label = tuple[str, ...] | None  # the classes of a row; None: an empty cell
BINARY = {"0": False, "1": True, "false": False, "true": True}
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"  # blanks of no width
LISTS = {"[": "]", "(": ")", "{": "}"}


@dataclass(frozen=True)
class Labels:
    """``rows`` (N,) have the classes of each; ``is_many`` where a row may have any number.

    ``notes`` say which form they were taken for, where another could have been meant.
    """

    rows: tuple[Label, ...]
    is_many: bool
    notes: tuple[str, ...] = ()


def cell_text(value: object) -> str | None:
    """A cell as text; None for None, NaN and NA.

    A whole float loses its ".0": a frame makes floats of integers as soon as one is missing.

    >>> cell_text(3.0), cell_text(b"cat"), cell_text(float("nan"))
    ('3', 'cat', None)

    Raises:
        DataError: bytes that are not UTF-8, or an object that has no text of its own.
    """
    value = python_value(value)
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if value.is_integer():
            return str(int(value))
    if isinstance(value, (bytes, bytearray)):
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise DataError(
                f"the cell {bytes(value)!r} is not UTF-8.",
                expected="text, or bytes in UTF-8.",
                fix='decode the column before: value.decode("cp1252"), or what it is in.',
            ) from error
    if type(value).__str__ is object.__str__ and type(value).__repr__ is object.__repr__:
        raise DataError(
            f"a cell is a {type(value).__name__}, which has no text of its own.",
            expected="texts, numbers, booleans, or lists of them.",
            fix="make texts of that column before.",
        )
    return str(value)


def is_empty(value: object) -> bool:
    r"""Whether a cell says nothing: None, NaN, "" or blanks, also those that nobody sees.

    >>> is_empty(" "), is_empty(float("nan")), is_empty("\u200b"), is_empty(0)
    (True, True, True, False)
    """
    return not without_outer_blanks(cell_text(value) or "")


def python_value(value: object) -> Any:
    """A number of numpy or torch, and an array of one, as Python's own."""
    is_one = hasattr(value, "item") and getattr(value, "ndim", None) == 0
    return value.item() if is_one else value  # type: ignore[attr-defined]


def binary_of(value: object) -> bool | None:
    """Whether a 0, a 1, true or false is meant; None for anything else."""
    found = cell_text(value)
    return None if found is None else BINARY.get(re.sub(r"\.0*$", "", found.strip().lower()))


def read_labels(
    cells: Sequence[object], where: Sequence[str], label_sep: str | None = None
) -> Labels:
    """The classes of each row.

    Args:
        cells: (N,) texts, bytes, numbers or booleans for one class; lists, arrays or sets for any
            number of classes by name, or with a 0 or 1 for each class.
        where: (N,) where each stands, for errors.
        label_sep: What stands between the classes within a text; None where each has one.

    Returns:
        Labels without blanks around them, each once in its row.
    """
    notes: list[str] = []
    found = [items_of(cell, place) for cell, place in zip(cells, where, strict=True)]
    if label_sep is not None:
        found = [split_text(each, label_sep) for each in found]
        if not any(isinstance(each, tuple) and len(each) > 1 for each in found):
            notes.append(f"no row has two labels with {label_sep!r} between them")
    elif (lists := written_lists(found)) is not None:
        shown = next(each for each in found if each is not None)
        found = lists
        notes.append(f"labels are written as lists, such as {shown}: an image may have many")
    is_many = any(isinstance(each, tuple) for each in found) or label_sep is not None
    if not is_many:
        return without_blanks(Labels(tuple(single_label(each) for each in found), is_many=False))
    tuples = [each if each is None or isinstance(each, tuple) else (each,) for each in found]
    num_single = sum(isinstance(each, str) for each in found)
    if num_single and num_single < len([each for each in found if each is not None]):
        notes.append(f"{num_single} label(s) stand alone beside others that are lists")
    hot = multi_hot(tuples)
    if hot is not None:
        names = tuple(str(position) for position in range(len(next(row for row in hot if row))))
        rows = names_of_ones(hot, names)
        notes.append(
            f"labels are {len(names)} zeros and ones, taken for one class each: {', '.join(names)}"
        )
        return Labels(rows, is_many=True, notes=tuple(notes))
    check_no_measures(tuples, where)
    rows = tuple(
        None if each is None else tuple(cell_text(item) or "" for item in each) for each in tuples
    )
    return without_blanks(Labels(rows, is_many=True, notes=tuple(notes)))


def items_of(cell: object, where: str) -> str | tuple[object, ...] | None:
    """A cell as a text, or as the things that it holds.

    Raises:
        DataError: it holds things by name, with other values than 0 and 1, or lists of lists.
    """
    cell = python_value(cell)
    if isinstance(cell, (str, bytes, bytearray)) or not isinstance(cell, (Iterable, Mapping)):
        return cell_text(cell)
    if isinstance(cell, Mapping):
        flags = {name: binary_of(value) for name, value in cell.items()}
        if None in flags.values():
            raise DataError(
                f"the label in {where} is a mapping with other values than 0 and 1: {cell}.",
                expected="a class, a list of classes, or 0 and 1 for each class.",
                fix="make a list of the classes that the image has.",
            )
        return tuple(name for name, is_there in flags.items() if is_there)
    items = tuple(sorted(cell, key=str) if isinstance(cell, (set, frozenset)) else cell)
    if any(
        isinstance(python_value(i), Iterable) and not isinstance(i, (str, bytes)) for i in items
    ):
        raise DataError(
            f"the label in {where} holds lists within a list: {items}.",
            expected="a class, a list of classes, or 0 and 1 for each class.",
            fix="make one list of the classes that the image has.",
        )
    return items


def single_label(each: str | tuple[object, ...] | None) -> Label:
    """One class, or None for an empty cell."""
    return None if is_empty(each) else (str(each),)


def split_text(each: str | tuple[object, ...] | None, label_sep: str) -> tuple[object, ...] | None:
    """The parts of a text, without empty ones; None for an empty cell."""
    if not isinstance(each, str):
        return each
    return tuple(part for part in (part.strip() for part in each.split(label_sep)) if part) or None


def written_lists(
    found: Sequence[str | tuple[object, ...] | None],
) -> list[str | tuple[object, ...] | None] | None:
    """Texts such as "['cat', 'dog']" or "[0 1 0]" as what they say; None if some are no lists."""
    texts = [each.strip() for each in found if isinstance(each, str) and not is_empty(each)]
    if not texts or any(isinstance(each, tuple) for each in found):
        return None
    if not all(LISTS.get(each[0]) == each[-1] for each in texts):
        return None
    lists = [None if is_empty(each) else parse_list(str(each)) for each in found]
    is_list = all(one is not None or is_empty(each) for one, each in zip(lists, found, strict=True))
    return list(lists) if is_list else None


def parse_list(written: str) -> tuple[object, ...] | None:
    """A list as Python or numpy writes it; None for something else."""
    written = written.strip()
    try:
        value = ast.literal_eval(written)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        if written[0] != "[":
            return None
        return tuple(re.findall(r"[^\s,'\"]+", written[1:-1]))
    if isinstance(value, (set, frozenset)):
        return tuple(sorted(value, key=str))
    return tuple(value) if isinstance(value, (list, tuple)) else None


def multi_hot(rows: Sequence[tuple[object, ...] | None]) -> list[tuple[bool, ...] | None] | None:
    """Rows of a 0 or 1 for each class; None if they are names.

    Names would not repeat in a row; and two names of which one is 0 and the other is 1 in every
    row would say nothing.
    """
    lengths = {len(row) for row in rows if row is not None}
    if len(lengths) != 1 or lengths <= {0, 1}:
        return None
    flags = [None if row is None else [binary_of(value) for value in row] for row in rows]
    if any(None in row for row in flags if row is not None):
        return None
    if lengths != {2} and not any(len(set(row)) < len(row) for row in flags if row is not None):
        return None
    return [None if row is None else tuple(bool(value) for value in row) for row in flags]


def names_of_ones(
    rows: Sequence[tuple[bool, ...] | None], names: Sequence[str]
) -> tuple[Label, ...]:
    """Zeros and ones as names."""
    return tuple(
        None
        if row is None
        else tuple(n for n, is_there in zip(names, row, strict=True) if is_there)
        for row in rows
    )


def one_hot_columns(
    columns: Sequence[Sequence[object]], names: Sequence[str], where: Sequence[str]
) -> Labels:
    """A column of 0 and 1 for each class; one class per row where each row has one 1.

    Args:
        columns: (K, N) cells.
        names: (K,) of the classes.
        where: (N,) where each row stands, for errors.

    Raises:
        DataError: a cell is none of 0, 1, true and false.
    """
    flags = [[binary_of(value) for value in row] for row in zip(*columns, strict=True)]
    empties = [all(map(is_empty, row)) for row in zip(*columns, strict=True)]
    bad = [
        place
        for place, row, empty in zip(where, flags, empties, strict=True)
        if None in row and not empty
    ]
    if bad:
        raise DataError(
            f"{len(bad)} row(s) have other values than 0 and 1 in {', '.join(names)}: "
            f"{first_few(bad)}.",
            expected="a 0 or a 1 for each class.",
            fix=f"mend {bad[0]}, or name the one column that holds the class.",
        )
    rows = names_of_ones(
        [None if empty else tuple(map(bool, row))
         for row, empty in zip(flags, empties, strict=True)], names
    )  # fmt: skip
    is_many = any(row is not None and len(row) != 1 for row in rows)
    told = "an image may have any number of them" if is_many else "each image has one of them"
    note = f"the columns {', '.join(names)} hold 0 and 1, a column for each class: {told}"
    return Labels(rows, is_many, (note,))


def check_no_measures(rows: Sequence[tuple[object, ...] | None], where: Sequence[str]) -> None:
    """Lists of fractions: how much of each class, which nothing here learns.

    Raises:
        DataError: there are such.
    """
    for row, place in zip(rows, where, strict=True):
        numbers = [value for value in map(python_value, row or ()) if isinstance(value, float)]
        if not all(map(float.is_integer, numbers)):
            raise DataError(
                f"the label in {place} is a list of numbers that are not 0 and 1: {row}.",
                expected="names of classes, or a 0 or 1 for each class.",
                fix="name the most probable class of each row: numpy.argmax(list).",
            )


def without_outer_blanks(name: str) -> str:
    """A name without blanks around it, also those that nobody sees."""
    return name.strip(UNSEEN).strip().strip(UNSEEN)


def without_blanks(labels: Labels) -> Labels:
    """Labels without blanks around them, each once in its row; a note of those that had some."""
    blank = [
        name for row in labels.rows for name in row or () if name != without_outer_blanks(name)
    ]
    known: dict[tuple[str, ...], tuple[str, ...]] = {}  # one object for rows that say the same
    rows = tuple(
        None
        if row is None
        else known[row]
        if row in known
        else known.setdefault(
            row,
            tuple(dict.fromkeys(without_outer_blanks(n) for n in row if without_outer_blanks(n))),
        )
        for row in labels.rows
    )
    if not blank:
        return replace(labels, rows=rows)
    shown = first_few([repr(name) for name in dict.fromkeys(blank)])
    note = f"{len(blank)} label(s) have blanks around them, and are read without: {shown}"
    return replace(labels, rows=rows, notes=(*labels.notes, note))
