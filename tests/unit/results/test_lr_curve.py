import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from warmstart.results.lr_curve import LARGEST, LARGEST_USUAL, LEARNED, LRCurve

LRS = np.geomspace(1e-5, 10, 100)
CHANCE = float(np.log(5))


def changes(fallen: float, risen: float, fall: float, rise: float = 3.0) -> NDArray[np.float64]:
    """What each step changes: a fall from a decade before ``fallen`` on, a rise at ``risen``."""
    falling = np.interp(np.log10(LRS), [np.log10(fallen) - 1, np.log10(fallen)], [0.0, -fall])
    return np.where(risen > LRS, falling, rise)


def paired(
    changed: NDArray[np.float64], start: float, noise: float = 0.0, seed: int = 0, **more: Any
) -> LRCurve:
    """A curve whose batches differ in difficulty by ``noise``."""
    before = start * np.exp(noise * np.random.default_rng(seed).normal(size=len(changed)))
    return LRCurve(LRS, before + changed, chance=CHANCE, before=before, **more)


@given(fallen=st.floats(-4, -2), start=st.floats(1.0, 4.0))
def test_of_a_network_that_learns_the_distance_to_two_thirds_of_the_fall(
    fallen: float, start: float
) -> None:
    curve = paired(changes(10**fallen, 0.9, 0.9 * start), start)
    two_thirds = 10 ** (fallen - 1 + LEARNED)
    steps_later = np.log(curve.suggestion / LRS[two_thirds >= LRS].sum()) / np.log(LRS[1] / LRS[0])
    assert -0.1 < steps_later < 3  # smoothing puts it off by some steps, and never before


def test_twice_as_many_steps_go_the_distance_at_half_the_rate_and_suggest_the_same() -> None:
    lrs = np.geomspace(1e-5, 10, 199)
    few = changes(1e-2, 0.9, 2.0)
    many = np.interp(np.log10(lrs * 2), np.log10(LRS), few)
    curve = LRCurve(lrs, 2.2 + many, chance=CHANCE)
    assert curve.suggestion == pytest.approx(LRCurve(LRS, 2.2 + few, chance=CHANCE).suggestion, 0.2)


@pytest.mark.parametrize("seed", range(20))
def test_how_hard_the_batches_are_does_not_move_a_paired_curve(seed: int) -> None:
    changed = changes(1e-2, 0.1, 0.03)
    clean, noisy = paired(changed, 0.1), paired(changed, 0.1, noise=1.0, seed=seed)
    assert noisy.is_trained
    assert noisy.suggestion == clean.suggestion == 0.01
    assert noisy.turning == clean.turning
    assert noisy.smoothed_changes == pytest.approx(clean.smoothed_changes)


def test_without_pairs_the_first_losses_stand_for_all() -> None:
    changed = changes(1e-2, 0.1, 1.0)
    curve = LRCurve(LRS, 1.5 + changed, chance=CHANCE)
    assert curve.suggestion == pytest.approx(paired(changed, 1.5).suggestion)


@given(turn=st.floats(-4, -0.5), start=st.floats(0.01, 0.5))
def test_of_a_trained_network_the_usual_rate_unless_it_does_harm(turn: float, start: float) -> None:
    """There is no fall to read anything off: the loss is small, and then large."""
    curve = paired(np.where(np.log10(LRS) < turn, 0.0, 5.0), start)
    assert curve.is_trained
    assert curve.turning == LRS[np.log10(LRS) < turn][-1]
    assert curve.suggestion == min(0.01, LARGEST_USUAL * curve.turning)
    assert not paired(np.zeros(100), 2.0).is_trained


def test_one_unlucky_step_is_no_turn_and_one_lucky_step_after_it_no_return() -> None:
    changed = np.where(LRS < 0.1, 0.0, 5.0)
    clean = paired(changed, 0.1)
    changed[20], changed[80] = 2.0, -0.1
    assert paired(changed, 0.1).turning == clean.turning


