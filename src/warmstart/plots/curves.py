"""Rates and losses as lines, and what was said against what came true."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from warmstart.plots.figure import ACCENT, QUIET, finished, new_figure


def plot_lr_curve(
    lrs: NDArray[np.float64],
    losses: NDArray[np.float64],
    smoothed: NDArray[np.float64],
    suggestion: float,
    path: str | Path | None = None,
) -> Figure:
    """Loss against rate, with the suggestion marked.

    Args:
        lrs: (S,) the rate of each step.
        losses: (S,) its loss.
        smoothed: (S,) the same without the noise between batches.
        suggestion: The rate to start with.
        path: Where the picture is written.
    """
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    axes.plot(lrs, losses, color=QUIET, linewidth=0.8, alpha=0.6, label="each step")
    axes.plot(lrs, smoothed, color=ACCENT, linewidth=2, label="smoothed")
    axes.axvline(suggestion, color="black", linestyle="--", linewidth=1,
                 label=f"suggestion {suggestion:.2g}")  # fmt: skip
    finite = smoothed[np.isfinite(smoothed)]
    if len(finite):
        axes.set_ylim(0, 1.2 * float(max(finite[0], np.percentile(finite, 90))))
    axes.set_xscale("log")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("training loss")
    axes.legend(frameon=False)
    return finished(figure, path)


def plot_lr(step_lrs: Sequence[tuple[float, ...]], path: str | Path | None = None) -> Figure:
    """The rate of every step, a line per layer group.

    Args:
        step_lrs: (S,) the rates of each step, one per layer group that it trained, the head's last.
        path: Where the picture is written.
    """
    figure = new_figure(6.4, 3.2)
    axes = figure.add_subplot()
    lines = rates_by_group(step_lrs)
    for place, lrs in enumerate(lines):
        axes.plot(lrs, label="head" if place == len(lines) - 1 else f"layer group {place}")
    if len(lines) > 1:
        axes.legend(frameon=False)
    axes.set_xlabel("step")
    axes.set_ylabel("learning rate")
    return finished(figure, path)


def rates_by_group(step_lrs: Sequence[tuple[float, ...]]) -> NDArray[np.float64]:
    """Rates (G, S), the head's last; NaN in the steps of fits that did not train a group."""
    num_groups = max(map(len, step_lrs), default=0)
    rates = np.full((num_groups, len(step_lrs)), np.nan)
    for step, lrs in enumerate(step_lrs):
        rates[num_groups - len(lrs) :, step] = lrs
    return rates


def plot_loss(
    step_losses: Sequence[float],
    epoch_steps: Sequence[int],
    valid_losses: Sequence[float | None],
    path: str | Path | None = None,
) -> Figure:
    """The training loss of every step, the validation loss of every epoch.

    Args:
        step_losses: (S,) the training loss of each step.
        epoch_steps: (E,) how many steps each epoch had.
        valid_losses: (E,) the validation loss of each epoch; None where nothing was evaluated.
        path: Where the picture is written.
    """
    figure = new_figure(6.4, 4.0)
    axes = figure.add_subplot()
    axes.plot(step_losses, color=QUIET, linewidth=0.8, label="training, each step")
    ends = np.cumsum(epoch_steps) - 1
    points = [pair for pair in zip(ends, valid_losses, strict=True) if pair[1] is not None]
    if points:
        axes.plot(*zip(*points, strict=True), color=ACCENT, marker="o", label="validation")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.legend(frameon=False)
    return finished(figure, path)


def plot_reliability(
    groups: NDArray[np.float64],
    counts: NDArray[np.int64],
    path: str | Path | None = None,
    *,
    title: str = "",
) -> Figure:
    """Share that is so against probability given, with error bars, and what was given below.

    Args:
        groups: (B, 4) of each group of answers: mean probability, share that is so, both ends of
            its interval.
        counts: (C,) answers in C bins of equal width from 0 to 1.
        path: Where the picture is written.
        title: Above the picture.
    """
    figure = new_figure(4.8, 5.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    said, so, low, high = groups.T
    upper.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1, label="as it should be")
    upper.errorbar(said, so, [so - low, high - so], color=ACCENT, marker="o", linestyle="none",
                   linewidth=1.5, capsize=3, label="this model, 95 %")  # fmt: skip
    upper.set_ylabel("share that is so")
    upper.set_ylim(-0.02, 1.02)
    upper.legend(frameon=False)
    upper.set_title(title, fontsize=11)
    edges = np.linspace(0, 1, len(counts) + 1)
    lower.bar(edges[:-1], counts, width=1 / len(counts), align="edge", color=QUIET)
    lower.set_xlabel("probability given")
    lower.set_ylabel("answers")
    lower.set_xlim(0, 1.02)
    return finished(figure, path)
