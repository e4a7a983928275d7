"""Which column of a table says what: as it was named, or found by what stands in it."""

import difflib
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from warmstart.arguments import Reader, flag, one_or_each, path, refuse, text, whole
from warmstart.data.label_forms import binary_of, cell_text, is_empty
from warmstart.data.split import is_split_title
from warmstart.errors import SettingError

Place = str | int
LABEL_TITLES = frozenset(
    {"label", "labels", "class", "classes", "category", "categories", "target", "tag", "tags",
     "class_name", "label_name", "classname", "species", "breed", "y"}
)  # fmt: skip
NAME_TITLES = frozenset(
    {"name", "names", "file", "files", "filename", "file_name", "filenames", "image", "images",
     "img", "image_name", "image_path", "path", "filepath", "file_path", "image_id", "img_path"}
)  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """Which column says what, by its header or its position from 0, and how to read its cells.

    Args:
        name: The file; ``folder`` and ``suffix`` are put around it. None is the first column, or
            the only one whose cells are names of files that exist.
        label: Its class, or its classes if ``label_sep`` is given; several columns hold a 0 or 1
            for a class each. None is the second column, one titled "label" or the like, or all
            others if they hold 0 and 1.
        split: train, valid or test; None if no column says.
        group: What must not be parted between splits, such as a patient; None if no column says.
        label_sep: What stands between the classes of an image that may have many. Never guessed.
        folder: Where the files lie, under the root or anywhere else; "" for the root itself.
        suffix: What the cells leave off, such as ".jpg".
        image: Of Parquet, the column of the pictures' bytes; None finds it.
    """

    name: Place | None = None
    label: Place | Sequence[Place] | None = None
    split: Place | None = None
    group: Place | None = None
    label_sep: str | None = None
    folder: str = ""
    suffix: str = ""
    image: str | None = None


DEFAULT_COLUMNS = Columns()


class LineNumbers(Sequence[str]):
    """Where rows stand in a file, such as "line 12": made when asked for, eight bytes a row."""

    def __init__(self, numbers: "array[int]") -> None:
        """Take the numbers of lines, from 1."""
        self.numbers = numbers

    def __len__(self) -> int:
        """How many rows."""
        return len(self.numbers)

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> "LineNumbers": ...

    def __getitem__(self, row: int | slice) -> "str | LineNumbers":
        """Where a row stands, or several do."""
        if isinstance(row, slice):
            return LineNumbers(self.numbers[row])
        return f"line {self.numbers[row]}"


@dataclass(frozen=True)
class Grid:
    """A table as it was read: ``columns`` (C) of N cells, their ``titles`` (C) or None.

    ``where`` (N) says where each row stands in ``source``.
    """

    source: str
    where: Sequence[str]
    columns: Sequence[Sequence[object]]
    titles: tuple[str, ...] | None = None

    def title(self, column: int) -> str:
        """The name of a column, else its position."""
        return str(column) if self.titles is None else self.titles[column].strip()

    def texts(self, column: int) -> list[str]:
        """The cells of a column; "" where one is empty."""
        return [cell_text(cell) or "" for cell in self.columns[column]]

    def find(self, column: Place) -> int:
        """The position of a column."""
        return find_column(self.source, self.titles, len(self.columns), column)


@dataclass(frozen=True)
class ColumnPositions:
    """Positions of the columns; several ``label`` columns hold 0 and 1 each."""

    name: int
    label: tuple[int, ...]
    split: int | None
    group: int | None
    notes: tuple[str, ...] = ()


def resolve_columns(
    grid: Grid, columns: Columns, share_of_files: Callable[[int], float]
) -> ColumnPositions:
    """Say which column is which.

    Args:
        grid: The table.
        columns: What was told.
        share_of_files: Of the cells of a column, the share that are names of existing files.
    """
    split = None if columns.split is None else grid.find(columns.split)
    group = None if columns.group is None else grid.find(columns.group)
    told = named_label_columns(grid, columns.label)
    taken = {place for place in (split, group, *told) if place is not None}
    notes = unread_splits(grid, taken) if split is None else []
    if columns.name is not None:
        name = grid.find(columns.name)
    else:
        name = name_column(grid, taken, share_of_files)
        if name != 0:
            notes.append(f"names of files are read from the column {grid.title(name)}")
    found = ColumnPositions(name, told, split, group, tuple(notes))
    if told:
        return found
    label = label_columns(grid, found)
    if len(label) == 1 and label[0] != 1:
        notes.append(f"labels are read from the column {grid.title(label[0])}")
    return replace(found, label=label, notes=tuple(notes))


def unread_splits(grid: Grid, taken: set[int]) -> list[str]:
    """A note of columns that seem to say who validates, though nobody said that they do."""
    titles = [] if grid.titles is None else list(range(len(grid.titles)))
    like = [grid.title(p) for p in titles if p not in taken and is_split_title(grid.title(p))]
    shown = ", ".join(like)
    note = f"the column {shown} seems to say who validates, and is not read: pass split_column"
    return [f"{note} (--split-column {like[0]})"] if like else []


def named_label_columns(grid: Grid, label: Place | Sequence[Place] | None) -> tuple[int, ...]:
    """Positions of the label columns that were named; one text may name several with commas."""
    if label is None:
        return ()
    if isinstance(label, str):
        titles = grid.titles or ()
        if label not in titles and "," in label:
            return tuple(grid.find(typed_column(each.strip())) for each in label.split(","))
        return (grid.find(label),)
    if isinstance(label, int):
        return (grid.find(label),)
    return tuple(grid.find(each) for each in label)


