"""Pictures in a grid, as a network sees them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from warmstart.plots.confusion import shortened
from warmstart.plots.figure import finished, new_figure

INCHES = 1.6  # of one picture


def plot_batch(
    pictures: Sequence[tuple[str, NDArray[np.uint8]]],
    num_columns: int,
    title: str,
    path: str | Path | None = None,
) -> Figure:
    """Draw pictures with a title over each.

    Args:
        pictures: (Title, pixels (H, W, 3)), row by row.
        num_columns: Pictures in a row.
        title: Of the whole.
        path: Where the figure is written.

    Returns:
        The figure.
    """
    num_rows = -(-len(pictures) // num_columns)
    figure = new_figure(max(5.0, INCHES * num_columns), (INCHES + 0.25) * num_rows + 0.5)
    figure.suptitle(title, fontsize=9, wrap=True)
    grid = figure.subplots(num_rows, num_columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (name, pixels) in zip(grid.flat, pictures, strict=False):
        axes.imshow(pixels)
        axes.set_title(shortened(name), fontsize=8)
    return finished(figure, path)
