"""Losses against rates, and the rate to start with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 0.9


@dataclass(frozen=True, eq=False)
class LRCurve:
    """``lrs`` (S,) growing, ``losses`` (S,) of the step taken with each."""

    lrs: NDArray[np.float64]
    losses: NDArray[np.float64]

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """Exponential average of the losses (S,), without the bias of its start."""
        out, average = np.empty(len(self.losses)), 0.0
        for i, loss in enumerate(self.losses):
            average = SMOOTHING * average + (1 - SMOOTHING) * float(loss)
            out[i] = average / (1 - SMOOTHING ** (i + 1))
        return out

    @property
    def suggestion(self) -> float:
        """A rate before the loss turns: a tenth of the one at the smoothed loss's minimum."""
        finite = np.where(np.isfinite(self.smoothed), self.smoothed, np.inf)
        return float(self.lrs[int(finite.argmin())]) / 10
