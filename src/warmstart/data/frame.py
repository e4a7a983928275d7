"""A pandas or polars frame of file names and labels → an ImageTable."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from warmstart.data.cells import DEFAULT_COLUMNS, Cells, Columns, Label, read_cells
from warmstart.data.csv_table import find_column
from warmstart.data.split import DEFAULT_DRAW, Draw
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError


def read_frame(
    frame: Any,
    root: Path,
    columns: Columns = DEFAULT_COLUMNS,
    *,
    val_idxs: Sequence[int] | None = None,
    draw: Draw = DEFAULT_DRAW,
) -> ImageTable:
    """Read the images and labels that a frame lists; its index counts for nothing.

    Args:
        frame: A DataFrame of pandas or polars; neither is imported. A cell of labels may be a
            list: then an image may have any number of classes.
        root: What the files lie under.
        columns: Which column says what.
        val_idxs: Positions from 0 of the rows that validate.
        draw: How validation rows are drawn, if neither ``val_idxs`` nor a column says.

    Returns:
        One row per file, sorted by name.

    Raises:
        SettingError: ``frame`` is not a frame.
        DataError: it has no rows.
    """
    titles = getattr(frame, "columns", None)
    if titles is None or not hasattr(frame, "__getitem__"):
        raise SettingError(
            f"the frame is a {type(frame).__name__}.",
            expected="a DataFrame of pandas or polars.",
            fix='pass pandas.DataFrame({"name": names, "label": labels}).',
        )
    titles = list(titles)

    def cells(column: str | int | None) -> list[Any] | None:
        if column is None:
            return None
        shown = [str(title) for title in titles]
        values = frame[titles[find_column("the frame", shown, len(shown), column)]]
        return list(values.to_list() if hasattr(values, "to_list") else values.tolist())

    def texts(column: str | int | None) -> list[str] | None:
        values = cells(column)
        return None if values is None else [text(value) or "" for value in values]

    names = texts(columns.name) or []
    if not names:
        raise DataError(
            "the frame has no rows.", expected="a row per image.", fix="fill it before."
        )
    found = Cells(
        source="the frame",
        where=[f"row {row}" for row in range(len(names))],
        names=names,
        labels=[label_cell(value) for value in cells(columns.label) or []],
        splits=texts(columns.split),
        groups=texts(columns.group),
    )
    return read_cells(found, root, columns, val_idxs=val_idxs, draw=draw)


def label_cell(value: object) -> Label:
    """A cell of labels: a text, several, or nothing."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return text(value)
    return tuple(text(item) or "" for item in value)


def text(value: object) -> str | None:
    """A cell as text; None for None, NaN and NA.

    A whole float loses its ".0": a frame makes floats of integers as soon as one is missing.
    """
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if value.is_integer():
            return str(int(value))
    return str(value)
