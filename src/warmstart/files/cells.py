"""Cells of a CSV that a spreadsheet does not compute, and a terminal does not obey."""

import csv
from collections.abc import Iterable, Sequence
from typing import Any

from warmstart.files.strict import printable

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


def write_rows(file: Any, rows: Iterable[Sequence[object]]) -> None:
    """Write rows of a CSV; numbers as they are, texts as ``safe_cell`` has them.

    Args:
        file: Whatever ``csv.writer`` takes.
        rows: Of numbers and texts.
    """
    csv.writer(file).writerows(
        [safe_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
