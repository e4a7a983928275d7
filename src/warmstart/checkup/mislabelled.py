"""Labels that look wrong: heads that were trained without a row contradict it."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.checkup.findings import Mislabelled
from warmstart.data.folds import draw_folds
from warmstart.data.table import ImageTable
from warmstart.metrics.temperature import logits_of, probabilities_of
from warmstart.training.head_card import Parts
from warmstart.training.head_choice import (
    DEFAULT_PENALTY,
    FEWEST_EVALUATED,
    MANY_ROWS_PENALTY,
    NUM_FOLDS,
    num_useful_folds,
)
from warmstart.training.logistic import PENALTIES, LogisticProblem, PenaltyPath
from warmstart.training.logistic_head import unit_parts

LEAST_UNITS = 3  # of pictures, for folds
LEAST_MARGIN = 0.5  # another class is three times as likely; at 1/3 it finds little more


def label_issues(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Rank the rows that are likelier something else.

    The margin compares the likeliest other class with the label: (p - q) / (p + q), which is the
    hyperbolic tangent of half the difference of their logits. A row is an issue if it is above
    ``LEAST_MARGIN``: the other class is more than three times as likely.

    Args:
        probabilities: (N, K), out of fold; rows of NaN are passed over.
        labels: (N,).

    Returns:
        Positions, suggested classes and margins, the largest margin first.

    Reference:
        Pleiss, Zhang, Elenberg, Weinberger 2020, arXiv 2001.10528, equation 1: the margin between
        the logit of the label and the largest other one.

    Differs from:
        The paper, which averages margins of rows over the epochs that train on them; here one model
        that did not see the row gives it. Confident learning's list (arXiv 1911.00068) and
        cleanlab's scores rank planted faults less well (benchmarks/wrong_labels.py).
    """
    rows = np.flatnonzero(np.isfinite(probabilities).all(axis=1) & (labels >= 0))
    logits = logits_of(np.asarray(probabilities[rows], np.float64), is_multi_label=False)
    places = np.arange(len(rows))
    own = logits[places, labels[rows]]
    others = logits.copy()
    others[places, labels[rows]] = -np.inf
    suggested = others.argmax(axis=1)
    gaps = others[places, suggested] - own
    margins = np.tanh(gaps / 2)
    chosen = margins > LEAST_MARGIN
    order = np.lexsort((rows[chosen], -gaps[chosen]))
    return (
        rows[chosen][order],
        suggested[chosen][order].astype(np.int64),
        margins[chosen][order].astype(np.float64),
    )


def find_mislabelled(
    table: ImageTable,
    good: Sequence[int],
    activations_of: Callable[[Sequence[int]], NDArray[np.float32]],
    units_of: Callable[[Sequence[int]], list[str]],
    parts: Parts,
) -> tuple[tuple[Mislabelled, ...], tuple[str, ...]]:
    """Rows whose label looks wrong, and a note where that cannot be said."""
    if table.is_multi_label:
        return (), ("wrong labels were not looked for: a picture may have any number of them",)
    rows = [row for row in good if table.labels[row] >= 0]
    labels = table.labels[rows]
    together = units_of(rows)
    if len(set(together)) < LEAST_UNITS or len(np.unique(labels)) < 2:
        return (), ("wrong labels were not looked for: too few pictures with labels",)
    found = out_of_fold_probabilities(
        activations_of(rows), labels, together, len(table.classes), parts
    )
    passed = sorted({table.classes[label] for label in labels[np.isnan(found).any(axis=1)]})
    notes = (
        (f"labels were not judged, for lack of other pictures, in: {', '.join(passed)}",)
        if passed
        else ()
    )
    issues = zip(*label_issues(found, labels), strict=True)
    return tuple(
        Mislabelled(
            name=table.names[rows[place]],
            split=str(table.splits[rows[place]]),
            label=table.classes[labels[place]],
            suggestion=table.classes[suggestion],
            margin=float(margin),
        )
        for place, suggestion, margin in issues
    ), notes


def out_of_fold_probabilities(
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
    logits = (
        solve_folds_together(problem, folds)
        if useful > 1
        else solve_folds_in_turn(problem, folds, useful)
    )
    found = probabilities_of(logits, is_multi_label=False)
    for fold in np.unique(folds):
        if len(np.unique(labels[folds != fold])) < 2:  # it could not have said anything else
            found[folds == fold] = np.nan
    return found


def solve_folds_together(problem: LogisticProblem, folds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Logits (N, K) under the best penalty, all folds in one pass."""
    path = problem.path(folds)
    if path.num_judged < FEWEST_EVALUATED:  # their choice would be chance
        path = problem.path(folds, (DEFAULT_PENALTY,))
    return path.logits


def solve_folds_in_turn(
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
