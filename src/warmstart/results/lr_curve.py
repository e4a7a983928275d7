"""Losses against rates, and the rate to start with."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMOOTHING_DECADES = 0.2  # standard deviation of the average over neighbouring rates
FLOOR = 0.2  # the floor ends where a fifth of the fall is lost again
HIGHEST = 4.0  # times the first loss; beyond it a loss says no more than that it diverged


@dataclass(frozen=True, eq=False)
class LRCurve:
    """``lrs`` (S,) growing, ``losses`` (S,) of the step taken with each.

    ``share`` of the middle of the floor is suggested: what suits the optimiser.
    """

    lrs: NDArray[np.float64]
    losses: NDArray[np.float64]
    share: float = 1.0

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """Mean of the losses (S,) at rates near each, weighted by distance in decades.

        A mean over both sides has its fall and its rise where the losses have them; a running
        mean of past steps has both too late, by half a decade in a sweep of a hundred steps.
        """
        highest = HIGHEST * self.losses[0] if np.isfinite(self.losses[0]) else 1.0
        losses = np.minimum(np.where(np.isfinite(self.losses), self.losses, highest), highest)
        decades = np.log10(self.lrs)
        distances = (decades[:, None] - decades[None, :]) / SMOOTHING_DECADES
        weights = np.exp(-0.5 * distances**2)
        means: NDArray[np.float64] = weights @ losses / weights.sum(axis=1)
        return means

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw it: a matplotlib figure, also written to ``path`` if one is given."""
        return import_module("warmstart.plots.curves").plot_lr_curve(self, path)

    @property
    def floor(self) -> tuple[float, float]:
        """First and last rate of the floor around the smoothed loss's minimum."""
        smoothed = self.smoothed
        lowest = int(smoothed.argmin())
        inside = smoothed <= smoothed[lowest] + FLOOR * max(0.0, smoothed[0] - smoothed[lowest])
        after = np.flatnonzero(~inside[lowest:])
        last = lowest + int(after[0]) - 1 if len(after) else len(smoothed) - 1
        return float(self.lrs[int(inside.argmax())]), float(self.lrs[last])

    @property
    def suggestion(self) -> float:
        """A rate before the loss turns: the floor's middle in decades, times ``share``.

        For weights that have something to learn, in a sweep of about a hundred steps. After a fit
        the loss hardly falls any more, the floor is narrow, and what is suggested is far too low.

        Differs from:
            A tenth of the rate at the minimum (fastai), and steepest slope or valley (fastai 2):
            where on its flat floor the minimum falls is chance, and the other two lie where a
            longer fit still learns slowly. Measured in benchmarks/lr_suggestion.py.
        """
        first, last = self.floor
        return self.share * float(np.sqrt(first * last))
