"""Pictures in a grid: a gallery, a batch as a network sees it, and where it looked."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from warmstart.plots.figure import escaped, finished, new_figure, short_name

MOST_COLUMNS = 6
INCHES = 1.6  # of one picture of a batch
STRENGTH = 0.6  # of the colours over a picture; the rest is the picture
LOWEST = 0.08  # of the colours that are used: the first are black


def plot_gallery(
    pictures: Sequence[NDArray[np.uint8]],
    captions: Sequence[str],
    path: str | Path | None = None,
    *,
    title: str = "",
) -> Figure:
    """Pictures in rows of six.

    Args:
        pictures: (H, W, 3) each.
        captions: One each: what it is, what was said, how probable.
        path: Where the picture is written.
        title: Above all.
    """
    columns = max(1, min(MOST_COLUMNS, len(pictures)))
    lines = max(1, -(-len(pictures) // columns))
    figure = new_figure(max(3.2, 1.9 * columns), 2.3 * lines + 0.4)
    figure.suptitle(escaped(title), fontsize=11)
    grid = figure.subplots(lines, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, pixels, caption in zip(grid.flat, pictures, captions, strict=False):
        axes.imshow(pixels)
        axes.set_title(escaped(caption), fontsize=8)
    return finished(figure, path)


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
        axes.set_title(short_name(name), fontsize=8)
    return finished(figure, path)


def overlaid(pixels: NDArray[np.uint8], heat: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) in grey with a map over it: from dark, nothing, to bright yellow, most.

    Grey, because the map's colours cannot be told from a flower's; inferno, because its brightness
    grows evenly with the value.

    Args:
        pixels: What the network saw.
        heat: (h, w) in [0, 1], from ``grad_cam``; made as large as the picture.
    """
    from matplotlib import colormaps

    height, width = pixels.shape[:2]
    small = Image.fromarray(np.asarray(heat, np.float32), "F")
    large = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)).clip(0, 1)
    colours = colormaps["inferno"](LOWEST + (1 - LOWEST) * large)[..., :3] * 255
    grey = np.asarray(Image.fromarray(pixels).convert("L"), np.float64)[..., None]
    return np.asarray((grey * (1 - STRENGTH) + colours * STRENGTH).round(), np.uint8)
