"""Laws 3 to 6, as far as the training room holds them."""

import math
import random
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.training.toy import (
    ToyInputs,
    one_group,
    same,
    toy_data,
    toy_module,
    toy_settings,
)
from torch import Tensor, nn

from warmstart.errors import SettingError
from warmstart.results.lr_curve import LRCurve
from warmstart.training.epoch_plan import epoch_batches, num_batches
from warmstart.training.loop import fit
from warmstart.training.lr_finder import lr_range_test
from warmstart.training.randomness import kept_random_state
from warmstart.training.schedule import Schedule
from warmstart.training.state import clone_tensors, module_state

counts = st.integers(1, 4)


pytestmark = pytest.mark.usefixtures("one_thread")


class Body(nn.Module):
    """A frozen part that is not trained on: its outputs are what is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = toy_module(seed=1, num_out=6).eval().requires_grad_(False)
        self.head = toy_module(seed=2)
        self.unused = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.frozen(x))
        return out


# Law 3: what is frozen stays, what trains moves, each parameter is in one group.


@pytest.mark.parametrize("opt", ["sgd", "adamw"])
def test_frozen_part_keeps_its_bits_when_its_stored_outputs_are_trained_on(opt: str) -> None:
    network, (inputs, targets) = Body(), toy_data()
    before = clone_tensors(module_state(network))
    stored = ToyInputs(network.frozen(inputs.x), network.frozen(inputs.x_valid))
    fit(network.head, one_group(network.head), stored, targets, toy_settings(opt=opt))
    after = module_state(network)
    for name in before:
        is_frozen = name.startswith("frozen.") or name == "unused"
        assert torch.equal(before[name], after[name]) == is_frozen, name


def test_every_parameter_with_a_gradient_moves_and_the_others_stay() -> None:
    head, (inputs, targets) = toy_module(), toy_data()
    logits = head(inputs.x[:8])
    nn.functional.cross_entropy(logits, targets.train[:8]).backward()  # type: ignore[no-untyped-call]
    with_gradient = {n for n, p in head.named_parameters() if p.grad is not None and p.grad.any()}
    assert len(with_gradient) == len(list(head.parameters()))
    before = clone_tensors(module_state(head))
    fit(head, one_group(head), inputs, targets, toy_settings())
    after = module_state(head)
    assert {name for name in with_gradient if torch.equal(before[name], after[name])} == set()


def test_a_group_of_rate_zero_stays() -> None:
    head, (inputs, targets) = toy_module(), toy_data()
    before = clone_tensors(module_state(head))
    groups = [list(head[:3].parameters()), list(head[3:].parameters())]
    settings = toy_settings(lrs=(0.0, 0.1), weight_decays=(0.1, 0.0))
    fit(head, groups, inputs, targets, settings)
    moved = {
        n for n, _ in head.named_parameters() if not torch.equal(before[n], head.state_dict()[n])
    }
    assert moved == {"4.weight", "4.bias", "5.weight", "5.bias"}


def twice(head: nn.Sequential) -> list[list[nn.Parameter]]:
    return [list(head.parameters()), [next(head.parameters())]]


def left_out(head: nn.Sequential) -> list[list[nn.Parameter]]:
    return [list(head.parameters())[1:]]


def frozen_too(head: nn.Sequential) -> list[list[nn.Parameter]]:
    next(head.parameters()).requires_grad_(False)
    return one_group(head)


def from_elsewhere(head: nn.Sequential) -> list[list[nn.Parameter]]:
    return [[*head.parameters(), nn.Parameter(torch.ones(1))]]


@pytest.mark.parametrize("grouping", [twice, left_out, frozen_too, from_elsewhere])
def test_groups_that_do_not_hold_each_parameter_once_are_refused(
    grouping: Callable[[nn.Sequential], list[list[nn.Parameter]]],
) -> None:
    head, (inputs, targets) = toy_module(), toy_data()
    groups = grouping(head)
    settings = toy_settings(lrs=(0.1,) * len(groups), weight_decays=(0.0,) * len(groups))
    for run in (fit, lr_range_test):
        with pytest.raises(SettingError, match="group"):
            run(head, groups, inputs, targets, settings)


# Law 4: the rate finder leaves everything as it was.


class Counting(nn.Module):
    """Draws from every generator, counts in buffers saved and not, and may break at a step."""

    def __init__(self, breaks_at: int | None = None) -> None:
        super().__init__()
        self.net, self.breaks_at, self.num_calls = toy_module(), breaks_at, 0
        self.hidden: Tensor
        self.register_buffer("hidden", torch.zeros(1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.num_calls == self.breaks_at:
            raise RuntimeError("broken")
        self.num_calls += 1
        self.hidden += random.random() + np.random.rand() + torch.rand(1)  # noqa: NPY002
        out: Tensor = self.net(x)
        return out


def random_states() -> tuple[object, ...]:
    """Without Python's: the type checks of the tests draw from it at every call."""
    state = np.random.get_state(legacy=False)  # noqa: NPY002
    return repr(state), torch.get_rng_state().tolist()


