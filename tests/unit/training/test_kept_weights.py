"""Which weights a fit ends with: the last, their average, or the best epoch's."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn.metrics import f1_score
from tests.unit.training.toy import (
    ChoosingToyInputs,
    ToyInputs,
    one_group,
    same,
    toy_data,
    toy_module,
    toy_settings,
)
from torch import Tensor, nn

from warmstart.errors import SettingError, TrainingError
from warmstart.metrics.evaluate import BriefScores
from warmstart.results.history import EpochRecord, History
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.kept_weights import BestEpoch, WeightAverage, with_average
from warmstart.training.loop import fit
from warmstart.training.objective import Targets
from warmstart.training.probabilities import evaluate_rows, evaluate_valid
from warmstart.training.schedule import Schedule
from warmstart.training.state import clone_tensors, module_state


@dataclass
class Recording(ToyInputs):
    """Remembers the module's weights as they were at each judging."""

    module: nn.Module = field(default_factory=nn.Identity)
    judged_weights: list[dict[str, Tensor]] = field(default_factory=list)

    def valid(self) -> Iterator[Tensor]:
        self.judged_weights.append(clone_tensors(module_state(self.module)))
        yield from super().valid()


def best_epoch(history: History, fit_number: int = 0) -> int | None:
    """The epoch whose weights a fit ended with; None if nobody chose: it was the last one."""
    kept = [
        record.epoch for record in history.records if record.fit == fit_number and record.is_best
    ]
    return kept[-1] if kept else None


def recording() -> tuple[Recording, Targets, nn.Sequential]:
    inputs, targets = toy_data()
    module = toy_module()
    return Recording(inputs.x, inputs.x_valid, module=module), targets, module


def has(module: nn.Module, tensors: dict[str, Tensor]) -> bool:
    return all(torch.equal(t, tensors[name]) for name, t in module_state(module).items())


# The average.


def test_the_average_is_the_one_of_its_definition() -> None:
    module = nn.BatchNorm1d(2)
    average = WeightAverage(module, decay=0.5)
    expected = module.weight.detach().double().clone()
    for update in range(1, 30):
        with torch.no_grad():
            module.weight.add_(torch.tensor([1.0, -2.0]))
            assert module.num_batches_tracked is not None
            module.num_batches_tracked += 1
        average.update(module, update)
        decay = min(0.5, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay) * module.weight.detach()
        assert torch.allclose(average.tensors["weight"].double(), expected)
    assert int(average.tensors["num_batches_tracked"]) == 29


def test_a_module_has_its_own_weights_again_after_its_average_was_used() -> None:
    module = toy_module()
    average = WeightAverage(module, decay=0.9)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)
    before = clone_tensors(module_state(module))
    with pytest.raises(RuntimeError, match="broken"), with_average(module, average):
        check_and_break(module, average)
    assert has(module, before)


def check_and_break(module: nn.Module, average: WeightAverage) -> None:
    assert has(module, average.tensors)
    raise RuntimeError("broken")


def test_with_an_average_training_is_the_same_and_the_average_is_judged_and_kept() -> None:
    inputs, targets, module = recording()
    settings = toy_settings(ema_decay=0.9)
    history = fit(module, one_group(module), inputs, targets, settings)
    assert has(module, inputs.judged_weights[-1])
    found = evaluate_valid(module, inputs, targets)
    assert found is not None
    assert history.records[-1].valid_loss == found.loss
    plain = toy_module()
    without = fit(plain, one_group(plain), *toy_data(), toy_settings())
    assert without.step_losses == history.step_losses
    assert not same(plain, module)


# The best epoch, and stopping early.


def overfitting(**changes: Any) -> tuple[Recording, Targets, nn.Sequential, History]:
    """A fit whose validation labels are noise, so that more training makes it worse."""
    inputs, targets, module = recording()
    targets = replace(targets, valid=targets.valid.flip(0))
    settings = toy_settings(lr=0.05, schedule=Schedule(12), **changes)
    return inputs, targets, module, fit(module, one_group(module), inputs, targets, settings)


