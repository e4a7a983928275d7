"""Out-of-fold probabilities of rows, by logistic regression on their activations."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.data.folds import draw_folds
from warmstart.metrics.temperature import probabilities_of
from warmstart.training.head_choice import (
    DEFAULT_PENALTY,
    FEWEST_JUDGED,
    MANY_ROWS_PENALTY,
    NUM_FOLDS,
    num_useful_folds,
)
from warmstart.training.logistic import PENALTIES, LogisticProblem, PenaltyPath
from warmstart.training.logistic_head import Parts, unit_parts


def out_of_fold(
    activations: NDArray[np.floating],
    labels: NDArray[np.int64],
    units: Sequence[str],
    num_classes: int,
    parts: Parts,
    *,
    seed: int = 42,
) -> NDArray[np.float64]:
    """What models trained without a row say of it.

    The penalty is the one with the lowest loss out of fold. Wrong labels make it stronger: a model
    that is sure of them loses much.

    Args:
        activations: (N, D).
        labels: (N,), none -1.
        units: (N,) rows of one unit are in one fold.
        num_classes: K.
        parts: Columns that are used, each part divided by its length.
        seed: Of the folds.

    Returns:
        (N, K); NaN along rows whose class no other fold has, since nobody could know it.
    """
    folds = draw_folds(units, labels, min(NUM_FOLDS, len(set(units))), seed=seed)
    rows = unit_parts(activations, parts)
    problem = LogisticProblem(rows, labels, num_classes)
    useful = num_useful_folds(len(rows), rows.shape[1] * num_classes)
    logits = judged_together(problem, folds) if useful > 1 else one_by_one(problem, folds, useful)
    found = probabilities_of(logits, is_multi_label=False)
    for fold in np.unique(folds):
        if len(np.unique(labels[folds != fold])) < 2:  # it could not have said anything else
            found[folds == fold] = np.nan
    return found


def judged_together(problem: LogisticProblem, folds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Logits (N, K) under the best penalty, all folds in one pass."""
    path = problem.path(folds)
    if path.num_judged < FEWEST_JUDGED:  # their choice would be chance
        path = problem.path(folds, (DEFAULT_PENALTY,))
    return path.logits


def one_by_one(
    problem: LogisticProblem, folds: NDArray[np.int64], num_useful: int
) -> NDArray[np.float64]:
    """The same where a solution takes long: the first fold chooses the penalty, or none does."""

    def judged(fold: int, penalties: Sequence[float]) -> PenaltyPath:
        return problem.path(np.where(folds == fold, 0, -1), penalties)

    penalty = MANY_ROWS_PENALTY
    if num_useful:
        first = judged(0, PENALTIES)
        penalty = first.penalties[first.best]
    logits = np.full((len(folds), problem.num_classes), np.nan)
    for fold in range(int(folds.max()) + 1):
        held = folds == fold
        logits[held] = judged(fold, (penalty,)).logits[held]
    return logits
