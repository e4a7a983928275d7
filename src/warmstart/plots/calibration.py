"""The reliability diagram: what was said against what came true."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from warmstart.plots.figure import ACCENT, QUIET, finished, new_figure


def plot_reliability(
    confidence: NDArray[np.float64],
    truth: NDArray[np.float64],
    counts: NDArray[np.int64],
    path: str | Path | None = None,
    *,
    title: str = "",
) -> Figure:
    """Share that is so against probability given, per bin, with how many there are below.

    Args:
        confidence: (B,) mean probability in each bin.
        truth: (B,) share that is so; bins are of equal width, from 0 to 1.
        counts: (B,) answers in each bin; empty ones are not drawn.
        path: Where the picture is written.
        title: Above the picture.
    """
    figure = new_figure(4.8, 5.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    edges = np.linspace(0, 1, len(counts) + 1)
    filled = counts > 0
    upper.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1, label="calibrated")
    upper.vlines(confidence[filled], confidence[filled], truth[filled], color=ACCENT, alpha=0.4)
    upper.plot(confidence[filled], truth[filled], color=ACCENT, marker="o", label="this model")
    upper.set_ylabel("share that is so")
    upper.set_ylim(-0.02, 1.02)
    upper.legend(frameon=False)
    upper.set_title(title, fontsize=11)
    lower.bar(edges[:-1], counts, width=1 / len(counts), align="edge", color=QUIET)
    lower.set_xlabel("probability given")
    lower.set_ylabel("answers")
    lower.set_xlim(0, 1)
    return finished(figure, path)
