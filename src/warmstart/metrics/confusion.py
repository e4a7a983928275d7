"""Scores that follow from counts: right, called so, and truly so, per class."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.metrics.intervals import BLOCK_NUMBERS, Interval, percentiles

PRIOR_ROWS = 1.0  # like Wilson's centre, but one row right and one wrong, over all classes together

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassCounts:
    """Counts per class (..., K): rows ``right``, ``called`` so, and truly so (``rows``)."""

    right: Values
    called: Values
    rows: Values

    @property
    def precision(self) -> Values:
        """Of what was called so, the share that is; 0 where nothing was."""
        return ratio(self.right, self.called)

    @property
    def recall(self) -> Values:
        """Of what is so, the share called so; 0 where nothing is."""
        return ratio(self.right, self.rows)

    def f_score(self, beta: float) -> Values:
        """F-beta, 0 where nothing is or was called so; ``beta`` > 1 gives recall more weight."""
        squared = beta * beta
        return ratio((1 + squared) * self.right, squared * self.rows + self.called)

    def summed(self) -> "ClassCounts":
        """All classes as one (..., 1): what micro averages are made of."""
        return ClassCounts(
            self.right.sum(axis=-1, keepdims=True),
            self.called.sum(axis=-1, keepdims=True),
            self.rows.sum(axis=-1, keepdims=True),
        )


Statistics = Callable[[ClassCounts], Mapping[str, Values]]


def macro_f1(counts: ClassCounts, *, all_classes: bool) -> float:
    """Mean F1 over the classes.

    Args:
        counts: (K,) each.
        all_classes: Over all, as of many labels; else over those that have rows or were called.

    Returns:
        0 to 1, as scikit-learn's with ``average="macro"``.
    """
    seen = np.full(len(counts.rows), all_classes) | (counts.rows > 0) | (counts.called > 0)
    return float(counts.f_score(1.0)[seen].mean())


def ratio(part: Values, whole: Values) -> Values:
    """Divide, with 0 where there is nothing to divide by (scikit-learn's zero_division=0)."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.asarray(np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0), np.float64)


def confusion_counts(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], num_classes: int
) -> NDArray[np.int64]:
    """Count the pairs (true class, predicted class).

    Args:
        labels: (N,), 0 to K - 1.
        predicted: (N,), likewise.
        num_classes: K.

    Returns:
        (K, K), rows the true classes.
    """
    pairs = np.bincount(labels * num_classes + predicted, minlength=num_classes * num_classes)
    return pairs.reshape(num_classes, num_classes).astype(np.int64, copy=False)


def of_confusion(counts: NDArray[np.int64]) -> ClassCounts:
    """Counts per class of a confusion matrix (K, K), rows the true classes."""
    return ClassCounts(
        np.diag(counts).astype(np.float64),
        counts.sum(axis=0).astype(np.float64),
        counts.sum(axis=1).astype(np.float64),
    )


def count_draws(
    counts: NDArray[np.int64], num_resamples: int, *, seed: int
) -> Iterator[ClassCounts]:
    """Other confusion matrices that these counts leave possible, in blocks.

    Each true class gets a Dirichlet draw: its spread is the bootstrap's, but it does not vanish
    where no row is wrong. A bootstrap of 50 rows at a true value of .98 covers 60 % of the time
    (with no row wrong it has no width); this covers 92 % or more. ``PRIOR_ROWS`` is for all
    classes together: a prior per class would pull 10 classes of 5 rows far down.

    Args:
        counts: (K, K), rows the true classes.
        num_resamples: R.
        seed: Of the draw.

    Yields:
        Counts (B, K), the blocks having R resamples together.

    Reference:
        Rubin (1981), The Bayesian bootstrap, Annals of Statistics 9, 130–134.
    """
    rng, num_classes = np.random.default_rng(seed), len(counts)
    rows = counts.sum(axis=1)
    own = np.diag(counts)
    true, called = np.nonzero(counts)
    is_wrong = true != called
    true, called = true[is_wrong], called[is_wrong]
    # a Dirichlet of total n - 2 has the variance p (1 - p) / (n - 1) of a fair estimate
    scale = ratio(np.maximum(rows - 2.0, rows / 2.0), rows.astype(np.float64))
    prior = PRIOR_ROWS * rows / rows.sum()
    shapes = np.concatenate([own * scale + prior, prior, counts[true, called] * scale[true]])
    block = max(1, min(num_resamples, BLOCK_NUMBERS // len(shapes)))
    for start in range(0, num_resamples, block):
        drawn = rng.standard_gamma(shapes, size=(min(block, num_resamples - start), len(shapes)))
        right, rest = drawn[:, :num_classes], drawn[:, num_classes : 2 * num_classes]
        confused = drawn[:, 2 * num_classes :]
        total = right + rest + column_sums(confused, true, num_classes)
        factor = ratio(np.broadcast_to(rows.astype(np.float64), total.shape), total)
        right, rest, confused = right * factor, rest * factor, confused * factor[:, true]
        spread = (rest.sum(axis=1, keepdims=True) - rest) / (num_classes - 1)
        calls = right + spread + column_sums(confused, called, num_classes)
        yield ClassCounts(right, calls, np.broadcast_to(rows.astype(np.float64), right.shape))


def column_sums(values: Values, columns: NDArray[np.int64], width: int) -> Values:
    """Add the columns of (B, E) that share a number in ``columns`` (E,): (B, width)."""
    out = np.zeros((len(values), width))
    if len(columns):
        order = np.argsort(columns, kind="stable")
        found, starts = np.unique(columns[order], return_index=True)
        out[:, found] = np.add.reduceat(values[:, order], starts, axis=1)
    return out


def count_intervals(
    statistics: Statistics, counts: NDArray[np.int64], *, num_resamples: int, seed: int
) -> dict[str, Interval]:
    """The 95 % intervals of scores of a confusion matrix.

    Args:
        statistics: Counts (B, K) → each score of each resample (B,).
        counts: (K, K), rows the true classes.
        num_resamples: Of the draw.
        seed: Of the draw.

    Returns:
        By name, intervals that hold the score itself: at "all right" the upper end is 1.
    """
    blocks = [statistics(each) for each in count_draws(counts, num_resamples, seed=seed)]
    out = {}
    for name, own in statistics(of_confusion(counts)).items():
        found = percentiles(np.concatenate([block[name] for block in blocks]))
        low, high = (float(own), float(own)) if found is None else (found.low, found.high)
        out[name] = Interval(min(low, float(own)), max(high, float(own)))
    return out
