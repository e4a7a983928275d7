"""What a model says of a set of rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError
from warmstart.results.confusion import ConfusionMatrix, ratio
from warmstart.results.proportion import wilson

LIKELY = 0.5  # from this probability on, a class is said to be on an image that may have many


@dataclass(frozen=True, eq=False)
class Predictions:
    """Probabilities of every row, in table order.

    ``rows`` (N,) names, ``probabilities`` (N, K) float64, ``labels`` (N,) int64 with -1 where a
    row has none, ``classes`` the K names. Where an image may have many classes, ``labels`` are
    (N, K) of 0 and 1, -1 along a row that has none, and each probability stands for itself.
    """

    rows: tuple[str, ...]
    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]

    @property
    def is_multi_label(self) -> bool:
        """Whether an image may have any number of classes."""
        return self.labels.ndim == 2

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each row (N,), the first of equals; or (N, K) of 0 and 1."""
        if self.is_multi_label:
            return (self.probabilities > LIKELY).astype(np.int64)
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def accuracy(self) -> float:
        """The share of labelled rows that are predicted right, with every one of their labels."""
        known = self._known()
        right = self.predicted[known] == self.labels[known]
        return float((right.all(axis=1) if self.is_multi_label else right).mean())

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """95 % Wilson score interval of the accuracy."""
        num_known = int(self._known().sum())
        found = wilson(round(self.accuracy * num_known), num_known)
        return found.low, found.high

    def confusion_matrix(self) -> ConfusionMatrix:
        """Count (true, predicted) pairs over the labelled rows.

        Raises:
            SettingError: an image may have many classes, so that there are no such pairs.
        """
        if self.is_multi_label:
            raise SettingError(
                "images with many labels have no confusion matrix.",
                expected="one class per image.",
                fix="look at each class: learn.predict().class_scores()",
            )
        known, k = self._known(), len(self.classes)
        pairs = self.labels[known] * k + self.predicted[known]
        counts = np.bincount(pairs, minlength=k * k).reshape(k, k).astype(np.int64)
        return ConfusionMatrix(counts, self.classes)

    def class_scores(self) -> dict[str, tuple[float, float, float, int]]:
        """Precision, recall, F1 and the number of labelled rows of each class."""
        known = self._known()
        if self.is_multi_label:
            true, said = self.labels[known] == 1, self.predicted[known] == 1
        else:
            every = np.arange(len(self.classes))
            true = self.labels[known][:, None] == every
            said = self.predicted[known][:, None] == every
        right, called, there = (x.sum(axis=0) for x in (true & said, said, true))
        scores = (ratio(right, called), ratio(right, there), ratio(2 * right, called + there))
        return {
            name: (*(float(score[k]) for score in scores), int(there[k]))  # type: ignore[misc]
            for k, name in enumerate(self.classes)
        }

    def _known(self) -> NDArray[np.bool_]:
        first = self.labels[:, 0] if self.is_multi_label else self.labels
        known = np.asarray(first >= 0, np.bool_)
        if not known.any():
            raise SettingError(
                f"none of the {len(self.rows)} rows has a label.",
                expected="labelled rows, to compare predictions with.",
                fix='judge a labelled split: learn.predict("valid").',
            )
        return known