def test_the_best_epoch_is_kept_and_marked() -> None:
    inputs, _, module, history = overfitting(keeps_best=True)
    losses = [record.valid_loss or 0.0 for record in history.records]
    best = losses.index(min(losses))
    assert best < len(losses) - 1
    assert has(module, inputs.judged_weights[best])
    assert best_epoch(history) == best
    lowest = float("inf")
    for record, loss in zip(history.records, losses, strict=True):
        assert record.metrics["valid_best"] == float(loss < lowest)
        lowest = min(lowest, loss)


def test_without_asking_the_last_weights_stay_and_nothing_is_marked() -> None:
    inputs, _, module, history = overfitting()
    assert has(module, inputs.judged_weights[-1])
    assert [set(record.metrics) for record in history.records] == [{"accuracy"}] * 12
    assert best_epoch(history) is None


@pytest.mark.parametrize("best_by", ["accuracy", "macro_f1"])
def test_the_best_epoch_may_be_that_of_the_highest_score(best_by: str) -> None:
    inputs, targets, module, history = overfitting(keeps_best=True, best_by=best_by)
    name = "accuracy" if best_by == "accuracy" else "valid_macro_f1"
    scores = [record.metrics[name] for record in history.records]
    losses = [record.valid_loss or 0.0 for record in history.records]
    best = min(range(12), key=lambda epoch: (-scores[epoch], losses[epoch]))
    assert best_epoch(history) == best
    assert best_by == "accuracy" or best != losses.index(min(losses))
    assert has(module, inputs.judged_weights[best])
    said = module.eval()(inputs.x_valid).argmax(dim=1)
    turned = targets.valid
    if best_by == "macro_f1":
        assert scores[best] == pytest.approx(f1_score(turned, said, average="macro"))
    else:
        assert scores[best] == float((said == turned).double().mean())


def test_of_equal_scores_the_lowest_loss_is_best_and_none_without_a_number() -> None:
    best, module = BestEpoch("accuracy"), toy_module()
    seen = [(0.5, 0.9), (0.4, 0.9), (0.6, 0.9), (float("nan"), 1.0), (0.3, 0.8), (2.0, 1.0)]
    found = [best.update(BriefScores(loss, accuracy, 9, 0.0), module) for loss, accuracy in seen]
    assert found == [True, True, False, False, False, True]
    with pytest.raises(SettingError, match="best_by='f1'"):
        toy_settings(best_by="f1")


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_stops_after_so_many_epochs_without_a_lower_loss(patience: int) -> None:
    inputs, _, module, history = overfitting(patience=patience)
    _, _, _, whole = overfitting(keeps_best=True)
    num_stale, expected = 0, 0
    for record in whole.records:
        num_stale = 0 if record.metrics["valid_best"] else num_stale + 1
        expected += 1
        if num_stale == patience:
            break
    assert len(history.records) == expected < 12
    best = best_epoch(history)
    assert best == expected - 1 - patience
    assert has(module, inputs.judged_weights[best])


def test_rows_held_back_choose_in_place_of_the_validation_rows() -> None:
    inputs, targets, module = recording()
    turned = targets.valid.flip(0)
    held_back = ChoosingToyInputs(inputs.x, inputs.x_valid, x_choice=inputs.x_valid[:15])
    targets = replace(targets, choice=turned[:15])
    settings = toy_settings(lr=0.05, schedule=Schedule(12), keeps_best=True)
    history = fit(module, one_group(module), held_back, targets, settings)
    losses = [record.metrics["choice_loss"] for record in history.records]
    valid_losses = [record.valid_loss or 0.0 for record in history.records]
    assert best_epoch(history) == losses.index(min(losses)) != valid_losses.index(min(valid_losses))
    assert all("valid_best" not in record.metrics for record in history.records)
    assert evaluate_rows(module, held_back.choice(), turned[:15]).loss == min(losses)


