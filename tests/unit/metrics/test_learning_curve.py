"""A curve through errors that are known: what its intervals hold, and do not depend on."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from warmstart.metrics.learning_curve import (
    AccuracyEstimate,
    CurveFit,
    SubsetErrors,
    fit_learning_curve,
    mean_errors,
    variance_between_heads,
)

PARTS = (0.1, 0.2, 0.4, 0.8)
NUM_HEADS = 10


def error_at(part: float, floor: float, exponent: float) -> float:
    """Of a head of so large a part of the rows; 0.2 at all of them."""
    return 0.2 * (floor + (1 - floor) * float(part**-exponent))


def trained_rows(num_rows: int, part: float) -> NDArray[np.bool_]:
    tenths = np.arange(num_rows) % 10
    found: NDArray[np.bool_] = (tenths - np.arange(NUM_HEADS)[:, None]) % 10 < round(10 * part)
    return found


def simulated(
    num_rows: int, floor: float, exponent: float, seed: int, spread: float = 0.0
) -> list[SubsetErrors]:
    """Rows have a difficulty each: a head is wrong where its error is above that, and by chance."""
    random = np.random.default_rng(seed)
    hard = random.random(num_rows)
    sizes = []
    for part in PARTS:
        errors = error_at(part, floor, exponent) + spread * random.normal(size=(NUM_HEADS, 1))
        wrong = (hard + 0.05 * random.normal(size=(NUM_HEADS, num_rows)) < errors).astype(float)
        trained = trained_rows(num_rows, part)
        sizes.append(
            SubsetErrors(round(part * num_rows), np.where(trained, np.nan, wrong), trained)
        )
    return sizes


def fitted(sizes: list[SubsetErrors]) -> CurveFit:
    return fit_learning_curve(sizes, np.arange(sizes[0].wrong.shape[1]))


def width(found: AccuracyEstimate) -> float:
    return found.high - found.low


@pytest.mark.parametrize(("floor", "exponent"), [(0.0, 0.3), (0.5, 0.6), (0.9, 0.5)])
def test_the_interval_holds_what_twice_as_many_rows_give(floor: float, exponent: float) -> None:
    truth = 1 - error_at(2, floor, exponent)
    held = 0
    for seed in range(40):
        found = fitted(simulated(200, floor, exponent, seed)).accuracy(400)
        held += found.low <= truth <= found.high
    assert held >= 36


def test_more_rows_narrow_it_and_the_far_end_is_the_least_certain() -> None:
    few, many = fitted(simulated(100, 0.5, 0.5, 0)), fitted(simulated(1600, 0.5, 0.5, 0))
    assert width(many.accuracy(3200)) < 0.5 * width(few.accuracy(200))
    assert width(few.accuracy(800)) > width(few.accuracy(80))


def test_the_curve_never_falls_and_its_gain_is_the_difference() -> None:
    fit = fitted(simulated(150, 0.3, 0.5, 3))
    along = [fit.accuracy(rows).value for rows in range(15, 301, 15)]
    assert all(a <= b for a, b in pairwise(along))
    gain = fit.gain(150, 300)
    assert 0 <= gain.low <= gain.value <= gain.high
    assert gain.value == pytest.approx(along[-1] - along[9], abs=0.01)
    assert width(gain) < width(fit.accuracy(300))


def test_none_wrong_is_no_certainty() -> None:
    sizes = [
        SubsetErrors(round(100 * part), np.where(trained, np.nan, 0.0), trained)
        for part in PARTS
        for trained in [trained_rows(100, part)]
    ]
    fit = fitted(sizes)
    for found in (*fit.measured, fit.accuracy(200)):
        assert 0.95 < found.low < 0.99 < found.value <= found.high <= 1


def test_the_order_of_rows_and_the_names_of_units_do_not_count() -> None:
    sizes = simulated(120, 0.4, 0.5, 5)
    order = np.random.default_rng(0).permutation(120)
    moved = [SubsetErrors(s.num_rows, s.wrong[:, order], s.trained[:, order]) for s in sizes]
    one = fit_learning_curve(sizes, np.arange(120)).accuracy(240)
    other = fit_learning_curve(moved, order[::-1].argsort()).accuracy(240)
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_copies_in_one_unit_are_no_further_evidence() -> None:
    sizes = simulated(120, 0.4, 0.5, 5)
    twice = [
        SubsetErrors(2 * s.num_rows, np.tile(s.wrong, 2), np.tile(s.trained, 2)) for s in sizes
    ]
    units = np.tile(np.arange(120), 2)
    plain, copied = (mean_errors(*each)[1] for each in ((sizes, units[:120]), (twice, units)))
    assert np.diag(copied) == pytest.approx(np.diag(plain), rel=0.05)
    assert (np.diag(mean_errors(twice, np.arange(240))[1]) < 0.6 * np.diag(plain)).all()


def test_heads_that_differ_widen_the_interval() -> None:
    same, other = simulated(400, 0.5, 0.5, 1), simulated(400, 0.5, 0.5, 1, spread=0.05)
    found = variance_between_heads(other[0])
    assert found is not None
    assert found == pytest.approx(0.05**2, rel=0.8)
    alike = variance_between_heads(same[0])
    assert alike is not None
    assert abs(alike) < 0.2 * found
    assert width(fitted(other).accuracy(800)) > width(fitted(same).accuracy(800))


def test_heads_that_share_rows_say_nothing_of_how_heads_differ() -> None:
    assert variance_between_heads(simulated(100, 0.5, 0.5, 1)[-1]) is None
