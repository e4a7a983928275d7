"""What trying backbones on the training images has shown, and which of them to take."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from warmstart.comparison.compare import Comparison, compare_predictions
from warmstart.results.predictions import Predictions


@dataclass(frozen=True, eq=False)
class BackboneTrial:
    """Out-of-fold ``predictions`` of the training rows, and what the backbone costs.

    ``seconds_per_1000`` images are from files to probabilities, nothing stored; ``weights_bytes``
    the body's, in memory; ``row_bytes`` what one stored view of one image takes.
    """

    arch: str
    predictions: Predictions
    seconds_per_1000: float
    weights_bytes: int
    row_bytes: int


def ranked(trials: Sequence[BackboneTrial]) -> list[BackboneTrial]:
    """The most accurate first; of equals the faster."""
    return sorted(trials, key=lambda each: (-each.predictions.accuracy, each.seconds_per_1000))


def against_the_next(ranking: Sequence[BackboneTrial]) -> list[Comparison]:
    """Is each better than the one behind it? One comparison fewer than there are trials."""
    return [
        compare_predictions(lower.predictions, upper.predictions)
        for upper, lower in pairwise(ranking)
    ]


def to_take(ranking: Sequence[BackboneTrial]) -> tuple[BackboneTrial, list[BackboneTrial]]:
    """The fastest of the first, and those that it is not shown to be better than.

    Args:
        ranking: The most accurate first.

    Returns:
        The one to take, and all that it was chosen from, in their order.
    """
    first = ranking[0]
    equals = [
        each
        for each in ranking
        if each is first
        or compare_predictions(each.predictions, first.predictions).is_better != "yes"
    ]
    return min(equals, key=lambda each: each.seconds_per_1000), equals
