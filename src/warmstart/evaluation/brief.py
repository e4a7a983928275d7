"""The three numbers that an epoch is judged by, without intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.evaluation.counts import ClassCounts, macro_f1
from warmstart.evaluation.judged import Judged, content_order
from warmstart.evaluation.probability_scores import row_losses
from warmstart.results.predictions import LIKELY


@dataclass(frozen=True)
class BriefScores:
    """Mean loss, the share of rows whose every label is right (N = num_rows), and macro F1."""

    loss: float
    accuracy: float
    num_rows: int
    macro_f1: float


def brief_scores(chances: NDArray[np.float64], labels: NDArray[np.int64]) -> BriefScores:
    """Judge probabilities: the bits that ``Predictions.scores`` gives for the same ones.

    Args:
        chances: (N, K); where one is not a number, neither is the loss.
        labels: (N,) classes, or (N, K) of 0 and 1 where a row may have several; N is 1 or more.

    Returns:
        Its loss is ``log_loss``, its accuracy ``accuracy``, or ``exact_match`` of many labels.
    """
    order = content_order(chances, labels)
    names = tuple(map(str, range(chances.shape[1])))
    rows = Judged(chances[order], labels[order], names, 0)
    if rows.is_multi_label:
        called, is_so = rows.probabilities > LIKELY, rows.labels == 1
    else:
        called, is_so = np.eye(len(names), dtype=bool)[np.stack([rows.predicted, rows.labels])]
    counts = ClassCounts(*(part.sum(axis=0, dtype=np.float64) for part in
                           (called & is_so, called, is_so)))  # fmt: skip
    return BriefScores(
        float(row_losses(rows).mean()),
        float((called == is_so).all(axis=1).mean()),
        len(labels),
        macro_f1(counts, all_classes=rows.is_multi_label),
    )
