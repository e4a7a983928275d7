from math import isfinite
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.unit.training.toy import ToyInputs, one_group, same, toy_data, toy_module, toy_settings
from torch import Tensor, nn

from warmstart.errors import DivergedError, SettingError, TrainingError
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.loop import fit
from warmstart.training.optimiser import build_optimiser, per_group
from warmstart.training.schedule import Schedule
from warmstart.training.state import clone_tensors, module_state


class Poisoned(nn.Module):
    """Its output is no number from one call in training on."""

    def __init__(self, poison: float, first_call: int) -> None:
        super().__init__()
        self.net, self.poison, self.first_call, self.num_calls = toy_module(), poison, first_call, 0

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x)
        self.num_calls += self.training
        return out * self.poison if self.num_calls > self.first_call else out


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
@pytest.mark.parametrize("step", [0, 7])
def test_a_loss_that_is_no_number_stops_the_fit_before_a_weight_moves(
    poison: float, step: int
) -> None:
    (inputs, targets), reference = toy_data(), toy_module()
    module = Poisoned(poison, step)
    with pytest.raises(TrainingError) as error:
        fit(module, one_group(module), inputs, targets, toy_settings(lr=0.05))
    assert f"epoch {step // 5}, step {step % 5}" in error.value.what
    assert error.value.fix == "pass a smaller rate: lr=0.005."
    weights = dict(module.net.named_parameters())
    if step == 0:
        assert all(torch.equal(weights[name], t) for name, t in reference.named_parameters())
    assert all(bool(t.isfinite().all()) for t in weights.values())


def test_a_diverging_fit_says_to_take_a_smaller_rate() -> None:
    (inputs, targets), module = toy_data(), toy_module()
    settings = toy_settings(lr=1e30, epochs=20)
    with pytest.raises(TrainingError, match="finite") as error:
        fit(module, one_group(module), inputs, targets, settings)
    assert error.value.fix == "pass a smaller rate: lr=0.01."


def test_history_has_means_over_rows() -> None:
    (inputs, targets), module = toy_data(num_train=41), toy_module()
    history = fit(module, one_group(module), inputs, targets, toy_settings())
    sizes = [8, 8, 8, 8, 9]
    for epoch, record in enumerate(history.records):
        losses = history.step_losses[epoch * 5 : epoch * 5 + 5]
        mean = sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / 41
        assert record.train_loss == pytest.approx(mean)
        assert (record.num_steps, record.lrs) == (5, history.step_lrs[epoch * 5 + 4])


