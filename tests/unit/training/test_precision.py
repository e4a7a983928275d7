"""The number type of steps: measured without a trace, kept in the checkpoint."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.unit.training.toy import (
    ToyInputs,
    one_group,
    same,
    toy_data,
    toy_module,
    toy_settings,
)
from torch import nn

from warmstart.errors import SettingError
from warmstart.training import precision, run, step_mode
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.loop import fit
from warmstart.training.lr_finder import lr_range_test
from warmstart.training.optimiser import build_optimiser, optimiser_tensors, restore_optimiser
from warmstart.training.precision import in_arithmetic
from warmstart.training.step_choices import StepChoices
from warmstart.training.step_mode import StepMode, choose_step_mode


def chosen(module: nn.Module, num_rows: int = 1000) -> StepMode:
    inputs, targets = toy_data()
    settings = toy_settings(precision="auto")
    return choose_step_mode(module, inputs.x, targets.train, settings, num_rows)


def test_what_the_hardware_lacks_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def tried(*_: object) -> float:
        raise AssertionError

    monkeypatch.setattr(step_mode, "has_bf16", lambda _: False)
    monkeypatch.setattr(precision, "pass_seconds", tried)
    assert chosen(toy_module()) == StepMode("f32", 0)


def test_measuring_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_mode, "has_bf16", lambda _: True)
    module, fresh = toy_module().train(), toy_module()
    before = torch.get_rng_state()
    assert chosen(module).precision in {"f32", "bf16"}
    assert same(module, fresh)
    assert module.training
    assert all(parameter.grad is None for parameter in module.parameters())
    assert torch.equal(before, torch.get_rng_state())


def test_what_was_faster_once_is_taken_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A clock may say something else next time, and two runs with one seed would differ."""
    inputs, targets = toy_data()
    says = iter(("bf16", "f32", "f32", "f32", "f32"))
    monkeypatch.setattr(step_mode, "has_bf16", lambda _: True)
    monkeypatch.setattr(step_mode, "faster_precision", lambda *_: next(says))

    def taken(choices: StepChoices | None, batch: torch.Tensor = inputs.x) -> str:
        settings = toy_settings(precision="auto")
        wanted = targets.train[: len(batch)]
        return choose_step_mode(toy_module(), batch, wanted, settings, 1000, choices).precision

    here = StepChoices(tmp_path / "store", "toy")
    assert [taken(here) for _ in range(3)] == ["bf16"] * 3
    assert taken(None) == "f32"
    assert taken(here, inputs.x[:3]) == "f32"  # other batches
    assert taken(StepChoices(tmp_path / "store", "another")) == "f32"
    for file in (tmp_path / "store").iterdir():
        file.write_text('{"precision": "f16", "format_version": 1}')
    assert taken(here) == "f32"  # what is no number type is not believed