def typed_column(typed: str) -> Place:
    """A column by its header, or by its position from 0."""
    return int(typed) if typed.isdecimal() else typed


def name_column(grid: Grid, taken: set[int], share_of_files: Callable[[int], float]) -> int:
    """The column of names: the first, or the only one that holds names of existing files.

    Raises:
        SettingError: several others do.
    """
    if 0 not in taken and share_of_files(0):
        return 0
    others = [place for place in range(len(grid.columns)) if place not in taken]
    hits = {place: share_of_files(place) for place in others}
    holders = [place for place in others if hits[place]]
    whole = [place for place in holders if hits[place] == 1]
    if len(whole) == 1 or len(holders) == 1:
        return (whole if len(whole) == 1 else holders)[0]
    if not holders:  # none exists: what else is wrong, the names will tell
        named = [place for place in others if grid.title(place).casefold() in NAME_TITLES]
        return named[0] if len(named) == 1 else (others or [0])[0]
    listed = " and ".join(repr(grid.title(place)) for place in holders)
    raise SettingError(
        f"{grid.source} has names of files in several columns: {listed}.",
        expected="one column that names the images.",
        fix=f"pass name_column={grid.title(holders[0])!r}, or another one.",
        flags=("--name-column", grid.title(holders[0])),
    )


def label_columns(grid: Grid, found: ColumnPositions) -> tuple[int, ...]:
    """The column of labels, or all that hold 0 and 1 for a class each.

    Raises:
        SettingError: there is none, or several could be meant.
    """
    taken = {found.name, found.split, found.group}
    every = [place for place in range(len(grid.columns)) if place not in taken]
    rest = [place for place in every if not is_split_title(grid.title(place))] or every
    if not rest:
        return (grid.find(len(grid.columns)),)  # the error for a column that is not there
    titled = [place for place in rest if grid.title(place).casefold() in LABEL_TITLES]
    if grid.titles is not None and len(titled) == 1:
        return (titled[0],)
    first = rest[0] if found.name == 0 or len(rest) == 1 else None
    if first is not None and (grid.titles is None or not is_binary(grid, first)):
        return (first,)  # so that no other column is looked at
    binary = [] if grid.titles is None else [place for place in rest if is_binary(grid, place)]
    if len(binary) > 1 and binary == rest:
        return tuple(binary)
    if first is not None and len(binary) == 1:
        return (first,)
    if first is None:
        repeated = [p for p in rest if 1 < len(set(grid.texts(p))) <= len(grid.where) / 2]
        if len(repeated) == 1:
            return (repeated[0],)
    meant = binary if len(binary) > 1 else rest
    listed = ",".join(grid.title(place) for place in meant)
    raise SettingError(
        f"{grid.source} has several columns that could hold the labels: {listed}.",
        expected="the column of classes, or the columns that hold a 0 or 1 for each class.",
        fix=f"pass label_column={grid.title(meant[0])!r}, or a list of columns.",
        flags=("--label-column", listed if meant == binary else grid.title(meant[0])),
    )


def is_binary(grid: Grid, column: int) -> bool:
    """Whether a column holds 0 and 1, or true and false, and perhaps empty cells."""
    cells = [cell for cell in grid.columns[column] if not is_empty(cell)]
    return bool(cells) and all(binary_of(cell) is not None for cell in cells)


def find_column(source: str, titles: Sequence[str] | None, width: int, column: Place) -> int:
    """The position of a column.

    Args:
        source: What errors call the table.
        titles: (C,) of its columns; None where it is read without a header.
        width: C.
        column: Its header, in any case and without outer spaces where that is unique; or its
            position from 0, or from the end if negative.

    Returns:
        From 0 to C - 1.

    Raises:
        SettingError: there is no such column, or two have this header.
    """
    if isinstance(column, int) and not isinstance(column, bool) and -width <= column < width:
        return column % width
    for form in (str, str.strip, lambda title: title.strip().casefold()):
        shown = [form(title) for title in titles or ()]
        if isinstance(column, str) and shown.count(form(column)) == 1:
            return shown.index(form(column))
    close = difflib.get_close_matches(str(column), titles or (), 1)
    listed = ", ".join(repr(title) for title in titles or ())
    few = "write the label beside each name: name,label" if width < 2 else "give one of those."
    raise SettingError(
        f"{source} has no column {column!r}, or more than one.",
        expected=f"a position from 0 to {width - 1}"
        + (f", or one of {listed}." if titles is not None else ": it is read without a header."),
        fix=f"did you mean {close[0]!r}?" if close else few,
        flags=("=", str(column), close[0]) if close else (),
    )


def read_place(name: str, value: Any) -> str:
    """A folder within another; "" is that one itself."""
    return "" if isinstance(value, str) and not value else str(path(name, value))


def read_column(name: str, value: Any) -> str | int:
    """A column, by its title or its position."""
    return value if isinstance(value, str) else whole()(name, value)


def read_delimiter(name: str, value: Any) -> str:
    """One sign between cells."""
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n\0':
        refuse(name, value, "one sign", ",")
    return value


TABLE_READERS: dict[str, Reader[Any]] = {
    "suffix": text,
    "header": flag,
    "delimiter": read_delimiter,
    "encoding": text,
    "name_column": read_column,
    "label_column": one_or_each(read_column),
    "split_column": read_column,
    "label_sep": text,
    "image_column": text,
}