def test_two_layer_groups_move_as_torch_moves_them() -> None:
    (inputs, targets), module, twin = toy_data(), toy_module().eval(), toy_module()
    halves = [list(module[:3].parameters()), list(module[3:].parameters())]
    plain = Plain(module)
    settings = toy_settings(
        lrs=(0.01, 0.2), weight_decays=(0.0, 0.3), schedule=Schedule(2), batch_size=41
    )
    fit(plain, halves, inputs, targets, settings)
    twin.eval()
    reference = torch.optim.SGD(
        [
            {"params": list(twin[:3].parameters()), "lr": 0.01, "weight_decay": 0.0},
            {"params": list(twin[3:].parameters()), "lr": 0.2, "weight_decay": 0.3},
        ],
        momentum=0.9,
    )
    for _ in range(2):
        reference.zero_grad()
        loss = nn.functional.cross_entropy(twin(inputs.x), targets.train)
        loss.backward()  # type: ignore[no-untyped-call]
        reference.step()
    for one, two in zip(module.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(one, two, atol=1e-6)


class Plain(nn.Module):
    """Never in training mode inside."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def train(self, mode: bool = True) -> "Plain":
        super().train(mode)
        self.net.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x)
        return out


def test_each_group_has_its_own_rates_in_the_history() -> None:
    (inputs, targets), module = toy_data(), toy_module()
    groups = [list(part.parameters()) for part in (module[0], module[2], module[4:])]
    lrs = per_group([1e-4, 1e-3, 1e-2], ["stem", "body", "head"])
    settings = toy_settings(lrs=lrs, weight_decays=(0.0,) * 3)
    history = fit(module, groups, inputs, targets, settings)
    for step in history.step_lrs:
        assert step == pytest.approx((step[2] / 100, step[2] / 10, step[2]))
    assert history.step_lrs[0] == (1e-4, 1e-3, 1e-2)


@pytest.mark.parametrize("opt", ["sgd", "adamw"])
def test_weight_decay_is_that_of_its_group_biases_and_norms_too(opt: str) -> None:
    module = toy_module()
    groups = [list(module[:3].parameters()), list(module[3:].parameters())]
    optimiser = build_optimiser(opt, groups, (0.0, 0.5))
    before = clone_tensors(module_state(module))
    for group in optimiser.param_groups:
        group["lr"] = 0.1
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    for name, parameter in module.named_parameters():
        factor = 1.0 if int(name.split(".")[0]) < 3 else 0.95
        assert torch.allclose(parameter, before[name] * factor), name


def test_an_unknown_optimiser_is_refused() -> None:
    with pytest.raises(SettingError, match="adam2"):
        toy_settings(opt="adam2")


def test_the_gradient_is_clipped() -> None:
    (inputs, targets), module = toy_data(num_train=41), Plain(toy_module())
    before = clone_tensors(module_state(module))
    settings = toy_settings(lr=1.0, schedule=Schedule(1), batch_size=41, clip_norm=0.01)
    fit(module, one_group(module), inputs, targets, settings)
    steps = [(before[name] - p).flatten() for name, p in module.named_parameters()]
    assert float(torch.cat(steps).detach().norm()) == pytest.approx(0.01, rel=1e-3)


def test_a_gradient_that_is_short_enough_is_not_clipped() -> None:
    inputs, targets = toy_data()
    one, two = toy_module(), toy_module()
    fit(one, one_group(one), inputs, targets, toy_settings(clip_norm=1e6))
    fit(two, one_group(two), inputs, targets, toy_settings())
    assert all(
        torch.allclose(a, b, atol=1e-6)
        for a, b in zip(one.parameters(), two.parameters(), strict=True)
    )


def test_a_fit_leaves_the_modes_as_they_were() -> None:
    (inputs, targets), module = toy_data(), toy_module()
    module.eval()
    module[4].train()
    fit(module, one_group(module), inputs, targets, toy_settings())
    assert [part.training for part in module] == [False] * 4 + [True, False]


@pytest.mark.parametrize(
    "change",
    [
        {"lrs": (float("nan"),)},
        {"lrs": (-0.1,)},
        {"clip_norm": 0.0},
        {"label_smoothing": 1.0},
        {"mixup": -1.0},
        {"cutmix": float("inf")},
        {"ema_decay": 1.0},
        {"patience": 0},
    ],
)
def test_settings_without_meaning_are_refused(change: dict[str, Any]) -> None:
    (name,) = change
    with pytest.raises(SettingError, match=name.rstrip("s")) as error:
        toy_settings(**change)
    assert error.value.fix.startswith("put" if name == "lrs" else f"pass {name}=")


def test_label_smoothing_changes_the_training_loss_only() -> None:
    inputs, targets = toy_data()
    one, two = Plain(toy_module()), Plain(toy_module())
    smooth = toy_settings(lr=0.0, label_smoothing=0.5, epochs=1)
    first = fit(one, one_group(one), inputs, targets, smooth)
    second = fit(two, one_group(two), inputs, targets, toy_settings(lr=0.0, epochs=1))
    assert same(one, two)
    assert first.records[0].train_loss != second.records[0].train_loss
    assert first.records[0].valid_loss == second.records[0].valid_loss


@pytest.mark.parametrize("lr", [1e30, 1e18, 1e12])
def test_a_fit_that_diverges_leaves_weights_from_which_its_own_advice_works(lr: float) -> None:
    """B12: after it, the advised rate met weights of 1.8e30."""
    inputs, targets = toy_data()
    module = toy_module()
    before = clone_tensors(module_state(module))
    settings = toy_settings(lr=lr, epochs=60)
    with pytest.raises(DivergedError, match="good weights are in place") as error:
        fit(module, one_group(module), inputs, targets, settings)
    state = module_state(module)
    assert all(
        torch.isfinite(tensor).all() for tensor in state.values() if tensor.is_floating_point()
    )
    if "epoch 0" in error.value.what:
        assert all(torch.equal(state[name], before[name]) for name in state)
    advised = float(error.value.flags[1])
    history = fit(
        module, one_group(module), inputs, targets, toy_settings(lr=advised, schedule=Schedule(4))
    )
    assert all(isfinite(loss) for loss in history.step_losses)


def test_a_fit_that_diverges_leaves_no_checkpoint_that_diverges_again(tmp_path: Path) -> None:
    inputs, targets = toy_data()
    module, point = toy_module(), Checkpoint(tmp_path / "fit-0.safetensors", seconds_between=0.0)
    settings = toy_settings(lr=1e30, schedule=Schedule(3), has_snapshots=True)
    with pytest.raises(DivergedError):
        fit(module, one_group(module), inputs, targets, settings, checkpoint=point)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_no_numbers_are_not_judged() -> None:
    inputs, targets = toy_data()
    module = toy_module()

    class Spoiled(ToyInputs):
        def before_batch(self) -> None:
            if len(self.seen) == 2:  # as a step might that overflows without a loss that tells
                with torch.no_grad():
                    next(module.parameters()).fill_(float("nan"))

    spoiled = Spoiled(inputs.x, inputs.x_valid)
    with pytest.raises(DivergedError):
        fit(module, one_group(module), spoiled, targets, toy_settings(schedule=Schedule(2)))
    assert all(torch.isfinite(tensor).all() for tensor in module.parameters())
