"""Losses against rates, and the rate to start with."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

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

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw it: a matplotlib figure, also written to ``path`` if one is given."""
        return import_module("warmstart.plots.curves").plot_lr_curve(self, path)

    @property
    def suggestion(self) -> float:
        """A rate before the loss turns: a tenth of the one at the smoothed loss's minimum."""
        finite = np.where(np.isfinite(self.smoothed), self.smoothed, np.inf)
        return float(self.lrs[int(finite.argmin())]) / 10
