import warnings
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.training.toy import one_group, toy_data, toy_module, toy_settings

from warmstart.errors import SettingError
from warmstart.training.loop import fit
from warmstart.training.schedule import OneCycle, Schedule


@given(
    epochs=st.integers(1, 6),
    steps=st.integers(1, 20),
    pct_start=st.floats(0.05, 0.95),
    div=st.floats(1.1, 100),
    final_div=st.floats(1.1, 1e6),
)
def test_one_cycle_climbs_to_the_full_rate_and_falls_to_almost_none(
    epochs: int, steps: int, pct_start: float, div: float, final_div: float
) -> None:
    cycle = OneCycle(epochs, pct_start, div, final_div)
    factors = [cycle.factor(step, steps) for step in range(epochs * steps)]
    if len(factors) == 1:
        assert factors == [1.0]
        return
    peak = factors.index(max(factors))
    assert factors[peak] == 1.0
    assert peak == pytest.approx(pct_start * (len(factors) - 1), abs=1)
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)
    assert factors[-1] == pytest.approx(1 / (div * final_div), abs=1e-12)
    if peak > 0:
        assert factors[0] == pytest.approx(1 / div)


def test_one_cycle_equals_torch_where_the_peak_falls_on_a_step() -> None:
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # torch puts its peak at pct_start · total − 1, we at pct_start · (total − 1).
        theirs = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, max_lr=0.3, total_steps=41, pct_start=11 / 41, cycle_momentum=False
        )
        for step in range(41):
            ours = 0.3 * OneCycle(41).factor(step, 1)
            assert ours == pytest.approx(optimiser.param_groups[0]["lr"], rel=1e-9)
            if step < 40:
                optimiser.step()
                theirs.step()


def test_one_cycle_ends_once() -> None:
    cycle = OneCycle(4)
    assert [cycle.ends_cycle(epoch) for epoch in range(4)] == [False, False, False, True]


def test_a_fit_follows_one_cycle() -> None:
    (inputs, targets), module = toy_data(), toy_module()
    settings = toy_settings(lr=0.1, schedule=OneCycle(3))
    history = fit(module, one_group(module), inputs, targets, settings)
    assert [lrs[0] for lrs in history.step_lrs] == [
        0.1 * OneCycle(3).factor(step, 5) for step in range(15)
    ]
    assert len(history.records) == 3


@pytest.mark.parametrize(
    "change", [{"num_epochs": 0}, {"pct_start": 1.0}, {"div": 0.5}, {"final_div": float("nan")}]
)
def test_one_cycle_without_meaning_is_refused(change: dict[str, Any]) -> None:
    (name,) = change
    with pytest.raises(SettingError, match=name) as error:
        OneCycle(**{"num_epochs": 1} | change)
    assert error.value.fix.startswith(f"pass {name}=")


@pytest.mark.parametrize("change", [{"n_cycle": 0}, {"cycle_len": 0}, {"cycle_mult": True}])
def test_cycles_without_meaning_are_refused(change: dict[str, Any]) -> None:
    (name,) = change
    with pytest.raises(SettingError, match=name):
        Schedule(**{"n_cycle": 1, "cycle_len": 1} | change)
