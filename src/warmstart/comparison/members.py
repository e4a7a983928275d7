"""Which of several models answer together: those whose mean of logits loses least."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.metrics.temperature import cross_entropies

FEWEST_ROWS = 50  # with fewer, out-of-fold losses say too little: all models answer
Logits = Sequence[NDArray[np.float64]]
"""Of each model, (N, K) logits of the same rows, which did not train it."""


def loss_of_members(logits: Logits, members: Sequence[int], labels: NDArray[np.int64]) -> float:
    """Mean cross-entropy in nats of the mean of some models' logits."""
    mean = np.mean([logits[number] for number in members], axis=0)
    return float(cross_entropies(mean, labels).mean())


def choose_members(logits: Logits, labels: NDArray[np.int64]) -> list[tuple[int, float]]:
    """Begin with the model of the lowest loss, and add the next best while the loss falls.

    With fewer than ``FEWEST_ROWS`` rows all models are members, in order of their loss.

    Args:
        logits: Of each model.
        labels: (N,), or (N, K) of 0 and 1.

    Returns:
        Positions of members in the order of their coming, each with the loss of the sum up to it.

    Reference:
        Caruana et al. (2004), Ensemble selection from libraries of models; without replacement,
        since a few linear heads need no weights.
    """
    if len(labels) < FEWEST_ROWS:
        order = sorted(range(len(logits)), key=lambda one: loss_of_members(logits, [one], labels))
        return [
            (member, loss_of_members(logits, order[: place + 1], labels))
            for place, member in enumerate(order)
        ]
    chosen: list[tuple[int, float]] = []
    while len(chosen) < len(logits):
        members = [member for member, _ in chosen]
        left = [number for number in range(len(logits)) if number not in members]
        losses = {number: loss_of_members(logits, [*members, number], labels) for number in left}
        best = min(left, key=lambda number: losses[number])
        if chosen and losses[best] >= chosen[-1][1]:
            break
        chosen.append((best, losses[best]))
    return chosen


def chosen_inside_folds(
    logits: Logits, labels: NDArray[np.int64], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The mean of logits (N, K) of the members that the other folds' rows choose for each fold.

    Args:
        logits: Of each model.
        labels: (N,), or (N, K) of 0 and 1.
        folds: (N,); with one fold nobody else can choose, and all rows do.
    """
    found = np.empty_like(logits[0])
    numbers = np.unique(folds)
    for fold in numbers:
        held = folds == fold
        judging = ~held if len(numbers) > 1 else held
        members = choose_members([each[judging] for each in logits], labels[judging])
        found[held] = np.mean([logits[number][held] for number, _ in members], axis=0)
    return found