def test_the_sweep_of_rates_takes_what_is_remembered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Else two runs with one seed could choose two rates, by the clock."""
    says = iter(("bf16", "f32", "f32"))
    monkeypatch.setattr(step_mode, "has_bf16", lambda _: True)
    monkeypatch.setattr(step_mode, "faster_precision", lambda *_: next(says))
    (inputs, targets), settings = toy_data(), toy_settings(precision="auto")

    def losses(choices: StepChoices | None) -> Any:
        module = toy_module()
        curve = lr_range_test(
            module, one_group(module), inputs, targets, settings, num_steps=12, choices=choices
        )
        return curve.losses.tolist()

    here = StepChoices(tmp_path / "store", "toy")
    first, second, other = losses(here), losses(here), losses(None)
    assert first == second
    assert first != other


@pytest.mark.parametrize(("bf16_seconds", "expected"), [(0.5, "bf16"), (0.9, "f32"), (2.0, "f32")])
def test_bf16_has_to_be_clearly_faster(
    monkeypatch: pytest.MonkeyPatch, bf16_seconds: float, expected: str
) -> None:
    """The first pass of each does not count, and they take turns."""
    order: list[str] = []

    def seconds(*args: object) -> float:
        name = str(args[3])
        order.append(name)
        warm = {"f32": 1.0, "bf16": bf16_seconds}
        return warm[name] if order.count(name) > precision.NUM_WARM else 1e-9

    monkeypatch.setattr(precision, "pass_seconds", seconds)
    found = precision.faster_precision(toy_module(), torch.zeros(2, 6), torch.zeros(2).long())
    assert found == expected
    assert order == ["f32", "bf16"] * (precision.NUM_WARM + precision.NUM_TIMED)


@pytest.mark.parametrize(("num_rows", "expected"), [(82, 8), (1920, 16), (10**6, 41)])
def test_measuring_takes_a_twentieth_of_the_fit_or_eight_rows(
    monkeypatch: pytest.MonkeyPatch, num_rows: int, expected: int
) -> None:
    tried: list[int] = []

    def faster(_module: nn.Module, batch: torch.Tensor, targets: torch.Tensor) -> str:
        tried.append(len(batch))
        assert len(targets) == len(batch)
        return "bf16"

    monkeypatch.setattr(step_mode, "has_bf16", lambda _: True)
    monkeypatch.setattr(step_mode, "faster_precision", faster)
    assert chosen(toy_module(), num_rows).precision == "bf16"
    assert tried == [expected]


def test_a_gpu_is_timed_on_whole_batches() -> None:
    assert step_mode.num_rows_timed(64, 100, is_slow=False) == 64


def test_bf16_is_autocast_with_logits_in_float32() -> None:
    module, batch = toy_module().eval(), torch.randn(4, 6)
    with torch.autocast("cpu", torch.bfloat16):
        expected = module(batch).float()
    found = in_arithmetic(module, "bf16")(batch)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)
    assert not torch.equal(found, module(batch))


class KilledInputs(ToyInputs):
    """Stops in the middle of the second epoch."""

    def before_batch(self) -> None:
        if len(self.seen) == 8:
            raise KeyboardInterrupt


def test_what_was_measured_is_read_back_and_not_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 8: the second process would choose another type, and goes on with the first one's."""
    inputs, targets = toy_data()
    straight, stopped = toy_module(), toy_module()
    fit(straight, one_group(straight), inputs, targets, toy_settings(precision="bf16"))
    settings, checkpoint = toy_settings(precision="auto"), tmp_path / "fit.safetensors"
    monkeypatch.setattr(run, "choose_step_mode", lambda *_: StepMode("bf16"))
    killed = KilledInputs(inputs.x, inputs.x_valid)
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, one_group(stopped), killed, targets, settings,
            checkpoint=Checkpoint(checkpoint))  # fmt: skip
    monkeypatch.setattr(run, "choose_step_mode", lambda *_: StepMode("f32"))
    again = toy_module()
    history = fit(again, one_group(again), inputs, targets, settings,
                  checkpoint=Checkpoint(checkpoint))  # fmt: skip
    assert same(again, straight)
    assert [record.precision for record in history.records] == ["bf16", "bf16"]


def test_momentum_is_put_back_in_the_order_of_its_weights() -> None:
    """A fused optimiser walks both in the order of their memory."""

    def trained(num_steps: int, state: dict[str, torch.Tensor] | None = None) -> nn.Conv2d:
        with torch.random.fork_rng([]):
            torch.manual_seed(0)
            layer = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        optimiser = build_optimiser("sgd", [list(layer.parameters())], [0.0])
        optimiser.param_groups[0]["lr"] = 0.1
        if state is not None:
            layer.load_state_dict({k[1:]: v for k, v in state.items() if k.startswith("w")})
            tensors = {k[1:]: v.contiguous() for k, v in state.items() if k.startswith("o")}
            restore_optimiser(optimiser, tensors)
        pictures = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 8, 8))).float()
        for _ in range(num_steps):
            optimiser.zero_grad()
            layer(pictures).square().mean().backward()
            optimiser.step()
        kept.clear()
        kept.update({f"w{k}": v.clone() for k, v in layer.state_dict().items()})
        kept.update({f"o{k}": v.clone() for k, v in optimiser_tensors(optimiser).items()})
        return layer

    kept: dict[str, torch.Tensor] = {}
    straight = trained(4)
    trained(2)
    gone_on = trained(2, dict(kept))
    assert torch.equal(straight.weight, gone_on.weight)


def test_another_word_is_refused() -> None:
    with pytest.raises(SettingError, match="train_precision='f16'"):
        toy_settings(precision="f16")
