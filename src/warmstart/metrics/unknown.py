"""The answer "unknown", for pictures of things that no class stands for."""

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError
from warmstart.metrics.intervals import Interval, wilson


@dataclass(frozen=True)
class UnknownThreshold:
    """Accept an answer whose score is at least ``value``; else say "unknown".

    ``false_accept`` is the rate asked for, of pictures of other things that get an answer.
    """

    value: float
    false_accept: float
    num_others: int

    def is_accepted(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each answer (N,) is given."""
        return np.asarray(scores >= self.value, np.bool_)


@dataclass(frozen=True)
class UnknownScores:
    """How the threshold does: rates with Wilson's 95 % intervals.

    ``false_accept``: of pictures of other things, the share that gets an answer;
    ``false_reject``: of pictures of the classes, the share that gets none.
    """

    false_accept: float
    false_accept_interval: Interval
    num_others: int
    false_reject: float
    false_reject_interval: Interval
    num_known: int


def confidence(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """A score of each row (N,) of (N, K), higher for what is known: the highest probability.

    Reference:
        Hendrycks and Gimpel (2017), arXiv 1610.02136.
    """
    return np.asarray(probabilities.max(axis=1), np.float64)


def unknown_threshold(
    scores_of_others: NDArray[np.float64], *, false_accept: float = 0.05
) -> UnknownThreshold:
    """Choose the lowest threshold that keeps the false-accept rate on new pictures.

    The rate holds on average over new pictures of the same kind of other things, however few chose
    it; a threshold that merely fits these ones would do worse on the next.

    Args:
        scores_of_others: (N,) of pictures of other things, higher for what is known; they may
            judge nothing afterwards (law 15).
        false_accept: The rate, above 0 and below 1.

    Returns:
        The threshold.

    Raises:
        SettingError: the rate is impossible, or too small for so few pictures.

    Reference:
        Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World, section 4.1:
        one of n + 1 exchangeable scores is among the m + 1 highest with chance (m + 1) / (n + 1).
    """
    scores = check_scores(scores_of_others, "scores_of_others")
    if not 0 < false_accept < 1:
        raise SettingError(
            f"false_accept is {false_accept}.",
            expected="a rate above 0 and below 1.",
            fix="pass false_accept=0.05.",
        )
    number = floor(false_accept * (len(scores) + 1) + 1e-9) - 1  # of these that may be accepted
    if number < 0:
        raise SettingError(
            f"{len(scores)} pictures of other things are too few for a false-accept rate of "
            f"{false_accept:g}.",
            expected=f"at least {ceil(1 / false_accept - 1e-9) - 1} of them.",
            fix="add pictures of other things, or ask for a higher rate.",
        )
    highest_refused = float(np.sort(scores)[::-1][number])
    return UnknownThreshold(float(np.nextafter(highest_refused, np.inf)), false_accept, len(scores))


def score_unknown(
    threshold: UnknownThreshold,
    *,
    scores_of_known: NDArray[np.float64],
    scores_of_others: NDArray[np.float64],
) -> UnknownScores:
    """Judge a threshold on pictures that did not choose it.

    Args:
        threshold: From ``unknown_threshold``.
        scores_of_known: (N,) of pictures of the classes.
        scores_of_others: (M,) of pictures of other things.

    Returns:
        Both rates, with intervals.
    """
    known = check_scores(scores_of_known, "scores_of_known")
    others = check_scores(scores_of_others, "scores_of_others")
    accepted = int(threshold.is_accepted(others).sum())
    rejected = int((~threshold.is_accepted(known)).sum())
    return UnknownScores(
        accepted / len(others),
        wilson(accepted, len(others)),
        len(others),
        rejected / len(known),
        wilson(rejected, len(known)),
        len(known),
    )


def check_scores(scores: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """The scores, checked.

    Raises:
        SettingError: there are none, or one is not a number.
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1 or len(scores) == 0 or not np.isfinite(scores).all():
        raise SettingError(
            f"{name} has shape {scores.shape}, and {int((~np.isfinite(scores)).sum())} of its "
            "numbers are not finite.",
            expected="one finite score per picture.",
            fix=f"pass {name}=confidence(predictions.probabilities).",
        )
    return scores
