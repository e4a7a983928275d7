"""A CSV of file names and labels → an ImageTable."""

import csv
import io
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warmstart.data.cells import read_grid
from warmstart.data.columns import DEFAULT_COLUMNS, Columns, Grid, LineNumbers
from warmstart.data.encodings import decode_text
from warmstart.data.faults import Faults
from warmstart.data.file_names import check_on_this_computer, resolve_base, resolve_names
from warmstart.data.scan import is_file
from warmstart.data.split import DEFAULT_DRAW, Draw
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError, first_few
from warmstart.files.reading import read_regular

OTHER_DELIMITERS = (";", "\t", "|", ",")
MOST_ALIKE = 10_000  # cells of a column that are looked at: are there few different ones?
MOST_BYTES = 4 << 30  # ten million lines have one
SUFFIXES = (".csv", ".tsv")
Line = tuple[int, list[str]]  # its number in the file, its cells


@dataclass(frozen=True)
class Dialect:
    """How a file of cells is written.

    Args:
        header: Whether the first line names the columns.
        delimiter: What stands between cells.
        encoding: Of its text; None is UTF-8, or what a byte order mark says.
    """

    header: bool = True
    delimiter: str = ","
    encoding: str | None = None


def is_table(source: Path) -> bool:
    """Whether a source is a table and no folder."""
    return source.suffix.lower() in SUFFIXES and not source.is_dir()


def delimiter_of(source: Path, given: str) -> str:
    r"""One character; a tab may be typed as \t, and is usual in a .tsv.

    Raises:
        SettingError: it is none or several.
    """
    delimiter = "\t" if given == "\\t" else given
    if delimiter == "," and source.suffix.lower() == ".tsv":
        return "\t"
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise SettingError(
            f"the delimiter {given!r} is not one character that can part cells.",
            expected="one character, such as a comma or a semicolon.",
            fix="pass delimiter=','.",
            flags=("--delimiter", ","),
        )
    return delimiter


def read_csv(
    csv_path: Path,
    root: Path,
    columns: Columns = DEFAULT_COLUMNS,
    dialect: Dialect | None = None,
    *,
    val_idxs: Any = None,
    draw: Draw = DEFAULT_DRAW,
    faults: Faults | None = None,
) -> ImageTable:
    """Read the images and labels that a CSV lists.

    Args:
        csv_path: The CSV.
        root: What the files lie under.
        columns: Which column says what.
        dialect: How the file is written.
        val_idxs: Rows that validate, as positions from 0 (the header not counted) or as a mask.
        draw: How validation rows are drawn, if neither ``val_idxs`` nor a column says.
        faults: Where a checkup wants what is wrong; None raises it.

    Returns:
        One row per file, sorted by name.
    """
    dialect, faults = dialect or Dialect(), faults or Faults()
    grid = read_lines(csv_path, dialect, faults)
    if grid.titles is not None:
        check_header(csv_path, root, grid.titles, columns)
    return read_grid(grid, root, columns, val_idxs=val_idxs, draw=draw, faults=faults)


def read_lines(csv_path: Path, dialect: Dialect, faults: Faults) -> Grid:
    """The cells of a CSV as columns.

    Args:
        csv_path: The file.
        dialect: How it is written.
        faults: What takes an error of lines that are shorter or longer than the first.

    Raises:
        DataError: it has no rows.
    """
    lines = parse_csv(csv_path, dialect.delimiter, dialect.encoding)
    titles = lines[0][1] if dialect.header and lines else None
    rows = lines[1:] if dialect.header else lines
    if not rows:
        raise DataError(
            f"{csv_path} has no rows" + (" below its header." if lines else "."),
            expected="a line per image: name,label.",
            fix="pass header=False if the first line is an image." if lines else "write one.",
        )
    width = len(lines[0][1])
    check_other_delimiter(csv_path, lines[0][1], dialect.delimiter)
    rows = check_widths(csv_path, rows, width, faults)
    return Grid(
        csv_path.name,
        LineNumbers(array("Q", (line for line, _ in rows))),
        tuple(with_few_objects([row[place] for _, row in rows]) for place in range(width)),
        None if titles is None else tuple(titles),
    )


