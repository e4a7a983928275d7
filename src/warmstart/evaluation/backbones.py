"""Which of several backbones to take."""

from collections.abc import Sequence
from itertools import pairwise

from warmstart.evaluation.compare import Comparison, compare
from warmstart.results.backbone_trial import BackboneTrial


def ranked(trials: Sequence[BackboneTrial]) -> list[BackboneTrial]:
    """The most accurate first; of equals the faster."""
    return sorted(trials, key=lambda each: (-each.predictions.accuracy, each.seconds_per_1000))


def against_the_next(ranking: Sequence[BackboneTrial]) -> list[Comparison]:
    """Is each better than the one behind it? One comparison fewer than there are trials."""
    return [compare(lower.predictions, upper.predictions) for upper, lower in pairwise(ranking)]


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
        if each is first or compare(each.predictions, first.predictions).is_better != "yes"
    ]
    return min(equals, key=lambda each: each.seconds_per_1000), equals
