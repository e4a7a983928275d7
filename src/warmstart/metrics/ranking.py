"""Scores that only look at the order of probabilities: top-k, ROC AUC, average precision."""

import numpy as np
from numpy.typing import NDArray

from warmstart.metrics.labelled_rows import LabelledRows

COLUMNS = 64  # classes that are taken out of the probabilities at once
FEW_ROWS = 32  # of a class, for which counting is faster than sorting


def ranks_of_labels(rows: LabelledRows) -> NDArray[np.int64]:
    """How many classes come before the true one (N,); of equals the first comes first.

    Differs from scikit-learn's top_k_accuracy_score: there the last of equals comes first, so
    that its top-1 is not the accuracy of ``argmax``.
    """
    positions = np.arange(len(rows.classes))
    own = rows.probabilities[np.arange(len(rows.labels)), rows.labels][:, None]
    equal_before = (rows.probabilities == own) & (positions < rows.labels[:, None])
    return np.asarray(((rows.probabilities > own) | equal_before).sum(axis=1), np.int64)


def one_vs_rest(rows: LabelledRows) -> NDArray[np.bool_]:
    """Whether each row is of each class (N, K)."""
    if rows.is_multi_label:
        return np.asarray(rows.labels == 1, np.bool_)
    return np.asarray(rows.labels[:, None] == np.arange(len(rows.classes)), np.bool_)


def rankable(rows: LabelledRows) -> NDArray[np.int64]:
    """Classes with rows of both kinds: the others have no order to get right."""
    share = one_vs_rest(rows).mean(axis=0)
    return np.asarray(np.flatnonzero((share > 0) & (share < 1)), np.int64)


def macro_ranking(
    rows: LabelledRows, weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ROC AUC and average precision, one class against the rest, each class counting alike.

    Ties count half in the AUC, and are one step in the average precision, as in scikit-learn.

    Args:
        rows: What is judged.
        weights: (R, N) how much each row counts in each resample.

    Returns:
        Two arrays (R,): means over the rankable classes, of which there is one at least; in a
        resample without rows of both kinds of a class over the others, NaN if none is left.
    """
    truth, both = one_vs_rest(rows), np.zeros((2, len(weights)))
    found = np.zeros(len(weights))
    for label in rankable(rows):
        scores = np.stack(ranking(rows.probabilities[:, label], truth[:, label], weights))
        is_defined = np.isfinite(scores).all(axis=0)
        both += np.where(is_defined, scores, 0.0)
        found += is_defined
    with np.errstate(invalid="ignore"):
        both = both / found
    return both[0], both[1]


def own_macro_ranking(rows: LabelledRows) -> tuple[float, float]:
    """What ``macro_ranking`` says of the rows themselves, where resamples would be too many.

    A class that few rows have is counted around them, without sorting all others for it.
    """
    labels, truth = rankable(rows), one_vs_rest(rows)
    found = []
    for start in range(0, len(labels), COLUMNS):
        block = labels[start : start + COLUMNS]
        scores = np.ascontiguousarray(rows.probabilities[:, block].T)  # a column alone is slow
        found += [own_ranking(each, truth[:, k]) for each, k in zip(scores, block, strict=True)]
    areas, averages = np.array(found).T
    return float(areas.mean()), float(averages.mean())


def own_ranking(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """``ranking`` of one class, every row counting once."""
    own = -np.sort(-scores[truth])
    if len(own) > FEW_ROWS:
        both = ranking(scores, truth, np.ones((1, len(scores))))
        return float(both[0][0]), float(both[1][0])
    at_least = (scores >= own[:, None]).sum(axis=1)
    above = (scores > own[:, None]).sum(axis=1)
    own_at_least, own_above = (own >= own[:, None]).sum(axis=1), (own > own[:, None]).sum(axis=1)
    num_false = len(scores) - len(own)
    before = (at_least - own_at_least + above - own_above) / 2  # of equals, half
    area = float((num_false - before).sum()) / (len(own) * num_false)
    return area, float((own_at_least / at_least).mean())


def ranking(
    scores: NDArray[np.float64], truth: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ROC AUC and average precision of one class under each resample's weights.

    Args:
        scores: (N,) higher means more likely so.
        truth: (N,) whether it is so.
        weights: (R, N) how much each row counts in each resample.

    Returns:
        Two arrays (R,); NaN where a resample has rows of one kind only.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # of tied scores
    heavy = weights[:, order]
    true = np.cumsum(np.where(truth[order], heavy, 0.0), axis=1)[:, ends]
    called = np.cumsum(heavy, axis=1)[:, ends]
    false = called - true
    new_true = np.diff(true, axis=1, prepend=0.0)
    new_false = np.diff(false, axis=1, prepend=0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        area = (new_false * (true - new_true / 2)).sum(axis=1) / (true[:, -1] * false[:, -1])
        precision = np.where(called > 0, true / called, 0.0)
        average = (new_true * precision).sum(axis=1) / true[:, -1]
    has_both = (true[:, -1] > 0) & (false[:, -1] > 0)
    return np.where(has_both, area, np.nan), np.where(has_both, average, np.nan)
