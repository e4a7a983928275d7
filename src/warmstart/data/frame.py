"""A pandas or polars frame of file names and labels → an ImageTable."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from warmstart.data.cells import read_grid
from warmstart.data.columns import DEFAULT_COLUMNS, Columns, Grid
from warmstart.data.faults import Faults
from warmstart.data.split import DEFAULT_DRAW, Draw
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError


class FrameColumns(Sequence[list[Any]]):
    """The columns of a frame, each as Python's own values once it is asked for."""

    def __init__(self, frame: Any, titles: list[Any]) -> None:
        """Take the frame; there may be thousands of columns that nobody asks for."""
        self.frame, self.titles = frame, titles
        self._made: dict[int, list[Any]] = {}

    def __len__(self) -> int:
        """How many columns."""
        return len(self.titles)

    def __getitem__(self, position: Any) -> Any:
        """The cells of one column."""
        if position not in self._made:
            values = self.frame[self.titles[position]]
            has_own = hasattr(values, "to_list")
            self._made[position] = list(values.to_list() if has_own else values.tolist())
        return self._made[position]


def read_frame(
    frame: Any,
    root: Path,
    columns: Columns = DEFAULT_COLUMNS,
    *,
    val_idxs: Any = None,
    draw: Draw = DEFAULT_DRAW,
    faults: Faults | None = None,
) -> ImageTable:
    """Read the images and labels that a frame lists; its index counts for nothing.

    Args:
        frame: A DataFrame of pandas or polars; neither is imported. A cell of labels may be a
            list: then an image may have any number of classes.
        root: What the files lie under.
        columns: Which column says what.
        val_idxs: Rows that validate, as positions from 0 or as a mask.
        draw: How validation rows are drawn, if neither ``val_idxs`` nor a column says.
        faults: Where a checkup wants what is wrong; None raises it.

    Returns:
        One row per file, sorted by name.

    Raises:
        SettingError: ``frame`` is not a frame, or two of its columns have one title.
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
    if len(set(titles)) < len(titles):
        raise SettingError(
            f"the frame has {len(titles)} columns with {len(set(titles))} titles.",
            expected="a title for each column.",
            fix="rename those that are double.",
        )
    columns_of = FrameColumns(frame, titles)
    if not titles or not columns_of[0]:
        raise DataError(
            "the frame has no rows.", expected="a row per image.", fix="fill it before."
        )
    grid = Grid(
        "the frame",
        tuple(f"row {row}" for row in range(len(columns_of[0]))),
        columns_of,
        tuple(str(title) for title in titles),
    )
    return read_grid(grid, root, columns, val_idxs=val_idxs, draw=draw, faults=faults)
