import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from warmstart.results.lr_curve import LRCurve

LRS = np.geomspace(1e-5, 10, 100)


def basin(first: float, last: float) -> NDArray[np.float64]:
    """Losses 1 before, 0 from ``first`` to ``last``, 3 after: steps in decades."""
    return np.select([first > LRS, last >= LRS], [1.0, 0.0], 3.0)


@given(start=st.floats(-4, -2.5), decades=st.floats(1, 2.5))
def test_the_suggestion_is_the_middle_of_the_floor(start: float, decades: float) -> None:
    first, last = 10**start, 10 ** (start + decades)
    curve = LRCurve(LRS, basin(first, last))
    # Smoothing moves the edges by less than a third of a decade, and the middle by half of that.
    assert np.log10(curve.suggestion) == pytest.approx(start + decades / 2, abs=0.2)
    assert first < curve.suggestion < last


def test_noise_and_one_lucky_step_hardly_move_it() -> None:
    clean = LRCurve(LRS, basin(1e-3, 1e-1))
    for seed in range(20):
        rng = np.random.default_rng(seed)
        losses = clean.losses + rng.normal(0, 0.1, size=len(LRS))
        losses[rng.integers(25, 60)] -= 0.5
        noisy = LRCurve(LRS, losses)
        assert abs(np.log10(noisy.suggestion / clean.suggestion)) < 0.3


def test_the_smoothed_curve_does_not_lag() -> None:
    dip = 1 - np.exp(-0.5 * ((np.log10(LRS) + 2) / 0.5) ** 2)
    curve = LRCurve(LRS, dip)
    assert LRS[curve.smoothed.argmin()] == pytest.approx(1e-2, rel=0.1)


def test_smoothing_keeps_a_constant() -> None:
    assert LRCurve(LRS, np.full(100, 0.7)).smoothed == pytest.approx(np.full(100, 0.7))


def test_a_share_is_taken_of_the_middle() -> None:
    losses = basin(1e-3, 1e-1)
    assert LRCurve(LRS, losses, 0.25).suggestion == LRCurve(LRS, losses).suggestion / 4


@pytest.mark.parametrize("end", [float("nan"), float("inf"), 1e30])
def test_a_sweep_that_ends_in_no_number_has_the_suggestion_of_one_that_diverges(end: float) -> None:
    losses = basin(1e-3, 1e-1)
    losses[losses == 3] = 4
    ended = losses.copy()
    ended[-1] = end
    assert LRCurve(LRS, ended).suggestion == LRCurve(LRS, losses).suggestion
    assert np.isfinite(LRCurve(LRS, ended).smoothed).all()


@pytest.mark.parametrize("losses", [[float("nan")], [2.0], [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
def test_every_curve_has_a_suggestion_within_its_rates(losses: list[float]) -> None:
    lrs = np.geomspace(1e-3, 1e-1, len(losses))
    suggestion = LRCurve(lrs, np.array(losses)).suggestion
    assert lrs[0] <= suggestion <= lrs[-1]


@given(st.floats(-3, -1))
def test_of_a_trained_network_a_tenth_of_where_the_loss_turns(turn: float) -> None:
    """There is no fall to find the middle of: the loss is small, and then large."""
    losses = np.where(np.log10(LRS) < turn, 0.05, 5.0)
    curve = LRCurve(LRS, losses, chance=np.log(5))
    assert curve.is_trained
    assert not LRCurve(LRS, losses + 2.0, chance=np.log(5)).is_trained
    assert turn - 1.7 < np.log10(curve.suggestion) < turn - 0.9
