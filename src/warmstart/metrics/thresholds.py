"""Above which probability a class of many-label rows is called so."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError
from warmstart.metrics.labelled_rows import LIKELY, labelled_rows


@dataclass(frozen=True, eq=False)
class Thresholds:
    """``values`` (K,) in [0, 1): a class is called so where its probability is above.

    ``kept`` names the classes that stay at 0.5, because no row has or no row lacks their label.
    """

    values: NDArray[np.float64]
    classes: tuple[str, ...]
    beta: float
    num_rows: int
    kept: tuple[str, ...]


def fit_thresholds(
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    *,
    beta: float = 1.0,
) -> Thresholds:
    """For each class, the threshold of the highest F-beta on these rows.

    Args:
        probabilities: (N, K), of rows that trained nothing and will judge nothing (law 15).
        labels: (N, K) of 0 and 1, -1 along a row that has none.
        classes: The K names.
        beta: Above 1 gives recall more weight, below 1 precision.

    Returns:
        The thresholds: halfway between two neighbouring probabilities; of equals the one nearest
        to 0.5.

    Raises:
        SettingError: the rows have one label each, or none has any.

    Reference:
        Lipton, Elkan and Naryanaswamy (2014), arXiv 1402.1892.
    """
    rows = labelled_rows(probabilities, labels, classes)
    if not rows.is_multi_label:
        raise SettingError(
            "the rows have one label each: the most probable class is the answer.",
            expected="predictions of many labels, (N, K).",
            fix="leave thresholds out.",
        )
    values, kept = np.full(len(rows.classes), LIKELY), []
    for k, name in enumerate(rows.classes):
        is_so = rows.labels[:, k] == 1
        if is_so.all() or not is_so.any():
            kept.append(name)
        else:
            values[k] = best_threshold(rows.probabilities[:, k], is_so, beta)
    return Thresholds(values, rows.classes, beta, len(rows.labels), tuple(kept))


def best_threshold(
    probabilities: NDArray[np.float64], is_so: NDArray[np.bool_], beta: float
) -> float:
    """The cut (one number) of one class with the highest F-beta.

    Args:
        probabilities: (N,).
        is_so: (N,), some true.
        beta: Of the F-score.

    Returns:
        In [0, 1).
    """
    order = np.argsort(-probabilities, kind="stable")
    falling, right = probabilities[order], np.cumsum(is_so[order])
    ends = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)  # equals go together
    upper, called = falling[ends], ends + 1.0
    lower = np.append(upper[1:], 0.0)  # the last cut calls every row so that is above 0
    if upper[-1] == 0:
        upper, lower, called, ends = upper[:-1], lower[:-1], called[:-1], ends[:-1]
    if len(ends) == 0:
        return LIKELY  # every probability is 0: no threshold calls anything so
    squared = beta * beta
    scores = (1 + squared) * right[ends] / (squared * is_so.sum() + called)
    middle = (upper + lower) / 2
    cuts = np.where(middle < upper, middle, lower)
    best = np.flatnonzero(scores >= scores.max() - 1e-12)
    return float(cuts[best[np.argmin(np.abs(cuts[best] - LIKELY))]])
