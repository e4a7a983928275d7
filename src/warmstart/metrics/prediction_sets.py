"""Sets of classes that hold the truth as often as was asked (conformal prediction)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError
from warmstart.metrics.intervals import Interval, wilson

MOST_KEPT = 500  # scores in a card: of more rows sets cover up to 0.2 % more than was asked
MOST_ROWS = 10**12  # that a file may speak of
ROUNDING = 1e-9  # 0.7 * 10 is more than 7


@dataclass(frozen=True)
class NonconformityScores:
    """How unlikely the true classes of rows were to a model that had not learned from them.

    A score is 1 - the probability of the true class, as it is answered. ``values`` ascend; they are
    those of all ``num_rows``, or of ``MOST_KEPT`` ranks evenly among them.

    Reference:
        Sadinle, Lei, Wasserman (2019), arXiv 1609.00451, for the score; Vovk (2015), arXiv
        1208.0806, for taking it out of fold.

    Differs from:
        Vovk, whose folds' own models answer: here it is the one of all rows, which is a little
        better than those that were scored, so that sets cover a little more. And a set that would
        be empty holds the likeliest class.
    """

    values: tuple[float, ...]
    num_rows: int

    @property
    def highest_confidence(self) -> float:
        """Above it every class is in every set: n / (n + 1)."""
        return self.num_rows / (self.num_rows + 1)

    def cutoff(self, confidence: float) -> float:
        """The score up to which classes are in a set; 1 above the highest confidence.

        Args:
            confidence: In (0, 1).
        """
        rank = max(math.ceil(confidence * (self.num_rows + 1) - ROUNDING), 1)
        if rank > self.num_rows:
            return 1.0
        kept = kept_ranks(self.num_rows)
        return self.values[int(np.searchsorted(kept, rank))]


def kept_ranks(num_rows: int) -> NDArray[np.int64]:
    """Ranks, from 1, of the scores that are kept of so many rows; the last one is among them."""
    number = min(num_rows, MOST_KEPT)
    return -(-np.arange(1, number + 1) * num_rows // number)


def nonconformity_scores(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64]
) -> NonconformityScores:
    """Keep what sets of any confidence need.

    Args:
        probabilities: (N, K) of rows that the models which predicted them did not learn from, as
            they are answered: after a temperature.
        labels: (N,), -1 where a row has none.

    Raises:
        SettingError: an image may have many classes, or no row has a label.
    """
    if labels.ndim == 2:
        raise SettingError(
            "an image may have many classes: sets hold one true class.",
            expected="predictions of one class per image.",
            fix="omit it; thresholds say which classes an image has.",
        )
    known = labels >= 0
    if not known.any():
        raise SettingError(
            "no row has a label: nothing tells how often a set holds the truth.",
            expected="labelled rows that the model did not learn from.",
            fix="pass learn.cross_validate().",
        )
    scores = np.sort(1 - probabilities[known, labels[known]]).clip(0, 1)
    kept = scores[kept_ranks(len(scores)) - 1]
    return NonconformityScores(tuple(kept.tolist()), len(scores))


def faults_of_scores(found: NonconformityScores) -> Iterable[str]:
    """What in scores that come from a file cannot be."""
    if not 1 <= found.num_rows <= MOST_ROWS:
        yield f"sets cannot rest on {found.num_rows} rows"
    elif len(found.values) != min(found.num_rows, MOST_KEPT):
        yield f"sets of {found.num_rows} rows have {len(found.values)} scores"
    if not all(0 <= value <= 1 for value in found.values):  # NaN is neither
        yield "a score of sets is not between 0 and 1"
    elif list(found.values) != sorted(found.values):
        yield "the scores of sets do not ascend"


def sets_of(
    probabilities: NDArray[np.float64], found: NonconformityScores, confidence: float
) -> NDArray[np.bool_]:
    """Which classes are in the set of each row (N, K); the likeliest is in any case.

    Args:
        probabilities: (N, K) as they are answered.
        found: Of other rows.
        confidence: In (0, 1).
    """
    held = 1 - probabilities <= found.cutoff(confidence)
    if len(held):
        held[np.arange(len(held)), probabilities.argmax(axis=1)] = True
    return np.asarray(held, np.bool_)


@dataclass(frozen=True)
class SetScores:
    """How often sets hold the truth, with its 95 % Wilson interval, and how large they are."""

    confidence: float
    coverage: float
    coverage_interval: Interval
    mean_size: float
    num_rows: int

    def __str__(self) -> str:
        """Coverage with its interval, and mean size."""
        low, high = self.coverage_interval.low, self.coverage_interval.high
        return (
            f"sets of confidence {self.confidence:g} hold the truth of {self.coverage:.4f} "
            f"(95 % {low:.4f} to {high:.4f}, n = {self.num_rows}); mean size {self.mean_size:.2f}"
        )


def score_sets(sets: NDArray[np.bool_], labels: NDArray[np.int64], confidence: float) -> SetScores:
    """Judge sets by labelled rows, which made none of them (law 15).

    Args:
        sets: (N, K).
        labels: (N,), -1 where a row has none.
        confidence: That was asked for.

    Raises:
        SettingError: no row has a label.
    """
    known = np.flatnonzero(labels >= 0)
    if not len(known):
        raise SettingError(
            "no row has a label, so nothing tells whether a set holds the truth.",
            expected="predictions with labels.",
            fix="judge labelled pictures: predictor.evaluate(folder).",
        )
    holds = sets[known, labels[known]]
    return SetScores(
        confidence,
        float(holds.mean()),
        wilson(int(holds.sum()), len(known)),
        float(sets[known].sum(axis=1).mean()),
        len(known),
    )
