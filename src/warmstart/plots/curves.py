"""Rates and losses as lines."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from warmstart.plots.figure import ACCENT, QUIET, finished, new_figure
from warmstart.results.history import History
from warmstart.results.lr_curve import LRCurve


def plot_lr_curve(curve: LRCurve, path: str | Path | None = None) -> Figure:
    """Loss against rate, with the suggestion marked.

    Args:
        curve: From ``lr_find``.
        path: Where the picture is written.
    """
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    axes.plot(curve.lrs, curve.losses, color=QUIET, linewidth=0.8, alpha=0.6, label="each step")
    axes.plot(curve.lrs, curve.smoothed, color=ACCENT, linewidth=2, label="smoothed")
    axes.axvline(curve.suggestion, color="black", linestyle="--", linewidth=1,
                 label=f"suggestion {curve.suggestion:.2g}")  # fmt: skip
    finite = curve.smoothed[np.isfinite(curve.smoothed)]
    if len(finite):
        axes.set_ylim(0, 1.2 * float(max(finite[0], np.percentile(finite, 90))))
    axes.set_xscale("log")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("training loss")
    axes.legend(frameon=False)
    return finished(figure, path)


def plot_lr(history: History, path: str | Path | None = None) -> Figure:
    """The rate of every step, a line per layer group.

    Args:
        history: What happened.
        path: Where the picture is written.
    """
    figure = new_figure(6.4, 3.2)
    axes = figure.add_subplot()
    lines = rates_by_group(history)
    for place, lrs in enumerate(lines):
        axes.plot(lrs, label="head" if place == len(lines) - 1 else f"layer group {place}")
    if len(lines) > 1:
        axes.legend(frameon=False)
    axes.set_xlabel("step")
    axes.set_ylabel("learning rate")
    return finished(figure, path)


def rates_by_group(history: History) -> NDArray[np.float64]:
    """Rates (G, S), the head's last; NaN in the steps of fits that did not train a group."""
    num_groups = max(map(len, history.step_lrs), default=0)
    rates = np.full((num_groups, len(history.step_lrs)), np.nan)
    for step, lrs in enumerate(history.step_lrs):
        rates[num_groups - len(lrs) :, step] = lrs
    return rates


def plot_loss(history: History, path: str | Path | None = None) -> Figure:
    """The training loss of every step, the validation loss of every epoch.

    Args:
        history: What happened.
        path: Where the picture is written.
    """
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    axes.plot(history.step_losses, color=QUIET, linewidth=0.8, label="training, each step")
    ends = np.cumsum([record.num_steps for record in history.records]) - 1
    judged = [(end, r.valid_loss) for end, r in zip(ends, history.records, strict=True)
              if r.valid_loss is not None]  # fmt: skip
    if judged:
        axes.plot(*zip(*judged, strict=True), color=ACCENT, marker="o", label="validation")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.legend(frameon=False)
    return finished(figure, path)
