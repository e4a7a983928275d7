"""Which part of the pooled row a logistic head uses, and how strongly its weights are held down."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from warmstart.data.folds import draw_folds
from warmstart.metrics.temperature import cross_entropies
from warmstart.results.head_fit import HeadTrial
from warmstart.training.head_card import Parts, num_columns
from warmstart.training.logistic import (
    ONE_THREAD_SIDE,
    LogisticProblem,
    LogisticWeights,
    PenaltyPath,
)
from warmstart.training.process import limited_threads
from warmstart.training.streamed_logistic import RowBlocks, logistic_problem

NUM_FOLDS = 5
FEWEST_UNITS = 3  # as draw_folds wants them
DEFAULT_PENALTY = 1000.0  # from 1 to 3 per class as good as any, or better (docs/experiments.md)
MANY_ROWS_PENALTY = 30.0  # where too many to choose; nearest to the best in three data sets
NUM_ERRORS = 2.0
FEWEST_EVALUATED = 10  # with fewer rows their choice would be chance
FOLDS_WORK = 1_000_000_000  # rows × features × classes × folds, up to which all folds are solved
ONE_FOLD_WORK = 2_000_000_000  # rows × features × classes, up to which one fold chooses
SHORT_NUMBERS = 2**24  # activations of which several copies in float64 may be held at once
SOLVER_WORK = 150_000_000_000  # up to which it is solved; beyond, trained on mini-batches


@dataclass(frozen=True, eq=False)
class LogisticChoice:
    """A logistic head, and what rows said that did not train it.

    ``features`` names the part of the pooled row, ``parts`` are its columns; ``penalty`` is C.
    ``out_of_fold`` (N, K) are logits of the rows by models that did not see them; NaN along rows
    that judged nothing (all of them where ``num_folds`` is 0). ``weights`` are those of all rows,
    None where there are too many to solve at once.
    """

    features: str
    parts: Parts
    penalty: float
    num_folds: int
    reason: str
    trials: tuple[HeadTrial, ...]
    out_of_fold: NDArray[np.float64]
    weights: LogisticWeights | None


def num_useful_folds(num_rows: int, num_weights: int) -> int:
    """How many folds judge penalties: all, one, or none where one solution takes minutes."""
    work = num_rows * num_weights
    if work * NUM_FOLDS <= FOLDS_WORK:
        return NUM_FOLDS
    return 1 if work <= ONE_FOLD_WORK else 0


def choosing_folds(
    units: Sequence[str],
    labels: NDArray[np.integer],
    num_weights: int,
    *,
    seed: int,
    num_views: int = 1,
) -> NDArray[np.int64]:
    """Which fold each row (N,) judges; -1 where it judges none.

    Args:
        units: (N,) rows of one unit share a fold.
        labels: (N,), or (N, K) of 0 and 1.
        num_weights: Of a head that is solved for them.
        seed: Of the folds.
        num_views: How many views of each row train.
    """
    useful, num_units = num_useful_folds(len(units) * num_views, num_weights), len(set(units))
    if num_units < FEWEST_UNITS or useful == 0:
        return np.full(len(units), -1)
    folds = draw_folds(units, np.asarray(labels, np.int64), min(NUM_FOLDS, num_units), seed=seed)
    return folds if useful > 1 else np.where(folds == 0, 0, -1)


def is_solved(num_rows: int, num_weights: int) -> bool:
    """Whether one penalty is solved on all rows, and not trained on mini-batches."""
    return num_rows * num_weights <= SOLVER_WORK


def choose_logistic(
    activations: NDArray[np.floating] | RowBlocks,
    targets: NDArray[np.integer],
    num_classes: int,
    feature_parts: Mapping[str, Parts],
    folds: NDArray[np.integer],
    *,
    weights: NDArray[np.floating] | None = None,
    device: torch.device | None = None,
) -> LogisticChoice:
    """Find part and penalty by rows that do not train, then solve on all rows.

    The first part is tried with all penalties, another one with the best of those, first. It takes
    the place only if its loss is lower by more than ``NUM_ERRORS`` standard errors of the
    difference: the best of several is chance.

    Args:
        activations: (N, D) pooled rows, held or read in each pass.
        targets: (N,) classes, or (N, K) of 0 and 1.
        num_classes: K.
        feature_parts: By name; the first is what is usually best.
        folds: (N,) the fold that each row judges, -1 for none. All rows of a picture are in one.
        weights: (N,) or, of many labels, (N, K): how much each loss counts; None is 1.
        device: Where it is solved.

    Returns:
        The choice. The result has no random part: the same rows give the same bits.
    """
    (first, parts), *others = feature_parts.items()
    if not is_solved(len(targets), num_columns(parts) * num_classes):
        reason = f"{len(targets):,} rows of {num_classes:,} classes are trained on mini-batches"
        return unjudged(first, parts, targets, num_classes, reason, None, MANY_ROWS_PENALTY)
    num_folds = int(folds.max(initial=-1)) + 1

    def problem_of(columns: Parts) -> LogisticProblem:
        return logistic_problem(
            activations, columns, targets, num_classes, weights=weights, device=device
        )

    on_cpu = device is None or device.type == "cpu"
    are_short = num_folds > 0 and on_cpu and is_short(activations)
    known = side_by_side(problem_of, feature_parts if are_short else {first: parts})
    problem = known.pop(first)
    path = problem.path(folds) if num_folds else None
    if path is None or path.num_judged < FEWEST_EVALUATED:
        penalty, reason = unchosen(path, len(targets), num_folds)
        solved = problem.fit(penalty)
        return unjudged(first, parts, targets, num_classes, reason, solved, penalty)
    best = path_trial(first, path, targets)
    trials = [best]
    for other, other_parts in others:
        rival = known.pop(other, None) or problem_of(other_parts)
        tried = rival.path(folds, penalties=(path.penalties[path.best],))
        is_better = is_clearly_better(path, tried, targets)
        if is_better:
            tried = rival.path(folds)
        trials.append(path_trial(other, tried, targets))
        if is_better:
            best, parts, path, problem = trials[-1], other_parts, tried, rival
    penalty = path.penalties[path.best]
    reason = (
        f"chosen by {path.num_judged} rows, each by a head that did not see it "
        f"({num_folds} folds): loss {best.loss:.4f}"
    )
    solved = problem.fit(penalty, path.near)
    return LogisticChoice(
        best.features, parts, penalty, num_folds, reason, tuple(trials), path.logits, solved
    )


def is_short(activations: NDArray[np.floating] | RowBlocks) -> bool:
    """Whether rows are held, and their eigenvectors found by one thread, in little memory."""
    if not isinstance(activations, np.ndarray):
        return False
    return min(activations.shape) <= ONE_THREAD_SIDE and activations.size <= SHORT_NUMBERS


def side_by_side(
    problem_of: Callable[[Parts], LogisticProblem], feature_parts: Mapping[str, Parts]
) -> dict[str, LogisticProblem]:
    """The problem of each part of the pooled row, each in a thread of its own.

    Most of their time are eigenvectors, found by one compute thread each, without the GIL. Which
    other threads there are changes no bit. Meanwhile what solves the problems is loaded.
    """
    with limited_threads(1 if len(feature_parts) > 1 else None):
        with ThreadPoolExecutor(len(feature_parts)) as pool:
            found = pool.map(problem_of, feature_parts.values())
            import scipy.optimize  # noqa: F401 - here: it takes a while, and is needed next
        return dict(zip(feature_parts, found, strict=True))


def unjudged(
    features: str,
    parts: Parts,
    targets: NDArray[np.integer],
    num_classes: int,
    reason: str,
    weights: LogisticWeights | None,
    penalty: float,
) -> LogisticChoice:
    """A head with a default penalty."""
    nothing = np.full((len(targets), num_classes), np.nan)
    why = f"{reason}, and C is the default"
    return LogisticChoice(features, parts, penalty, 0, why, (), nothing, weights)


def unchosen(path: PenaltyPath | None, num_rows: int, num_folds: int) -> tuple[float, str]:
    """The default penalty, and why rows did not choose one."""
    if path is None and num_rows >= FEWEST_EVALUATED:
        return MANY_ROWS_PENALTY, f"{num_rows:,} rows take too long to be solved more than once"
    judged = 0 if path is None else path.num_judged
    return DEFAULT_PENALTY, (
        f"it rests on {num_rows} rows, of which {judged} could be judged by a head that knew their "
        f"class ({num_folds} folds), too few to choose a penalty"
    )


def path_trial(features: str, path: PenaltyPath, targets: NDArray[np.integer]) -> HeadTrial:
    """What came of one part of the pooled row, under its best penalty."""
    return trial_of("logistic", features, path.penalties[path.best], path.logits, targets)


def trial_of(
    head: str,
    features: str,
    penalty: float | None,
    logits: NDArray[np.float64],
    targets: NDArray[np.integer],
) -> HeadTrial:
    """What came of one head.

    Args:
        head: "logistic" or "mlp".
        features: The part of the pooled row that it used.
        penalty: C, None of an MLP.
        logits: (N, K) of rows that did not train it; NaN along rows that did not judge.
        targets: (N,) classes, or (N, K) of 0 and 1.
    """
    judged = np.isfinite(logits).all(axis=1)
    logits, targets = logits[judged], targets[judged]
    if targets.ndim == 2:
        right = ((logits > 0) == (targets == 1)).all(axis=1)
    else:
        right = logits.argmax(axis=1) == targets
    loss = float(cross_entropies(logits, targets).mean())
    return HeadTrial(head, features, penalty, loss, float(right.mean()), len(logits))


def is_clearly_better(path: PenaltyPath, other: PenaltyPath, targets: NDArray[np.integer]) -> bool:
    """Whether the mean loss of the same rows is lower, and hardly by chance."""
    judged = np.isfinite(path.logits + other.logits).all(axis=1)
    losses = [cross_entropies(each.logits[judged], targets[judged]) for each in (path, other)]
    gains = losses[0] - losses[1]
    error = gains.std(ddof=1) / np.sqrt(len(gains))
    return bool(
        gains.mean() > NUM_ERRORS * error and other.losses[other.best] < path.losses[path.best]
    )
