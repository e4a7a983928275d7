"""How far probabilities are from what happened: losses per row, and calibration in bins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.metrics.intervals import BLOCK_NUMBERS, wilson
from warmstart.metrics.labelled_rows import LabelledRows

NUM_BINS = 15


@dataclass(frozen=True, eq=False)
class CalibrationBins:
    """Confidence against truth in bins of equal width, empty ones included.

    ``confidence`` (B,) mean of what was said, ``truth`` (B,) share that is so (both 0 in an empty
    bin), ``counts`` (B,) how many answers.
    """

    confidence: NDArray[np.float64]
    truth: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error: mean gap between said and true, weighted by the counts."""
        gaps = np.abs(self.confidence - self.truth)
        return float((gaps * self.counts).sum() / self.counts.sum())


def calibration_bins(rows: LabelledRows, *, num_bins: int = NUM_BINS) -> CalibrationBins:
    """Sort answers into bins by what was said of them.

    Bins have equal width, (0, 1/15] to (14/15, 1], as in the papers whose figures people compare
    with; bins of equal mass are less biased, but have no rule for ties.

    Args:
        rows: One label: the highest probability of each row, and whether that class is right.
            Many labels: each probability of each row, and whether the row has that label.
        num_bins: B.

    Returns:
        The bins.

    Reference:
        Guo et al. (2017), arXiv 1706.04599, eq. 3 (15 bins); Naeini et al. (2015), AAAI.
    """
    return binned(*answers_of(rows), num_bins)


def binned(
    said: NDArray[np.float64], so: NDArray[np.bool_], num_bins: int = NUM_BINS
) -> CalibrationBins:
    """Put answers (N,) with their truth (N,) into bins closed above."""
    place = bin_of(said, num_bins)
    counts = np.bincount(place, minlength=num_bins)
    filled = np.maximum(counts, 1)
    return CalibrationBins(
        np.bincount(place, said, num_bins) / filled,
        np.bincount(place, so, num_bins) / filled,
        counts.astype(np.int64),
    )


@dataclass(frozen=True, eq=False)
class EvenBins:
    """Groups of at least so many answers, by what was said of them; all (B,).

    ``confidence`` is the mean of what was said, ``truth`` the share that is so, ``low`` to ``high``
    its 95 % interval, ``counts`` how many answers.
    """

    confidence: NDArray[np.float64]
    truth: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def num_off(self) -> int:
        """How many of them have what was said outside their interval."""
        return int(((self.confidence < self.low) | (self.confidence > self.high)).sum())


def even_bins(
    said: NDArray[np.float64], so: NDArray[np.bool_], *, least: int, width: float
) -> EvenBins:
    """Part answers by count, so that each part can tell something, and no two say the same.

    Args:
        said: (N,) probabilities.
        so: (N,) whether it is so.
        least: The fewest answers of a part; N is not below it.
        width: The least range of probabilities of a part; equal ones are never parted.
    """
    order = np.argsort(said, kind="stable")
    said, so = said[order], so[order]
    ends, start = [], 0
    for place in range(1, len(said)):
        is_full = place - start >= least and said[place - 1] - said[start] >= width
        if is_full and said[place] > said[place - 1]:
            ends.append(place)
            start = place
    if ends and len(said) - ends[-1] < least:
        ends.pop()
    parts = np.split(np.arange(len(said)), ends)
    intervals = [wilson(int(so[part].sum()), len(part)) for part in parts]
    return EvenBins(
        np.array([said[part].mean() for part in parts]),
        np.array([so[part].mean() for part in parts]),
        np.array([each.low for each in intervals]),
        np.array([each.high for each in intervals]),
        np.array([len(part) for part in parts], np.int64),
    )


def answers_of(rows: LabelledRows) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What was said, and whether it is so: of one label each row's answer, of many every class."""
    if rows.is_multi_label:
        return rows.probabilities.ravel(), rows.labels.ravel() == 1
    return rows.probabilities.max(axis=1), rows.predicted == rows.labels


def bin_of(said: NDArray[np.float64], num_bins: int) -> NDArray[np.int64]:
    """The bin of each probability (N,); bins are closed above, the first also below."""
    return np.clip(np.ceil(said * num_bins).astype(np.int64) - 1, 0, num_bins - 1)


def error_if_calibrated(rows: LabelledRows, *, num_resamples: int, seed: int) -> float:
    """The calibration error that a perfect model would show on as few rows: the mean over draws.

    The error is a mean of absolute gaps, so chance alone makes it positive: .05 is bad with
    10,000 rows, and nothing with 100. A bootstrap interval would be off by as much.

    Args:
        rows: What is judged; its labels are not used.
        num_resamples: How often labels are drawn from the probabilities.
        seed: Of the draw.

    Returns:
        The error to expect from chance.
    """
    rng = np.random.default_rng(seed)
    said = rows.probabilities.ravel() if rows.is_multi_label else rows.probabilities.max(axis=1)
    bins = bin_of(said, NUM_BINS)[:, None] == np.arange(NUM_BINS)
    sums = said @ bins
    block, total, done = max(1, BLOCK_NUMBERS // len(said)), 0.0, 0
    while done < num_resamples:
        number = min(block, num_resamples - done)
        drawn = (rng.random((number, len(said))) < said).astype(np.float64) @ bins
        total, done = total + float(np.abs(sums - drawn).sum()), done + number
    return total / len(said) / num_resamples


def log_losses(rows: LabelledRows) -> NDArray[np.float64]:
    """Cross-entropy of each row (N,) in nats; of many labels, the mean over the classes.

    Probabilities are kept 2.2e-16 away from 0 and 1, as scikit-learn's log_loss does.
    """
    tiny = np.finfo(np.float64).eps
    if rows.is_multi_label:
        probabilities = np.clip(rows.probabilities, tiny, 1 - tiny)
        of_label = np.where(rows.labels == 1, probabilities, 1 - probabilities)
        return np.asarray(-np.log(of_label).mean(axis=1), np.float64)
    own = rows.probabilities[np.arange(len(rows.labels)), rows.labels]
    probabilities = np.clip(own / rows.probabilities.sum(axis=1), tiny, 1 - tiny)
    return np.asarray(-np.log(probabilities), np.float64)


def row_squares(rows: LabelledRows) -> NDArray[np.float64]:
    """Brier's squared error of each row (N,).

    As scikit-learn scales it: the sum over the classes (0 to 2), halved where there are two
    classes (0 to 1); of many labels, the mean over the classes (0 to 1).
    """
    if rows.is_multi_label:
        return np.asarray(((rows.probabilities - rows.labels) ** 2).mean(axis=1), np.float64)
    gaps = normalised(rows)
    gaps[np.arange(len(gaps)), rows.labels] -= 1
    gaps *= gaps
    squares = gaps.sum(axis=1)
    return np.asarray(squares / 2 if len(rows.classes) == 2 else squares, np.float64)


def normalised(rows: LabelledRows) -> NDArray[np.float64]:
    """Probabilities that add up to 1 exactly, also when they were read from few digits."""
    return np.asarray(
        rows.probabilities / rows.probabilities.sum(axis=1, keepdims=True), np.float64
    )