def test_there_must_be_rows_to_choose_by() -> None:
    module, (inputs, targets) = toy_module(), toy_data(num_valid=0)
    for change in ({"keeps_best": True}, {"patience": 2}):
        with pytest.raises(SettingError, match="no row to judge by"):
            fit(module, one_group(module), inputs, targets, toy_settings(**change))
    with pytest.raises(SettingError, match="choose by"):
        fit(
            module,
            one_group(module),
            inputs,
            replace(targets, choice=torch.zeros(2, dtype=torch.int64)),
            toy_settings(keeps_best=True),
        )


def test_an_early_stop_is_a_finished_fit(tmp_path: Path) -> None:
    fits: list[History] = []
    modules = [toy_module(), toy_module()]
    for module in modules:
        inputs, targets = toy_data()
        targets = replace(targets, valid=targets.valid.flip(0))
        settings = toy_settings(lr=0.05, schedule=Schedule(12), patience=1)
        checkpoint = Checkpoint(tmp_path / "fit-0.safetensors")
        groups = one_group(module)
        fits.append(fit(module, groups, inputs, targets, settings, checkpoint=checkpoint))
        assert bool(inputs.seen) == (module is modules[0])
    assert fits[0].to_jsonl() == fits[1].to_jsonl()
    assert same(*modules)


def test_the_best_epoch_outlives_a_stop_after_it(tmp_path: Path) -> None:
    inputs, _, _, whole = overfitting(keeps_best=True)
    best = best_epoch(whole)
    assert best is not None
    targets = replace(toy_data()[1], valid=toy_data()[1].valid.flip(0))
    settings = toy_settings(lr=0.05, schedule=Schedule(12), keeps_best=True)

    def stop(record: EpochRecord) -> None:
        if record.epoch == best + 1:
            raise KeyboardInterrupt

    path = tmp_path / "fit-0.safetensors"
    stopped, resumed = toy_module(), toy_module()
    groups = one_group(stopped)
    checkpoint = Checkpoint(path)
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, groups, inputs, targets, settings, checkpoint=checkpoint, on_epoch=stop)
    groups = one_group(resumed)
    history = fit(resumed, groups, inputs, targets, settings, checkpoint=Checkpoint(path))
    assert best_epoch(history) == best
    assert history.step_losses == whole.step_losses
    assert has(resumed, inputs.judged_weights[best])


# Snapshots.


def test_snapshots_are_the_weights_at_the_true_ends_of_cycles(tmp_path: Path) -> None:
    inputs, targets, module = recording()
    checkpoint = Checkpoint(tmp_path / "fit-0.safetensors")
    settings = toy_settings(schedule=Schedule(3, 1, 2), has_snapshots=True)
    fit(module, one_group(module), inputs, targets, settings, checkpoint=checkpoint)
    snapshots = checkpoint.snapshots()
    assert len(snapshots) == 3
    for snapshot, epoch in zip(snapshots, (0, 2, 6), strict=True):
        expected = inputs.judged_weights[epoch]
        assert snapshot.keys() == expected.keys()
        assert all(torch.equal(snapshot[name], expected[name]) for name in expected)


def test_snapshots_need_a_place() -> None:
    module, (inputs, targets) = toy_module(), toy_data()
    with pytest.raises(SettingError, match="snapshots") as error:
        fit(module, one_group(module), inputs, targets, toy_settings(has_snapshots=True))
    assert "checkpoint=" in error.value.fix


def test_snapshots_of_another_fit_or_with_a_flipped_bit_are_refused(tmp_path: Path) -> None:
    module, (inputs, targets) = toy_module(), toy_data()
    checkpoint = Checkpoint(tmp_path / "fit-0.safetensors")
    settings = toy_settings(has_snapshots=True)
    fit(module, one_group(module), inputs, targets, settings, checkpoint=checkpoint)
    path = checkpoint.snapshot_path(0)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="damaged"):
        checkpoint.snapshots()
    content[-1] ^= 1
    path.write_bytes(content)
    assert len(checkpoint.snapshots()) == 1
    checkpoint.path.unlink()
    assert checkpoint.load("another") is None
    with pytest.raises(TrainingError, match="another fit"):
        checkpoint.snapshots()
