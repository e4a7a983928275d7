"""What heads of nested subsets got wrong → how accurate a head of more rows would be.

The expected error of a head that m rows trained is taken to fall as a + b · m^-c. Errors are
compared on the scale asin √e, on which the noise of a proportion is equally large everywhere, near
0 as well. The posterior of (a, b, c) is summed over a grid: nothing is drawn, and the same errors
give the same numbers.

Reference:
    Hestness et al. (2017), arXiv 1712.00409, for the power law with a floor; Viering and Loog
    (2021), arXiv 2103.10948, for what else learning curves do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.metrics.intervals import Z95

PRIOR_ROWS = 0.5  # Jeffreys: half a row that is wrong and half a row that is right, for spreads
MEDIAN_ROWS = 1 / 6  # the same for values: the posterior's median; its mean is too high near 0
NUM_ERRORS, NUM_FLOORS, NUM_EXPONENTS = 81, 16, 20  # points of the grid
REACH = 5.0  # standard errors around the error of the largest size that the grid spans
STEEPEST = 1.5  # the largest c; curves of frozen features have 0.2 to 1
MISFIT = 0.004  # of each size, on the scale of errors: no curve is a power law exactly
LEAST_ERROR = 1e-9


@dataclass(frozen=True, eq=False)
class SubsetErrors:
    """What R heads got wrong that were trained on about ``num_rows`` rows each.

    ``wrong`` (R, N) is 1 where a head's answer is wrong, 0 where it is right, NaN along the rows
    that trained it. ``trained`` (R, N) says which did.
    """

    num_rows: int
    wrong: NDArray[np.floating]
    trained: NDArray[np.bool_]


@dataclass(frozen=True)
class AccuracyEstimate:
    """An accuracy and its 95 % interval, in [0, 1]."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class CurveFit:
    """The curves that the errors allow, each with its weight.

    ``measured`` is an estimate for each size, its own errors alone. ``weights`` (P,) sum to 1;
    curve p has the error ``errors[p]`` at ``last_rows``, of which the factor ``floors[p]`` never
    goes away and the rest falls as m^-``exponents[p]``. ``head_variance`` over m is how much
    the errors of heads of m rows differ by the choice of their rows.
    """

    measured: tuple[AccuracyEstimate, ...]
    last_rows: int
    weights: NDArray[np.float64]
    errors: NDArray[np.float64]
    floors: NDArray[np.float64]
    exponents: NDArray[np.float64]
    head_variance: float

    def errors_at(self, num_rows: int) -> NDArray[np.float64]:
        """The expected error (P,) of a head of so many rows, by each curve."""
        shrink = self.floors + (1 - self.floors) * (num_rows / self.last_rows) ** -self.exponents
        errors: NDArray[np.float64] = np.clip(self.errors * shrink, LEAST_ERROR, 1 - LEAST_ERROR)
        return errors

    def accuracy(self, num_rows: int) -> AccuracyEstimate:
        """Of a head of so many rows, on new images.

        The interval covers the images that judged, the choice of the rows that train, and which of
        the curves is the right one; a score on few images scatters further than that.
        """
        errors = self.errors_at(num_rows)
        low, middle, high = self.tails(on_error_scale(errors))
        half = Z95 * (self.head_variance / num_rows) ** 0.5 * slope_of_scale(np.sin(middle) ** 2)
        return estimate(middle, np.hypot(middle - low, half), np.hypot(high - middle, half))

    def gain(self, num_rows: int, more_rows: int) -> AccuracyEstimate:
        """What more rows add to the expected accuracy: it never falls along these curves."""
        low, middle, high = self.tails(self.errors_at(num_rows) - self.errors_at(more_rows))
        return AccuracyEstimate(middle, low, high)

    def tails(self, values: NDArray[np.float64]) -> tuple[float, float, float]:
        """The middle 95 % of values (P,) of the curves: low end, median, high end."""
        order = np.argsort(values, kind="stable")
        steps = np.cumsum(self.weights[order])
        low, middle, high = np.interp([0.025, 0.5, 0.975], steps, values[order]).tolist()
        return low, middle, high


