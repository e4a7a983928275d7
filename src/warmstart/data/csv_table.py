"""A CSV of file names and labels → an ImageTable."""

import csv
import difflib
import io
from collections.abc import Sequence
from pathlib import Path

from warmstart.data.cells import DEFAULT_COLUMNS, Cells, Columns, file_name, read_cells
from warmstart.data.missing import is_file
from warmstart.data.records import some
from warmstart.data.split import DEFAULT_DRAW, Draw
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError

OTHER_DELIMITERS = (";", "\t", "|", ",")


def read_csv(
    csv_path: Path,
    root: Path,
    columns: Columns = DEFAULT_COLUMNS,
    *,
    header: bool = True,
    delimiter: str = ",",
    val_idxs: Sequence[int] | None = None,
    draw: Draw = DEFAULT_DRAW,
) -> ImageTable:
    """Read the images and labels that a CSV lists (UTF-8, with or without a byte order mark).

    Args:
        csv_path: The CSV.
        root: What the files lie under.
        columns: Which column says what.
        header: Whether the first line names the columns.
        delimiter: What stands between cells.
        val_idxs: Positions from 0 of the rows that validate, the header not counted.
        draw: How validation rows are drawn, if neither ``val_idxs`` nor a column says.

    Returns:
        One row per file, sorted by name.

    Raises:
        DataError: it has no rows.
    """
    lines = parse(csv_path, delimiter)
    titles = lines[0][1] if header and lines else None
    rows = lines[1:] if header else lines
    if not rows:
        raise DataError(
            f"{csv_path} has no rows" + (" below its header." if lines else "."),
            expected="a line per image: name,label.",
            fix="pass header=False if the first line is an image." if lines else "write one.",
        )
    width = len(lines[0][1])
    refuse_other_delimiter(csv_path, lines[0][1], delimiter)
    refuse_ragged(csv_path, rows, width)
    if titles is not None and isinstance(columns.name, int) and columns.name < width:
        refuse_image_as_header(
            csv_path, root, file_name(titles[columns.name], str(root.absolute()), columns)
        )

    def cells(column: str | int | None) -> list[str] | None:
        if column is None:
            return None
        position = find_column(csv_path.name, titles, width, column)
        return [row[position] for _, row in rows]

    found = Cells(
        source=csv_path.name,
        where=[f"line {line}" for line, _ in rows],
        names=cells(columns.name) or [],
        labels=cells(columns.label) or [],
        splits=cells(columns.split),
        groups=cells(columns.group),
    )
    return read_cells(found, root, columns, val_idxs=val_idxs, draw=draw)


def parse(csv_path: Path, delimiter: str) -> list[tuple[int, list[str]]]:
    """(line number, cells) of every line that is not blank.

    Raises:
        DataError: there is no such file, it is not UTF-8, or a quote does not end.
    """
    if not csv_path.is_file():
        raise DataError(
            f"there is no file {csv_path}.",
            expected="a CSV with a line per image: name,label.",
            fix="check the spelling.",
        )
    content = csv_path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        old = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "cp1252"
        raise DataError(
            f"{csv_path} is not UTF-8: byte 0x{content[error.start]:02x} at position "
            f"{error.start}, in line {line}.",
            expected="a CSV in UTF-8.",
            fix=f"iconv -f {old} -t utf-8 '{csv_path.name}' > new.csv (if it is {old})",
        ) from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines = []
    try:
        for row in reader:
            if row:
                lines.append((reader.line_num, row))
    except csv.Error as error:
        raise DataError(
            f"{csv_path}, line {reader.line_num}: {error}.",
            expected='quotes in pairs, and "" for a quote within quotes.',
            fix=f"mend line {reader.line_num}, or a quote opened before it.",
        ) from error
    return lines


def refuse_other_delimiter(csv_path: Path, first: list[str], delimiter: str) -> None:
    """A line that is one cell, with another delimiter in it.

    Raises:
        DataError: the cells are parted by something else.
    """
    others = [other for other in OTHER_DELIMITERS if other != delimiter and other in first[0]]
    if len(first) == 1 and others:
        raise DataError(
            f"the cells of {csv_path} seem to be parted by {others[0]!r}, not {delimiter!r}: its "
            f"first line is {first[0]!r}.",
            expected=f"cells parted by {delimiter!r}.",
            fix=f"pass delimiter={others[0]!r}.",
            flags=("--delimiter", others[0]),
        )


def refuse_ragged(csv_path: Path, rows: list[tuple[int, list[str]]], width: int) -> None:
    """Lines with a cell too few or too many: a label would be read from the wrong column.

    Raises:
        DataError: there is one.
    """
    ragged = [f"line {line} has {len(row)}" for line, row in rows if len(row) != width]
    if ragged:
        raise DataError(
            f"{csv_path} has {width} cell(s) in its first line, and not in {len(ragged)} "
            f"other(s): {some(ragged)}.",
            expected="the same number of cells in every line.",
            fix='put a cell with a comma in it into quotes: a.jpg,"cat, black"',
        )


def refuse_image_as_header(csv_path: Path, root: Path, name: str) -> None:
    """A first line that would be taken for a header, though it names an image.

    Raises:
        DataError: it does.
    """
    if name and is_file(root / name):
        raise DataError(
            f"the first line of {csv_path} is taken for a header, and it names an image: {name}.",
            expected="names of columns in the first line.",
            fix="pass header=False.",
            flags=("--no-header",),
        )


def find_column(source: str, titles: Sequence[str] | None, width: int, column: str | int) -> int:
    """The position of a column.

    Raises:
        SettingError: there is no such column, or two have this header.
    """
    if isinstance(column, int) and -width <= column < width:
        return column % width
    if titles is not None and isinstance(column, str) and list(titles).count(column) == 1:
        return list(titles).index(column)
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
