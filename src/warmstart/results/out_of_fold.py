"""What cross-validation says of the training rows."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from warmstart.results.predictions import Predictions


@dataclass(frozen=True, eq=False, repr=False)
class OutOfFoldPredictions(Predictions):
    """Predictions of the training rows, each by a head that was trained without its fold.

    ``folds`` (N,) says which fold a row is in, from 0; ``lr`` is the rate that all heads had, None
    of logistic heads, whose ``penalties`` (k,) are C, one per fold.
    """

    folds: NDArray[np.int64]
    lr: float | None = None
    penalties: tuple[float, ...] = ()

    @property
    def fold_accuracies(self) -> NDArray[np.float64]:
        """Accuracy of each fold's rows (k,)."""
        return np.array([self.fold(number).accuracy for number in np.unique(self.folds).tolist()])

    def fold(self, number: int) -> "OutOfFoldPredictions":
        """The rows of one fold."""
        chosen = np.flatnonzero(self.folds == number)
        return replace(
            self,
            rows=tuple(self.rows[row] for row in chosen),
            probabilities=self.probabilities[chosen],
            labels=self.labels[chosen],
            folds=self.folds[chosen],
            known_scores=None if self.known_scores is None else self.known_scores[chosen],
        )

    def __str__(self) -> str:
        """Accuracy over all rows with its interval, and the folds' range."""
        low, high = self.accuracy_interval
        each = self.fold_accuracies
        listed = ", ".join(f"{penalty:.3g}" for penalty in self.penalties)
        return (
            f"accuracy {self.accuracy:.4f} (95 % {low:.4f} to {high:.4f}) of {len(self.rows)} "
            f"training rows, out of {len(each)} folds ({each.min():.4f} to {each.max():.4f}), "
            + (f"C {listed}" if self.lr is None else f"rate {self.lr:.2g}")
        )
