"""Cells of a CSV that a spreadsheet does not compute, and a terminal does not obey."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from warmstart.errors import reason_of
from warmstart.files.reading import read_text
from warmstart.files.strict import printable, refuse_file

FORMULA_SIGNS = ("=", "+", "-", "@")  # with which spreadsheets begin to compute


def safe_cell(text: str) -> str:
    r"""A text for a cell: a quote before a formula, other signs than text in hexadecimal.

    >>> safe_cell("=1+1"), safe_cell("cat"), safe_cell("a\nb")
    ("'=1+1", 'cat', 'a\\x0ab')
    """
    shown = printable(text)
    return f"'{shown}" if shown.lstrip().startswith(FORMULA_SIGNS) else shown


def by_cell(names: Iterable[str]) -> dict[str, str]:
    """Names by what stands in their cells: as it is written here, or as it was before."""
    names = list(names)
    return {name: name for name in names} | {safe_cell(name): name for name in names}


def read_cells(path: Path) -> tuple[list[str], list[list[str]]]:
    """The titles of a CSV as ``write_rows`` writes them, and its rows, each as long as they are."""
    text = read_text(path)
    try:
        titles, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        refuse_file(str(path), f"is no CSV as it was written: {reason_of(error)}")
    short = next((i for i, row in enumerate(rows, 2) if len(row) != len(titles)), None)
    if short is not None:
        refuse_file(str(path), f"has {len(titles)} columns, but not in row {short}")
    return titles, rows


def write_rows(file: Any, rows: Iterable[Sequence[object]]) -> None:
    """Write rows of a CSV; numbers as they are, texts as ``safe_cell`` has them.

    Args:
        file: Whatever ``csv.writer`` takes.
        rows: Of numbers and texts.
    """
    csv.writer(file).writerows(
        [safe_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
