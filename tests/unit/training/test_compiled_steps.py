"""Whether steps are compiled: tried, measured, remembered, said; by a stand-in for the compiler."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.unit.training.toy import one_group, same, toy_data, toy_module, toy_settings
from torch import Tensor, nn

from warmstart.results.history import History
from warmstart.training import compiled_steps
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.compiled_steps import (
    SETTING,
    CompiledForward,
    CompiledSteps,
    may_compile,
)
from warmstart.training.loop import fit
from warmstart.training.state import clone_tensors, module_state
from warmstart.training.step_choices import CompilingChoice, StepChoices, kept_step_choice
from warmstart.training.step_mode import StepMode


class StandIn:
    """Compiles to what was written, and counts."""

    def __init__(self) -> None:
        self.num_graphs = self.num_calls = 0
        self.fails = False

    def __call__(self, graph: Any, _inputs: Any, **_options: Any) -> Any:
        if self.fails:
            raise OSError("there is no compiler")
        self.num_graphs += 1

        def run(*args: Any) -> Any:
            self.num_calls += 1
            return graph(*args)

        return run


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Asked for, and found to be faster whatever the clock says."""
    found = StandIn()
    monkeypatch.setenv(SETTING, "1")
    monkeypatch.setattr(compiled_steps, "BACKEND", found)
    monkeypatch.setattr(compiled_steps, "GAIN", 0.0)
    monkeypatch.setattr(StepChoices, "file", lambda self, *_: self.folder / "choice.json")
    return found


def fitted(
    checkpoint: Path | None = None, store: Path | None = None, **changes: Any
) -> tuple[nn.Module, History]:
    (inputs, targets), module = toy_data(), toy_module()
    history = fit(
        module,
        one_group(module),
        inputs,
        targets,
        toy_settings(epochs=3, **changes),
        checkpoint=None if checkpoint is None else Checkpoint(checkpoint),
        choices=None if store is None else StepChoices(store, "toy"),
    )
    return module, history


def test_a_cpu_compiles_nothing_unless_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    assert not may_compile(torch.device("cpu"))
    assert may_compile(torch.device("cuda"))
    _, history = fitted()
    assert {(r.is_compiled, r.compiling) for r in history.records} == {(False, "")}
    monkeypatch.setenv(SETTING, "0")
    assert not may_compile(torch.device("cuda"))


