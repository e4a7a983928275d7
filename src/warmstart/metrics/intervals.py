"""95 % intervals: Wilson's for proportions, a bootstrap within the classes for everything else.

A bootstrap of 300 right answers out of 300 says "1.0 to 1.0"; Wilson's interval says ".987 to 1".
Of five intervals for proportions (Wilson, Jeffreys, Clopper–Pearson, Agresti–Coull, mid-P) Wilson's
alone covers between 92 % and 98 % at a true value of .98 with 50 rows (92.2 %, others 98.2 %).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
BLOCK_NUMBERS = 500_000  # resample weights held at once: 4 MB, which a cache holds
Z95 = 1.959963984540054

Statistics = Callable[[NDArray[np.float64]], Mapping[str, NDArray[np.float64]]]


@dataclass(frozen=True)
class Interval:
    """From ``low`` to ``high``, both included."""

    low: float
    high: float


def wilson(right: int, total: int) -> Interval:
    """The score interval of a proportion, without continuity correction.

    Args:
        right: How many of them; ``total`` > 0.
        total: Of how many.

    Returns:
        The interval; exactly 0 or 1 at the edges, where rounding would miss the truth by 1e-16.

    Reference:
        Wilson (1927), JASA 22, 209–212, eq. 1; Brown, Cai and DasGupta (2001), Statistical
        Science 16, 101–133.
    """
    p, z2 = right / total, Z95 * Z95
    middle = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * np.sqrt(p * (1 - p) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return Interval(
        0.0 if right <= 0 else float(middle - half), 1.0 if right >= total else float(middle + half)
    )


def resample_weights(
    strata: NDArray[np.int64], num_resamples: int, *, seed: int
) -> Iterator[NDArray[np.float64]]:
    """How often each row counts in each resample, in blocks (R, N); each row counts 1 on average.

    A class of n rows gives n - 1 draws of weight n / (n - 1): n draws would make its spread too
    small by the factor sqrt((n - 1) / n), which is felt at 5 rows per class. A class of one row
    counts once in every resample: one row says nothing of its spread.

    Args:
        strata: (N,) the class of each row; rows are drawn within their class.
        num_resamples: R in total.
        seed: Of the draw.

    Yields:
        Blocks of weights.

    Reference:
        Rao and Wu (1988), JASA 83, 231–241, section 2, with m = n - 1.
    """
    rng = np.random.default_rng(seed)
    groups = [rows for rows in strata_by_size(strata) if rows.shape[1] > 1]
    block = max(1, min(num_resamples, BLOCK_NUMBERS // len(strata)))
    for start in range(0, num_resamples, block):
        number = min(block, num_resamples - start)
        weights = np.ones((number, len(strata)))
        for rows in groups:
            num_strata, n = rows.shape
            each = np.arange(number * num_strata).reshape(number, num_strata, 1)
            drawn = rng.integers(n, size=(number, num_strata, n - 1)) + n * each
            counts = np.bincount(drawn.ravel(), minlength=n * each.size)
            weights[:, rows] = counts.reshape(number, num_strata, n) * (n / (n - 1))
        yield weights


def strata_by_size(strata: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of the classes of each size: (classes, size) positions, so that many are one step.

    Args:
        strata: (N,) the class of each row.
    """
    _, places, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    order = np.argsort(places, kind="stable")
    starts = np.cumsum(sizes) - sizes
    return [order[starts[sizes == size][:, None] + np.arange(size)] for size in np.unique(sizes)]


def bootstrap(
    statistics: Statistics, strata: NDArray[np.int64], *, num_resamples: int, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Scores of resampled rows.

    Args:
        statistics: Weights (R, N) → each score under each resample's weights (R,).
        strata: (N,) the class of each row; zeros where rows are drawn from all.
        num_resamples: At least 100 for a 2.5 % tail to be more than two of them.
        seed: Of the draw.

    Returns:
        By name, (num_resamples,).

    Reference:
        Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    blocks = [statistics(each) for each in resample_weights(strata, num_resamples, seed=seed)]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def percentiles(values: NDArray[np.float64]) -> Interval | None:
    """The middle 95 % of the values.

    Returns:
        None where all are the same: an interval of no width would claim certainty, and all rows
        right is no proof that the next one is.
    """
    if has_no_width(values):
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def on_scale(value: float, values: NDArray[np.float64], *, is_share: bool) -> Interval | None:
    """1.96 standard deviations of the resamples on both sides, on a scale without ends.

    Measured against percentiles, BCa, basic and plain normal intervals in 8 settings (3 and 10
    classes, 50 and 300 rows, accuracy .65–.98): nearest to 95 % nearly everywhere. At an AUC of
    .998 and 300 rows percentiles cover 86 %, BCa 91 %, this 93 %; 50 resamples do nearly as well
    as 400.

    Args:
        value: The score of the rows themselves.
        values: (R,) of the resamples; NaN where one leaves the score undefined.
        is_share: From 0 to 1, so that the scale is the logit; else the logarithm of a loss.

    Returns:
        The interval; None where the resamples are all the same.

    Reference:
        Pepe (2003), The Statistical Evaluation of Medical Tests, section 5.2.4 (logit of an AUC).
    """
    values = values[np.isfinite(values)]
    if has_no_width(values) or value <= 0 or (is_share and value >= 1):
        return None
    half = Z95 * float(values.std(ddof=1)) / (value * (1 - value) if is_share else value)
    if not is_share:
        return Interval(float(value * np.exp(-half)), float(value * np.exp(half)))
    middle = np.log(value / (1 - value))
    low, high = (1 / (1 + np.exp(-np.clip([middle - half, middle + half], -700, 700)))).tolist()
    return Interval(low, high)


def has_no_width(values: NDArray[np.float64]) -> bool:
    """Whether all are the same but for rounding."""
    return len(values) < 2 or bool(np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())))
