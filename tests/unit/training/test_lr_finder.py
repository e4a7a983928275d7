"""What a sweep costs, and that its losses are paired; that it leaves no trace is law 4."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.training.toy import ToyInputs, one_group, toy_data, toy_module, toy_settings
from torch import Tensor, nn

from warmstart.training.lr_finder import FEWEST_ROWS, FEWEST_STEPS, lr_range_test


class Fed(nn.Module):
    """Counts the rows that go through it."""

    def __init__(self) -> None:
        super().__init__()
        self.net, self.rows = toy_module(), 0

    def forward(self, x: Tensor) -> Tensor:
        self.rows += len(x)
        out: Tensor = self.net(x)
        return out


@dataclass
class Seen(ToyInputs):
    """Remembers which rows it handed out."""

    batches: list[NDArray[np.int64]] = field(default_factory=list)

    def train(
        self,
        batches: Sequence[NDArray[np.int64]],
        epoch: int,
        draws: Sequence[NDArray[np.int64]] | None = None,
    ) -> Iterator[Tensor]:
        self.batches += batches
        return super().train(batches, epoch, draws)


@given(max_rows=st.integers(0, 1500), num_train=st.integers(2, 200), batch_size=st.integers(2, 64))
def test_no_more_rows_are_fed_than_allowed_and_most_of_those(
    max_rows: int, num_train: int, batch_size: int
) -> None:
    module, (inputs, targets) = Fed(), toy_data(num_train)
    settings = toy_settings(batch_size=batch_size, precision="auto")
    curve = lr_range_test(
        module, one_group(module), inputs, targets, settings, lr_range=(1e-5, 1e-2),
        max_rows=max_rows,
    )  # fmt: skip
    assert module.rows <= max_rows
    smallest = 2 * FEWEST_STEPS * min(FEWEST_ROWS, batch_size, num_train)
    if max_rows >= smallest + 2 * FEWEST_STEPS:  # a last row joins the batch before it
        assert len(curve.lrs) >= FEWEST_STEPS
    if max_rows < 4 * FEWEST_STEPS:
        assert len(curve.lrs) == module.rows == 0
        assert curve.suggestion == curve.usual


@pytest.mark.parametrize(("opt", "usual"), [("sgd", 0.01), ("adamw", 0.0003)])
def test_too_few_rows_for_a_sweep_leave_the_usual_rate(opt: str, usual: float) -> None:
    module, (inputs, targets) = toy_module(), toy_data()
    settings = toy_settings(opt=opt)
    curve = lr_range_test(module, one_group(module), inputs, targets, settings, max_rows=20)
    assert len(curve.lrs) == 0
    assert curve.suggestion == pytest.approx(usual)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [((1e-5, 10.0), 2e-3, 1.0), ((5e-3, 0.5), 5e-3, 0.5), ((1e-5, 1e-4), 1e-5, 1e-4)],
)
def test_a_limited_sweep_tries_rates_around_the_usual_one_if_those_were_asked_for(
    asked: tuple[float, float], first: float, last: float
) -> None:
    module, (inputs, targets) = toy_module(), toy_data()
    curve = lr_range_test(
        module, one_group(module), inputs, targets, toy_settings(clip_norm=1e-6), lr_range=asked,
        max_rows=150,
    )  # fmt: skip
    assert (curve.lrs[0], curve.lrs[-1]) == pytest.approx((first, last))


def test_losses_are_paired_with_those_of_the_starting_weights() -> None:
    """At rates that move nothing both are the same to the bit, dropout and BatchNorm included."""
    module, (inputs, targets) = toy_module(), toy_data(61)
    still, moved = (
        lr_range_test(
            module, one_group(module), inputs, targets, toy_settings(batch_size=7),
            lr_range=lr_range, num_steps=30,
        )
        for lr_range in ((1e-30, 1e-29), (1e-3, 1e-1))
    )  # fmt: skip
    assert still.before is not None
    assert moved.before is not None
    assert still.losses.tolist() == still.before.tolist() == moved.before.tolist()
    assert still.losses.std() > 0
    assert moved.losses.tolist() != moved.before.tolist()


def test_every_row_is_met_once_in_each_pass_and_each_batch_twice() -> None:
    module, (plain, targets) = toy_module(), toy_data()
    inputs = Seen(plain.x, plain.x_valid)
    lr_range_test(
        module, one_group(module), inputs, targets, toy_settings(batch_size=10),
        lr_range=(1e-6, 1e-5), num_steps=8,
    )  # fmt: skip
    first, again = inputs.batches[:8], inputs.batches[8:]
    assert [rows.tolist() for rows in first] == [rows.tolist() for rows in again]
    for half in (first[:4], first[4:]):
        assert sorted(np.concatenate(half).tolist()) == list(range(41))
    assert first[0].tolist() != first[4].tolist()


@pytest.mark.parametrize("clip_norm", [None, 1e-3])
def test_the_sweep_trains_as_the_settings_say(clip_norm: float | None) -> None:
    """With gradients clipped to next to nothing no rate does harm."""
    module, (inputs, targets) = toy_module(), toy_data()
    settings = toy_settings(clip_norm=clip_norm)
    curve = lr_range_test(module, one_group(module), inputs, targets, settings)
    assert (curve.turning >= 1.0) == (clip_norm is not None)