def test_a_fall_is_no_reason_to_go_beyond_the_turn() -> None:
    changed = changes(3e-2, 3.2e-2, 2.0)
    curve = paired(changed, 2.2)
    assert curve.suggestion == LARGEST * curve.turning < 0.011


def test_few_steps_tell_only_where_the_loss_rises() -> None:
    few = slice(0, None, 8)
    for risen in (0.02, 0.9):
        changed = changes(1e-3, risen, 2.0)
        curve = LRCurve(LRS[few], 2.2 + changed[few], 1.0, CHANCE, np.full(13, 2.2), 0.01)
        assert curve.suggestion == min(0.01, LARGEST_USUAL * curve.turning)


def test_the_smoothed_curve_does_not_lag() -> None:
    dip = 1 - np.exp(-0.5 * ((np.log10(LRS) + 2) / 0.5) ** 2)
    assert LRS[LRCurve(LRS, dip).smoothed.argmin()] == pytest.approx(1e-2, rel=0.1)


def test_smoothing_keeps_a_constant() -> None:
    assert LRCurve(LRS, np.full(100, 0.7)).smoothed == pytest.approx(np.full(100, 0.7))


def test_a_share_is_taken_of_whatever_is_suggested() -> None:
    losses = 2.2 + changes(1e-2, 0.5, 2.0)
    assert LRCurve(LRS, losses, 0.25).suggestion == LRCurve(LRS, losses).suggestion / 4
    assert LRCurve(LRS[:0], LRS[:0], 0.25).suggestion == 0.01 / 4


@pytest.mark.parametrize("end", [float("nan"), float("inf"), 1e30])
def test_a_sweep_that_ends_in_no_number_has_the_suggestion_of_one_that_diverges(end: float) -> None:
    losses = 2.0 + changes(1e-2, 0.5, 1.5, rise=6.0)
    ended = losses.copy()
    ended[-1] = end
    assert LRCurve(LRS, ended).suggestion == LRCurve(LRS, losses).suggestion
    assert np.isfinite(LRCurve(LRS, ended).smoothed).all()


@pytest.mark.parametrize("losses", [[float("nan")], [2.0], [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
def test_every_curve_has_a_suggestion_that_is_not_above_its_rates(losses: list[float]) -> None:
    lrs = np.geomspace(1e-3, 1e-1, len(losses))
    assert LARGEST_USUAL * lrs[0] <= LRCurve(lrs, np.array(losses)).suggestion <= lrs[-1]


def test_no_step_at_all_leaves_the_usual_rate() -> None:
    nothing = LRCurve(LRS[:0], LRS[:0], 1.0, CHANCE, LRS[:0], 0.003)
    assert nothing.suggestion == 0.003
    assert nothing.turning == float("inf")


def test_a_curve_read_back_is_the_same_in_every_field() -> None:
    losses = 0.1 + changes(1e-2, 0.1, 0.03)
    losses[-1] = float("nan")
    curve = LRCurve(LRS, losses, 0.5, CHANCE, np.linspace(0.1, 0.2, 100), 0.004)
    back = LRCurve.from_json(json.loads(json.dumps(curve.to_json(), allow_nan=False)))
    assert np.array_equal(back.lrs, curve.lrs)
    assert np.array_equal(back.losses, curve.losses, equal_nan=True)
    assert back.before is not None
    assert curve.before is not None
    assert np.array_equal(back.before, curve.before)
    assert (back.share, back.chance, back.usual) == (0.5, CHANCE, 0.004)
    assert back.told == back.suggestion == curve.suggestion


def test_a_suggestion_that_was_made_holds_whatever_the_rule_is_now() -> None:
    entry = {"lrs": LRS.tolist(), "losses": (2.0 + changes(1e-2, 0.5, 1.5)).tolist(), "share": 1.0}
    assert LRCurve.from_json(entry | {"told": 0.0057}).suggestion == 0.0057
    assert LRCurve.from_json(entry).suggestion != 0.0057