def with_few_objects(cells: list[str]) -> list[str]:
    """The same cells, those that are alike being one object, where most are."""
    known: dict[str, str] = {}
    for cell in cells[:: max(1, len(cells) // MOST_ALIKE)]:
        known[cell] = cell
    if len(known) * 2 > min(len(cells), MOST_ALIKE):
        return cells
    return [known.setdefault(cell, cell) for cell in cells]


def parse_csv(csv_path: Path, delimiter: str, encoding: str | None = None) -> list[Line]:
    """The cells of a CSV, line by line.

    Args:
        csv_path: The file.
        delimiter: One character; a first line such as ``sep=;`` says otherwise.
        encoding: Of its text; None is UTF-8, or what a byte order mark says.

    Returns:
        (Line number from 1, cells) of every line with something in a cell.

    Raises:
        DataError: there is no such file, or a quote does not end.
    """
    check_on_this_computer(csv_path)
    if not is_file(csv_path):
        raise DataError(
            f"there is no file {csv_path}.",
            expected="a CSV with a line per image: name,label.",
            fix="check the spelling.",
        )
    text = decode_text(read_regular(csv_path, MOST_BYTES), csv_path, encoding)
    first, _, rest = text.partition("\n")
    skipped = 0
    if re.fullmatch(r"sep=[^\r]\r?", first, re.IGNORECASE):  # Excel's own way to say it
        text, delimiter, skipped = rest, first[4], 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                lines.append((reader.line_num + skipped, row))
    except csv.Error as error:
        raise DataError(
            f"{csv_path}, line {reader.line_num}: {error}.",
            expected='quotes in pairs, and "" for a quote within quotes.',
            fix=f"mend line {reader.line_num}, or a quote opened before it.",
        ) from error
    return lines


def check_other_delimiter(csv_path: Path, first: list[str], delimiter: str) -> None:
    """A line that is one cell, with another delimiter in it.

    Raises:
        DataError: the cells are parted by something else.
    """
    others = [other for other in OTHER_DELIMITERS if other != delimiter and other in first[0]]
    if len(first) == 1 and others:
        raise DataError(
            f"the cells of {csv_path} seem to be separated by {others[0]!r}, not {delimiter!r}: "
            f"its first line is {first[0]!r}.",
            expected=f"cells separated by {delimiter!r}.",
            fix=f"pass delimiter={others[0]!r}.",
            flags=("--delimiter", others[0]),
        )


def check_widths(csv_path: Path, rows: Sequence[Line], width: int, faults: Faults) -> list[Line]:
    """Lines of as many cells each; empty ones beyond that are cut, as spreadsheets add such.

    Others with a cell too few or too many are a fault: a label would be read from the wrong column.
    """
    rows = [(line, row[:width] if not any(row[width:]) else row) for line, row in rows]
    ragged = [f"line {line} has {len(row)}" for line, row in rows if len(row) != width]
    if ragged:
        faults.add(
            DataError(
                f"{csv_path} has {width} cell(s) in its first line, and not in {len(ragged)} "
                f"other(s): {first_few(ragged)}.",
                expected="the same number of cells in every line.",
                fix='put a cell with a comma in it into quotes: a.jpg,"cat, black"',
            )
        )
    return [(line, row) for line, row in rows if len(row) == width]


def check_header(csv_path: Path, root: Path, titles: Sequence[str], columns: Columns) -> None:
    """A first line that would be taken for a header, though it names an image.

    Raises:
        DataError: it does.
    """
    base = resolve_base(root, columns.folder)
    names, _ = resolve_names(titles, base, columns.suffix, ())
    images = [name for name in names if name and is_file(base.root / name)]
    if images:
        raise DataError(
            f"the first line of {csv_path} is taken for a header, and it names an image: "
            f"{images[0]}.",
            expected="names of columns in the first line.",
            fix="pass header=False.",
            flags=("--no-header",),
        )