def fit_learning_curve(sizes: Sequence[SubsetErrors], units: NDArray[np.integer]) -> CurveFit:
    """Find the curves that go with the errors.

    Args:
        sizes: From few rows to many, two or more.
        units: (N,) rows of one unit are alike, so they count as one draw of images.
    """
    errors, covariance = mean_errors(sizes, units)
    num_rows = np.array([size.num_rows for size in sizes], dtype=np.float64)
    between = [variance_between_heads(size) for size in sizes]
    known = [each * rows for each, rows in zip(between, num_rows, strict=True) if each is not None]
    head_variance = max(0.0, float(np.mean(known))) if known else 0.0
    covariance += np.diag(head_variance / num_rows / [independent_heads(size) for size in sizes])
    slopes = np.array([slope_of_scale(error) for error in errors])
    covariance = covariance * np.outer(slopes, slopes) + MISFIT**2 * np.eye(len(sizes))
    found, deviations = on_error_scale(errors), np.sqrt(np.diag(covariance))
    measured = tuple(
        estimate(value, Z95 * deviation, Z95 * deviation)
        for value, deviation in zip(found.tolist(), deviations.tolist(), strict=True)
    )
    ends = np.clip(found[-1] + REACH * deviations[-1] * np.array([-1, 1]), 0, np.pi / 2)
    grid = np.meshgrid(
        np.sin(ends[0] + (ends[1] - ends[0]) * middles(NUM_ERRORS)) ** 2,
        middles(NUM_FLOORS),
        middles(NUM_EXPONENTS) * STEEPEST,
        indexing="ij",
    )
    at_last, floors, exponents = (axis.ravel() for axis in grid)
    ratios = (num_rows[:, None] / num_rows[-1]) ** -exponents
    expected = np.clip(at_last * (floors + (1 - floors) * ratios), 0, 1)
    misses = found[:, None] - on_error_scale(expected)
    log_weights = -0.5 * np.einsum("sp,sp->p", misses, np.linalg.solve(covariance, misses))
    weights = np.exp(log_weights - log_weights.max())
    return CurveFit(
        measured,
        int(num_rows[-1]),
        weights / weights.sum(),
        at_last,
        floors,
        exponents,
        head_variance,
    )


def mean_errors(
    sizes: Sequence[SubsetErrors], units: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean error of each size (S,), and its covariance (S, S) by which images judged.

    An image that is hard for one size is hard for the others, so the differences between sizes are
    known better than each of them.
    """
    sums, counts = [], []
    for size in sizes:
        num_heads = np.isfinite(size.wrong).sum(axis=0)
        means = np.nansum(size.wrong, axis=0) / np.maximum(num_heads, 1)
        sums.append(np.bincount(units, means))
        counts.append(np.bincount(units, num_heads > 0))
    wrong, judged = np.array(sums), np.array(counts, dtype=np.float64)
    totals = judged.sum(axis=1) + 2 * MEDIAN_ROWS
    errors = (wrong.sum(axis=1) + MEDIAN_ROWS) / totals
    residuals = wrong - errors[:, None] * judged
    prior = np.outer(errors, errors) + np.outer(1 - errors, 1 - errors)
    return errors, (residuals @ residuals.T + PRIOR_ROWS * prior) / np.outer(totals, totals)


def variance_between_heads(size: SubsetErrors) -> float | None:
    """How much the errors of two heads without a common row differ, beyond the judging's noise.

    Returns:
        The variance of one head's; it may come out below 0. None where every two share rows, or
        no row judges two of them.
    """
    found = []
    for i, first in enumerate(size.wrong):
        for j in range(i):
            differences = first - size.wrong[j]
            differences = differences[np.isfinite(differences)]
            if len(differences) > 1 and not (size.trained[i] & size.trained[j]).any():
                noise = differences.var(ddof=1) / len(differences)
                found.append((differences.mean() ** 2 - noise) / 2)
    return float(np.mean(found)) if found else None


def independent_heads(size: SubsetErrors) -> float:
    """As how many heads they count: no more than have room in all rows side by side."""
    return float(
        min(len(size.wrong), size.wrong.shape[1] / max(size.trained.sum(axis=1).mean(), 1))
    )


def on_error_scale(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Asin √e of errors in [0, 1]."""
    scaled: NDArray[np.float64] = np.arcsin(np.sqrt(errors))
    return scaled


def slope_of_scale(error: float) -> float:
    """By how much a small change of an error is larger on the scale."""
    return float(0.5 / np.sqrt(max(error * (1 - error), LEAST_ERROR)))


def estimate(middle: float, below: float, above: float) -> AccuracyEstimate:
    """An accuracy, from an error on its scale and the distances to both ends of its interval."""
    ends = np.clip([middle, middle + above, middle - below], 0, np.pi / 2)
    value, low, high = (np.cos(ends) ** 2).tolist()
    return AccuracyEstimate(value, low, high)


def middles(number: int) -> NDArray[np.float64]:
    """The middles of so many equal parts of [0, 1]."""
    found: NDArray[np.float64] = (np.arange(number) + 0.5) / number
    return found
