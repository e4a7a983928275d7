"""Accuracy against the number of training images, with what more of them would give."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

from warmstart.plots.figure import ACCENT, INK, QUIET, finished, new_figure


def plot_learning_curve(
    points: NDArray[np.float64],
    line: NDArray[np.float64],
    num_rows: int,
    path: str | Path | None = None,
) -> Figure:
    """What was measured with error bars, the curve with its band, dashed beyond all rows.

    Args:
        points: (P, 4) what was measured: training images, accuracy, both ends of its interval.
        line: (L, 4) the same along the curve.
        num_rows: All training images; the line has a point there.
        path: Where the picture is written.
    """
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    along, curve, low, high = line.T
    axes.fill_between(along, low, high, color=ACCENT, alpha=0.15, linewidth=0,
                      label="95 % interval")  # fmt: skip
    inside, beyond = along <= num_rows, along >= num_rows
    axes.plot(along[inside], curve[inside], color=ACCENT, linewidth=2, label="fitted curve")
    axes.plot(along[beyond], curve[beyond], color=ACCENT, linewidth=2, linestyle="--",
              label="extrapolated")  # fmt: skip
    rows, values, low, high = points.T
    axes.errorbar(rows, values, [values - low, high - values], color=INK, marker="o",
                  linestyle="none", linewidth=1, capsize=3, label="measured")  # fmt: skip
    axes.axvline(num_rows, color=QUIET, linestyle=":", linewidth=1)
    axes.set_xscale("log")
    axes.set_xticks(sorted({*rows.tolist(), num_rows, along[-1]}))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.set_xlabel("training images")
    axes.set_ylabel("accuracy on new images")
    axes.legend(frameon=False, loc="lower right")
    return finished(figure, path)