def draw_and_break() -> None:
    drawn = [random.random(), np.random.rand(), torch.rand(1)]  # noqa: NPY002
    raise RuntimeError(f"broken after {drawn}")


def test_all_random_states_are_kept() -> None:
    before = (random.getstate(), *random_states())
    with pytest.raises(RuntimeError, match="broken"), kept_random_state():
        draw_and_break()
    assert (random.getstate(), *random_states()) == before


@pytest.mark.parametrize("breaks_at", [None, 0, 1, 7, 15])
@pytest.mark.parametrize("is_training", [True, False])
@pytest.mark.parametrize("max_rows", [None, 150])
def test_lr_find_leaves_no_trace(
    breaks_at: int | None, is_training: bool, max_rows: int | None
) -> None:
    """Calls 0 and 1 are of the starting weights, 15 is of a step."""
    module, (inputs, targets) = Counting(breaks_at), toy_data()
    module.train(is_training)
    module.net[4].train(not is_training)
    modes = [part.training for part in module.modules()]
    before, states = clone_tensors(module_state(module)), random_states()
    addresses = [parameter.data_ptr() for parameter in module.parameters()]

    def find() -> LRCurve:
        return lr_range_test(
            module, one_group(module), inputs, targets, toy_settings(), num_steps=14,
            max_rows=max_rows,
        )  # fmt: skip

    if breaks_at is None:
        curve = find()
        assert len(curve.lrs) == len(curve.losses) > 7
    else:
        with pytest.raises(RuntimeError, match="broken"):
            find()
    after = module_state(module)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert random_states() == states
    assert [part.training for part in module.modules()] == modes
    assert [parameter.data_ptr() for parameter in module.parameters()] == addresses
    assert all(parameter.grad is None for parameter in module.parameters())


def test_a_fit_after_lr_find_is_the_fit_without_it() -> None:
    one, two = toy_module(), toy_module()
    inputs, targets = toy_data()
    lr_range_test(one, one_group(one), inputs, targets, toy_settings(), num_steps=12)
    first = fit(one, one_group(one), inputs, targets, toy_settings())
    second = fit(two, one_group(two), inputs, targets, toy_settings())
    assert same(one, two)
    assert first.step_losses == second.step_losses


def test_lr_find_is_the_same_each_time_and_sees_the_next_view() -> None:
    module, (inputs, targets) = toy_module(), toy_data()
    settings = toy_settings(first_epoch=3)
    curves = [
        lr_range_test(module, one_group(module), inputs, targets, settings, num_steps=12)
        for _ in range(2)
    ]
    assert curves[0].losses.tolist() == curves[1].losses.tolist()
    assert {epoch for epoch, _ in inputs.seen} == {3}


# Law 5: rates of SGDR.


def rate_of_the_paper(step: int, steps_per_epoch: int, first: int, factor: int) -> float:
    """Eq. 5 with η_min = 0, with T_cur found by counting restarts one by one."""
    length, current = Fraction(first), Fraction(step, steps_per_epoch)
    while current >= length:
        current -= length
        length *= factor
    return 0.5 * (1 + math.cos(float(current / length) * math.pi))