@pytest.mark.parametrize("changes", [{}, {"mixup": 0.4}, {"ema_decay": 0.9}, {"clip_norm": 1.0}])
def test_compiled_steps_are_the_steps(
    backend: StandIn, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    """The stand-in computes what was written, so all bits must be those of steps without it."""
    module, history = fitted(**changes)
    assert all(record.is_compiled for record in history.records)
    assert history.records[0].compiling.startswith("compiled: ")
    assert backend.num_calls >= 3 * 4  # four whole batches an epoch, and a longer one
    assert not any("_orig_mod" in name for name in module.state_dict())
    monkeypatch.setenv(SETTING, "0")
    plain, without = fitted(**changes)
    assert same(module, plain)
    assert history.step_losses == without.step_losses


def test_choosing_moves_nothing(backend: StandIn) -> None:
    module, settings = toy_module().train(), toy_settings()
    before, random = clone_tensors(module_state(module)), torch.get_rng_state()
    steps = CompiledSteps(module, settings)
    batch, wanted = torch.randn(8, 6, generator=torch.Generator()), torch.arange(8) % 3
    assert steps.chosen(StepMode(), batch, wanted, 1).is_compiled
    assert all(torch.equal(tensor, before[name]) for name, tensor in module_state(module).items())
    assert torch.equal(torch.get_rng_state(), random)
    assert all(parameter.grad is None for parameter in module.parameters())
    assert backend.num_graphs


def test_a_fit_that_went_on_ends_with_the_same_bits(
    backend: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = fitted()
    (inputs, targets), module = toy_data(), toy_module()
    settings = toy_settings(epochs=3)

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    point = tmp_path / "fit.safetensors"
    with pytest.raises(KeyboardInterrupt):
        fit(
            module, one_group(module), inputs, targets, settings,
            checkpoint=Checkpoint(point), on_epoch=killed,
        )  # fmt: skip
    before = backend.num_calls
    monkeypatch.setenv(SETTING, "0")  # the checkpoint says how it goes on, and nobody measures
    module = toy_module()
    history = fit(
        module, one_group(module), inputs, targets, settings, checkpoint=Checkpoint(point)
    )
    assert backend.num_calls > before
    assert all(record.is_compiled for record in history.records)
    assert same(module, whole)


def test_what_cannot_be_compiled_is_said_and_left(backend: StandIn, tmp_path: Path) -> None:
    backend.fails = True
    module, history = fitted(store=tmp_path)
    record = history.records[0]
    assert not record.is_compiled
    assert record.compiling.startswith("not compiled: ")
    assert "there is no compiler" in record.compiling
    backend.fails = False
    again, _ = fitted(store=tmp_path)  # it is remembered
    assert backend.num_graphs == 0
    assert same(module, again)


def test_a_checkpoint_goes_on_uncompiled_where_there_is_no_compiler(backend: StandIn) -> None:
    module, mode = toy_module().train(), StepMode(is_compiled=True, compiling="compiled: …")
    steps = CompiledSteps(module, toy_settings())
    batch, wanted = torch.zeros(3, 6), torch.zeros(3, dtype=torch.long)
    backend.fails = True
    with pytest.warns(UserWarning, match="go on as written"):
        found = steps.ready(mode, batch, wanted)
    assert not found.is_compiled
    assert steps.forward is None
    backend.fails = False
    assert steps.ready(mode, batch, wanted) == mode
    assert steps.forward is not None


def test_what_does_not_pay_is_said_and_remembered(
    backend: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled_steps, "GAIN", 1e9)
    _, history = fitted(store=tmp_path)
    assert "it would be" in history.records[0].compiling
    kept = kept_step_choice(tmp_path / "choice.json", CompilingChoice)
    assert kept is not None
    assert (kept.is_compiled, kept.compiling) == (False, history.records[0].compiling)
    monkeypatch.setattr(compiled_steps, "GAIN", 0.0)
    num_graphs = backend.num_graphs
    _, history = fitted(store=tmp_path)
    assert history.records[0].compiling == kept.compiling
    assert backend.num_graphs == num_graphs
    (tmp_path / "choice.json").write_text("{")
    assert kept_step_choice(tmp_path / "choice.json", CompilingChoice) is None


def test_a_short_fit_is_not_worth_a_compiler(
    backend: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled_steps, "is_asked_for", lambda: False)
    monkeypatch.setattr(compiled_steps, "may_compile", lambda _: True)
    module, settings = toy_module().train(), toy_settings()
    batch, wanted = torch.zeros(8, 6), torch.zeros(8, dtype=torch.long)
    steps = CompiledSteps(module, settings)
    assert steps.chosen(StepMode(), batch, wanted, 10) == StepMode()
    assert backend.num_graphs == 0
    assert steps.chosen(StepMode(), batch, wanted, 10**9).is_compiled
    assert steps.chosen(StepMode(is_twice=True), batch, wanted, 10**9).compiling == ""


def test_only_parts_of_whole_batches_are_compiled(backend: StandIn) -> None:
    module = nn.Linear(2, 2)
    for micro_rows, lengths in ((0, {8}), (3, {2, 3}), (4, {4})):
        forward = CompiledForward(module, 8, micro_rows)
        assert forward.lengths == lengths
        for length in range(1, 9):
            before, rows = backend.num_calls, torch.ones(length, 2)
            out: Tensor = forward(rows)
            assert torch.equal(out, module(rows))
            assert (backend.num_calls > before) == (length in lengths)


def test_a_fit_compiles_anew_whatever_the_process_has_compiled(backend: StandIn) -> None:
    """Torch compiles one function for eight kinds of calls, and then no more."""
    for number in range(12):
        module, before = nn.Linear(2, number + 1), backend.num_graphs
        CompiledForward(module, 8, 0)(torch.ones(8, 2))
        assert backend.num_graphs == before + 1
