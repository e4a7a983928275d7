"""What a model says of a set of rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError
from warmstart.results.confusion import ConfusionMatrix


@dataclass(frozen=True, eq=False)
class Predictions:
    """Probabilities of every row, in table order.

    ``rows`` (N,) names, ``probabilities`` (N, K) float64, ``labels`` (N,) int64 with -1 where a
    row has none, ``classes`` the K names.
    """

    rows: tuple[str, ...]
    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each row (N,); the first of equals."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def accuracy(self) -> float:
        """The share of labelled rows that are predicted right."""
        known = self._known()
        return float((self.predicted[known] == self.labels[known]).mean())

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """95 % Wilson score interval of the accuracy (Wilson, 1927, JASA 22, eq. 1)."""
        n, p, z = int(self._known().sum()), self.accuracy, 1.959963984540054
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, float(middle - half)), min(1.0, float(middle + half))

    def confusion_matrix(self) -> ConfusionMatrix:
        """Count (true, predicted) pairs over the labelled rows."""
        known, k = self._known(), len(self.classes)
        pairs = self.labels[known] * k + self.predicted[known]
        counts = np.bincount(pairs, minlength=k * k).reshape(k, k).astype(np.int64)
        return ConfusionMatrix(counts, self.classes)

    def _known(self) -> NDArray[np.bool_]:
        known = self.labels >= 0
        if not known.any():
            raise SettingError(
                f"none of the {len(self.rows)} rows has a label.",
                expected="labelled rows, to compare predictions with.",
                fix='judge a labelled split: learn.predict("valid").',
            )
        return known