@given(n_cycle=counts, cycle_len=counts, cycle_mult=st.integers(1, 3), steps=st.integers(1, 6))
def test_rates_are_those_of_sgdr(n_cycle: int, cycle_len: int, cycle_mult: int, steps: int) -> None:
    schedule = Schedule(n_cycle, cycle_len, cycle_mult)
    assert schedule.num_epochs == cycle_len * sum(cycle_mult**i for i in range(n_cycle))
    for step in range(schedule.num_epochs * steps):
        expected = rate_of_the_paper(step, steps, cycle_len, cycle_mult)
        assert schedule.factor(step, steps) == pytest.approx(expected, rel=1e-12, abs=1e-15)
    ends = [epoch for epoch in range(schedule.num_epochs) if schedule.ends_cycle(epoch)]
    assert len(ends) == n_cycle
    restarts = [schedule.factor((end + 1) * steps, steps) for end in ends[:-1]]
    assert restarts == [1.0] * (n_cycle - 1)
    assert ends[-1] == schedule.num_epochs - 1


@given(n_cycle=counts, steps=st.integers(1, 6))
def test_without_cycles_the_rate_stays(n_cycle: int, steps: int) -> None:
    schedule = Schedule(n_cycle)
    assert schedule.num_epochs == n_cycle
    assert {schedule.factor(step, steps) for step in range(n_cycle * steps)} == {1.0}


def test_a_fit_uses_these_rates() -> None:
    head, (inputs, targets) = toy_module(), toy_data()
    settings = toy_settings(lr=0.01, schedule=Schedule(2, 1, 2))
    history = fit(head, one_group(head), inputs, targets, settings)
    steps = num_batches(41, 8)
    expected = [0.01 * rate_of_the_paper(step, steps, 1, 2) for step in range(3 * steps)]
    assert [lrs[0] for lrs in history.step_lrs] == pytest.approx(expected, rel=1e-12)
    assert [record.epoch for record in history.records] == [0, 1, 2]


# Law 6: same seed, same batches.

rows_and_sizes = {"num_rows": st.integers(2, 200), "batch_size": st.integers(2, 50)}


@given(**rows_and_sizes, seed=st.integers(0, 2**63), epoch=st.integers(0, 9))
def test_each_row_is_drawn_once_per_epoch(
    num_rows: int, batch_size: int, seed: int, epoch: int
) -> None:
    batches = epoch_batches(num_rows, batch_size, seed, epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(num_rows))
    assert len(batches) == num_batches(num_rows, batch_size)
    assert all(len(batch) >= 2 for batch in batches)
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert len(batches[-1]) <= batch_size + 1


@given(**rows_and_sizes, seed=st.integers(0, 2**63))
def test_order_depends_on_seed_and_epoch_alone(num_rows: int, batch_size: int, seed: int) -> None:
    first = epoch_batches(num_rows, batch_size, seed, 0)
    np.random.rand(3)  # noqa: NPY002
    torch.rand(3)
    again = epoch_batches(num_rows, batch_size, seed, 0)
    assert [batch.tolist() for batch in first] == [batch.tolist() for batch in again]


def test_seeds_and_epochs_have_orders_of_their_own() -> None:
    orders = {
        tuple(np.concatenate(epoch_batches(100, 10, seed, epoch)).tolist())
        for seed in range(5)
        for epoch in range(5)
    }
    assert len(orders) == 25


def test_a_fit_is_the_same_whatever_was_drawn_before_and_leaves_the_state() -> None:
    weights = []
    for noise in (0, 5):
        torch.manual_seed(noise)
        head, (inputs, targets) = toy_module(), toy_data()
        state = torch.get_rng_state()
        fit(head, one_group(head), inputs, targets, toy_settings(mixup=0.3))
        assert torch.equal(torch.get_rng_state(), state)
        weights.append(head)
    assert same(*weights)


def test_epochs_are_counted_over_all_fits() -> None:
    head, (inputs, targets) = toy_module(), toy_data()
    fit(head, one_group(head), inputs, targets, toy_settings(first_epoch=0))
    fit(head, one_group(head), inputs, targets, toy_settings(first_epoch=2))
    assert list(dict.fromkeys(epoch for epoch, _ in inputs.seen)) == [0, 1, 2, 3]
