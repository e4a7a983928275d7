"""Labels that look wrong: heads that were trained without a row contradict it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.checkup.duplicates import RowsInParts
from warmstart.checkup.findings import Mislabelled
from warmstart.data.folds import draw_folds
from warmstart.data.table import ImageTable
from warmstart.metrics.temperature import logits_of, probabilities_of
from warmstart.terminal.waiting import waiting
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
MANY_ROWS = 20_000  # judged together, 100 MB of activations; twice as many are dealt to two parts
ROWS_OF_A_CLASS = 50
LEAST_MARGIN = 0.5  # another class is three times as likely; at 1/3 it finds little more


def label_issues(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Rank the rows that are likelier something else.

    The margin compares the likeliest other class with the label: (p - q) / (p + q), which is the
    hyperbolic tangent of half the gap between their logits. A row is an issue if it is above
    ``LEAST_MARGIN``: the other class is more than three times as likely. Margins of the surest rows
    round to 1; their gaps still differ.

    Args:
        probabilities: (N, K), out of fold; rows of NaN are passed over.
        labels: (N,).

    Returns:
        Positions, suggested classes and gaps of logits, the largest first.

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
    chosen = np.flatnonzero(np.tanh(gaps / 2) > LEAST_MARGIN)
    chosen = chosen[np.lexsort((rows[chosen], -gaps[chosen]))]
    return (
        rows[chosen].astype(np.int64),
        suggested[chosen].astype(np.int64),
        gaps[chosen].astype(np.float64),
    )


def find_mislabelled(
    table: ImageTable,
    rows: NDArray[np.int64],
    activations: RowsInParts,
    units: NDArray[np.int64],
    turns: NDArray[np.uint64],
    parts: Parts,
) -> tuple[tuple[Mislabelled, ...], tuple[str, ...]]:
    """Rows whose label looks wrong, and notes of what could not be said, and how it was.

    Very many rows are dealt to several parts, each of which is judged by heads of its own: what is
    in memory does not grow with the table.

    Args:
        table: The table.
        rows: (N,) those that can be read, and have a label.
        activations: (N, D) of them.
        units: (N,) numbers of what must stay together.
        turns: (N,) what decides which part a unit is in: numbers that depend on its content alone.
        parts: Columns that are used, each part divided by its length.
    """
    if table.is_multi_label:
        return (), ("wrong labels were not looked for: a picture may have any number of them",)
    labels, num_classes = table.labels[rows], len(table.classes)
    if len(np.unique(units)) < LEAST_UNITS or len(np.unique(labels)) < 2:
        return (), ("wrong labels were not looked for: too few pictures with labels",)
    part_of = dealt(units, labels, turns, max(1, len(rows) // rows_together(num_classes)))
    num_parts = int(part_of.max()) + 1
    found: list[tuple[float, int, int]] = []
    passed: set[str] = set()
    penalty: float | None = None  # the first part chooses it for all
    with waiting("solving heads", num_parts, "parts") as wait:
        for number in range(num_parts):
            some = np.flatnonzero(part_of == number)
            told, penalty = judged_out_of_fold(
                activations[some], labels[some], [str(unit) for unit in units[some]], num_classes,
                parts, penalty=penalty,
            )  # fmt: skip
            bare = np.isnan(told).any(axis=1)
            passed |= {table.classes[label] for label in np.unique(labels[some][bare])}
            places, suggested, gaps = label_issues(told, labels[some])
            found += zip(gaps.tolist(), some[places].tolist(), suggested.tolist(), strict=True)
            wait.advance()
    notes = []
    if num_parts > 1:
        notes.append(
            f"labels were judged in {num_parts} parts of about {len(rows) // num_parts} pictures, "
            "each by heads that its own pictures trained"
        )
    if passed:
        listed = ", ".join(sorted(passed))
        notes.append(f"labels were not judged, for lack of other pictures, in: {listed}")
    return tuple(
        Mislabelled(
            name=table.names[int(rows[place])],
            split=str(table.splits[rows[place]]),
            label=table.classes[labels[place]],
            suggestion=table.classes[suggestion],
            margin=float(np.tanh(gap / 2)),
        )
        for gap, place, suggestion in sorted(found, key=lambda one: (-one[0], one[1]))
    ), tuple(notes)


def rows_together(num_classes: int) -> int:
    """How many rows at least are judged by the same heads.

    Args:
        num_classes: K, each of which needs some.
    """
    return max(MANY_ROWS, ROWS_OF_A_CLASS * num_classes)


def dealt(
    units: NDArray[np.int64], labels: NDArray[np.int64], turns: NDArray[np.uint64], num_parts: int
) -> NDArray[np.int64]:
    """The part of each row: whole units, those of one class dealt in turn.

    Args:
        units: (N,) numbers of what must stay together.
        labels: (N,) of which that of a unit's first row counts.
        turns: (N,) numbers; the least of a unit decides, so the order of rows does not.
        num_parts: P.

    Returns:
        (N,) from 0 to P - 1; of fewer units than parts, to fewer.
    """
    order = np.lexsort((turns, units))
    is_first = np.diff(units[order], prepend=-1) != 0
    first = order[is_first]  # of each unit
    in_turn = np.lexsort((first, turns[first], labels[first]))
    part_of_unit = np.empty(len(first), np.int64)
    part_of_unit[in_turn] = np.arange(len(first)) % num_parts
    found = np.empty(len(units), np.int64)
    found[order] = part_of_unit[np.cumsum(is_first) - 1]
    return found


def judged_out_of_fold(
    activations: NDArray[np.floating],
    labels: NDArray[np.int64],
    units: Sequence[str],
    num_classes: int,
    parts: Parts,
    *,
    seed: int = 42,
    penalty: float | None = None,
) -> tuple[NDArray[np.float64], float]:
    """What models trained without a row say of it, and their penalty.

    Wrong labels make the best penalty stronger: a model that is sure of them loses much.

    Args:
        activations: (N, D).
        labels: (N,), none -1.
        units: (N,) rows of one unit are in one fold.
        num_classes: K.
        parts: Columns that are used, each part divided by its length.
        seed: Of the folds.
        penalty: One that is known; None is the one with the lowest loss out of fold.

    Returns:
        (N, K); NaN along rows whose class no other fold has, since nobody could know it. And C.
    """
    folds = draw_folds(units, labels, min(NUM_FOLDS, len(set(units))), seed=seed)
    rows = unit_parts(activations, parts)
    problem = LogisticProblem(rows, labels, num_classes)
    useful = num_useful_folds(len(rows), rows.shape[1] * num_classes)
    logits, chosen = (
        solve_folds_together(problem, folds, penalty)
        if useful > 1
        else solve_folds_in_turn(problem, folds, useful, penalty)
    )
    found = probabilities_of(logits, is_multi_label=False)
    for fold in np.unique(folds):
        if len(np.unique(labels[folds != fold])) < 2:  # it could not have said anything else
            found[folds == fold] = np.nan
    return found, chosen


def solve_folds_together(
    problem: LogisticProblem, folds: NDArray[np.int64], penalty: float | None
) -> tuple[NDArray[np.float64], float]:
    """Logits (N, K) under a penalty, or the best, which is given back; all folds in one pass."""
    path = problem.path(folds, PENALTIES if penalty is None else (penalty,))
    if penalty is None and path.num_judged < FEWEST_EVALUATED:  # their choice would be chance
        path = problem.path(folds, (DEFAULT_PENALTY,))
    return path.logits, path.penalties[path.best]


def solve_folds_in_turn(
    problem: LogisticProblem, folds: NDArray[np.int64], num_useful: int, penalty: float | None
) -> tuple[NDArray[np.float64], float]:
    """The same where a solution takes long: the first fold chooses the penalty, or none does."""

    def judged(fold: int, penalties: Sequence[float]) -> PenaltyPath:
        return problem.path(np.where(folds == fold, 0, -1), penalties)

    if penalty is None:
        penalty = MANY_ROWS_PENALTY
        if num_useful:
            first = judged(0, PENALTIES)
            penalty = first.penalties[first.best]
    logits = np.full((len(folds), problem.num_classes), np.nan)
    for fold in range(int(folds.max()) + 1):
        held = folds == fold
        logits[held] = judged(fold, (penalty,)).logits[held]
    return logits, penalty
