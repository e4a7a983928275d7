"""Cells of a CSV that a spreadsheet does not compute, and a terminal does not obey."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from warmstart.errors import printable, reason_of
from warmstart.files.reading import PLAIN_TEXT_BYTES, read_text
from warmstart.files.strict import refuse_file

# with which spreadsheets begin to compute, some also with the wide ones
FORMULA_SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
QUOTE = "'"


def safe_cell(text: str) -> str:
    r"""A text for a cell: a quote before a formula, other signs than text in hexadecimal.

    >>> safe_cell("=1+1"), safe_cell("cat"), safe_cell("a\nb")
    ("'=1+1", 'cat', 'a\\x0ab')
    """
    shown = printable(text)
    return QUOTE + shown if is_formula(shown.lstrip(QUOTE)) else shown


def unquoted(cell: str) -> str:
    """A cell without the quote that stands before a formula."""
    has_quote = cell.startswith(QUOTE) and is_formula(cell.lstrip(QUOTE))
    return cell[1:] if has_quote else cell


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would compute it."""
    return text.lstrip().startswith(FORMULA_SIGNS)


def by_cell(names: Iterable[str]) -> dict[str, str]:
    """Names by what stands in their cells: as it is written here, or as it was before.

    >>> by_cell(["=1+1"])
    {'=1+1': '=1+1', "'=1+1": '=1+1'}
    """
    names = list(names)
    found = {name: name for name in names}
    for form in (printable, safe_cell):  # the first: as one of several in a cell
        found |= {form(name): name for name in names}
    return found


def read_cells(path: Path, most_bytes: int = PLAIN_TEXT_BYTES) -> tuple[list[str], list[list[str]]]:
    """Read a CSV as ``write_rows`` writes it.

    Args:
        path: A regular file in UTF-8.
        most_bytes: More than any that could be meant.

    Returns:
        Titles (C), and rows of C cells each, as they stand there; anything else is refused.
    """
    text = read_text(path, most_bytes)
    try:
        titles, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        refuse_file(str(path), f"is no CSV as it was written: {reason_of(error)}")
    short = next((i for i, row in enumerate(rows, 2) if len(row) != len(titles)), None)
    if short is not None:
        refuse_file(str(path), f"has {len(titles)} columns, but not in row {short}")
    return titles, rows


def write_rows(file: Any, rows: Iterable[Sequence[object]], *, line_end: str = "\r\n") -> None:
    """Write rows of a CSV; numbers as they are, texts as ``safe_cell`` has them.

    Args:
        file: Whatever ``csv.writer`` takes.
        rows: Of numbers and texts.
        line_end: Behind each.
    """
    csv.writer(file, lineterminator=line_end).writerows(
        [safe_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
