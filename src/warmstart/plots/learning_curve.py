"""Accuracy against the number of training images, with what more of them would give."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from warmstart.plots.figure import ACCENT, INK, QUIET, finished, new_figure


def plot_learning_curve(
    points: Mapping[str, Sequence[float]],
    line: Mapping[str, Sequence[float]],
    num_rows: int,
    path: str | Path | None = None,
) -> Figure:
    """What was measured with error bars, the curve with its band, dashed beyond all rows.

    Args:
        points: ``num_rows``, ``accuracy``, ``low`` and ``high`` of what was measured.
        line: The same along the curve.
        num_rows: All training images.
        path: Where the picture is written.
    """
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    along, curve = np.array(line["num_rows"], float), np.array(line["accuracy"], float)
    inside = along <= num_rows
    axes.fill_between(along, line["low"], line["high"], color=ACCENT, alpha=0.15, linewidth=0,
                      label="95 % interval")  # fmt: skip
    axes.plot(along[inside], curve[inside], color=ACCENT, linewidth=2, label="fitted curve")
    axes.plot(along[along >= num_rows], curve[along >= num_rows], color=ACCENT, linewidth=2,
              linestyle="--", label="extrapolated")  # fmt: skip
    values = np.array(points["accuracy"], float)
    bars = np.array([values - points["low"], np.array(points["high"]) - values])
    axes.errorbar(points["num_rows"], values, bars, color=INK, marker="o", linestyle="none",
                  linewidth=1, capsize=3, label="measured")  # fmt: skip
    axes.axvline(num_rows, color=QUIET, linestyle=":", linewidth=1)
    axes.set_xscale("log")
    ticks = sorted({*(int(rows) for rows in points["num_rows"]), num_rows, int(along[-1])})
    axes.set_xticks(ticks)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.set_xlabel("training images")
    axes.set_ylabel("accuracy on new images")
    axes.legend(frameon=False, loc="lower right")
    return finished(figure, path)
