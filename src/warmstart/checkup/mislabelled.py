"""Rows whose label heads that were trained without them contradict: confident learning."""

import numpy as np
from numpy.typing import NDArray


def label_issues(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Rank the rows that are confidently something else.

    A class is confident of a row if its probability there reaches the mean of its probabilities
    over the rows that bear its label. A row is an issue if the most probable of those classes is
    not its label.

    Args:
        probabilities: (N, K), out of fold; rows of NaN are passed over.
        labels: (N,).

    Returns:
        Positions, suggested classes and margins, the largest margin first.

    Reference:
        Northcutt, Jiang, Chuang 2021, arXiv 1911.00068: thresholds are equation 2, the off-diagonal
        of the confident joint equation 1, the order "normalized margin" of section 3.2.
    """
    known = np.isfinite(probabilities).all(axis=1) & (labels >= 0)
    thresholds = np.full(probabilities.shape[1], np.inf)
    for label in np.unique(labels[known]):
        thresholds[label] = probabilities[known & (labels == label), label].mean()
    rows = np.flatnonzero(known)
    confident = np.where(probabilities[rows] >= thresholds, probabilities[rows], -1.0)
    suggested = confident.argmax(axis=1)
    own = probabilities[rows, labels[rows]]
    margins = np.where(confident.max(axis=1) >= 0, confident.max(axis=1) - own, -1.0)
    chosen = (suggested != labels[rows]) & (margins > 0)
    order = np.lexsort((rows[chosen], -margins[chosen]))
    return (
        rows[chosen][order],
        suggested[chosen][order].astype(np.int64),
        margins[chosen][order].astype(np.float64),
    )
