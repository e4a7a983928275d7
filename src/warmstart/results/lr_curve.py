"""Losses against rates, and the rate to start with."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMOOTHING_DECADES = 0.2  # standard deviation of the average over neighbouring rates
FLOOR = 0.2  # the floor ends where a fifth of the fall is lost again
TRAINED = 1 / 3  # of the loss of chance, below which a network has learned before
RISEN = 0.1  # of the loss of chance
FIRST_LOSSES = 5  # whose mean is the loss before the sweep: at the smallest rates nothing moves
HIGHEST = 4.0  # times the first loss; beyond it a loss says no more than that it diverged


@dataclass(frozen=True, eq=False)
class LRCurve:
    """``lrs`` (S,) growing, ``losses`` (S,) of the step taken with each.

    ``share`` of the middle of the floor is suggested: what suits the optimiser. ``chance`` is the
    loss of a network that knows nothing, None where nobody says.
    """

    lrs: NDArray[np.float64]
    losses: NDArray[np.float64]
    share: float = 1.0
    chance: float | None = None

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """Mean of the losses (S,) at rates near each, weighted by distance in decades.

        A mean over both sides has its fall and its rise where the losses have them; a running
        mean of past steps has both too late, by half a decade in a sweep of a hundred steps.
        """
        first = self.losses[0] if np.isfinite(self.losses[0]) else 1 / HIGHEST
        highest = HIGHEST * max(first, self.chance or 0.0)
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
    def is_trained(self) -> bool:
        """Whether the loss began far below chance: then a sweep has next to nothing to lower."""
        return self.chance is not None and knows_much(self.losses, self.chance)

    @property
    def turning(self) -> float:
        """The last rate before the smoothed loss rises by a tenth of what chance would lose."""
        risen = self.smoothed > start_of(self.losses) + RISEN * (self.chance or 0.0)
        after = np.flatnonzero(risen)
        return float(self.lrs[max(0, int(after[0]) - 1) if len(after) else -1])

    @property
    def suggestion(self) -> float:
        """A rate before the loss turns: the floor's middle in decades, times ``share``.

        For weights that have something to learn, in a sweep of about a hundred steps. After a fit
        the loss hardly falls any more, and there is no floor to find the middle of: then it is a
        tenth of the rate at which the loss turns up.

        Differs from:
            A tenth of the rate at the minimum (fastai), and steepest slope or valley (fastai 2):
            where on its flat floor the minimum falls is chance, and the other two lie where a
            longer fit still learns slowly. Measured in benchmarks/lr_suggestion.py.
        """
        if self.is_trained:
            return self.share * self.turning / 10
        first, last = self.floor
        return self.share * float(np.sqrt(first * last))


def start_of(losses: NDArray[np.float64]) -> float:
    """The loss before the sweep."""
    return float(np.mean(losses[:FIRST_LOSSES]))


def knows_much(losses: NDArray[np.float64], chance: float) -> bool:
    """Whether losses (S,), of which the first ones count, begin far below those of chance."""
    return bool(start_of(losses) < TRAINED * chance)
