"""Rare classes: weights in the loss, and draws."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight
from tests.unit.training.toy import ToyInputs, one_group, same, toy_data, toy_module, toy_settings

from warmstart.errors import SettingError
from warmstart.results.history import EpochRecord
from warmstart.training.balance import (
    balanced,
    class_weights,
    draw_counts,
    resolve_balance,
    unevenness,
)
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.epoch_plan import epoch_plan, num_batches
from warmstart.training.loop import fit
from warmstart.training.objective import Targets, loss_per_row
from warmstart.training.step import batch_loss

labels_of_rows = st.lists(st.integers(0, 4), min_size=2, max_size=60)


@given(labels_of_rows)
def test_weights_are_scikit_learns_and_1_on_average(listed: list[int]) -> None:
    labels = np.array(listed)
    weights, present = class_weights(torch.from_numpy(labels)), np.unique(labels)
    expected = compute_class_weight("balanced", classes=present, y=labels)
    assert np.allclose([weights[k] for k in present], expected)
    assert np.array(weights)[labels].mean() == pytest.approx(1)


@given(labels_of_rows, st.integers(0, 99))
def test_weighted_losses_are_torchs(listed: list[int], seed: int) -> None:
    labels, generator = torch.tensor(listed), torch.Generator().manual_seed(seed)
    logits = torch.randn((len(listed), 5), generator=generator)
    weights = torch.ones(5)
    weights[: len(class_weights(labels))] = torch.tensor(class_weights(labels))
    plain = torch.nn.CrossEntropyLoss(weight=weights, reduction="none")
    assert torch.allclose(loss_per_row(logits, labels, 0.0, weights), plain(logits, labels))
    many = (torch.rand((len(listed), 5), generator=generator) < 0.3).float()
    above = torch.tensor(class_weights(many))
    of_many = torch.nn.BCEWithLogitsLoss(pos_weight=above, reduction="none")
    expected = of_many(logits, many).mean(dim=1)
    assert torch.allclose(loss_per_row(logits, many, 0.0, above), expected)


def test_with_and_without_a_label_count_alike() -> None:
    many = torch.tensor([[1.0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]])
    assert class_weights(many) == (3.0, 1.0, 1.0)  # those of one kind stay
    assert unevenness(many) == 3.0


@torch.no_grad()
def test_mixed_rows_are_weighed_by_their_own_labels() -> None:
    module = torch.nn.Linear(3, 2)
    batch, wanted = torch.randn(6, 3), torch.tensor([0, 0, 0, 0, 0, 1])
    settings = toy_settings(mixup=0.4)
    plain = batch_loss(module, batch, wanted, settings, 1)
    for factor in (1.0, 3.0):
        weighed = replace(settings, class_weights=(factor, factor))
        found = batch_loss(module, batch, wanted, weighed, 1)
        assert float(found) == pytest.approx(factor * float(plain), rel=1e-5)
    only_rare = batch_loss(module, batch, wanted, replace(settings, class_weights=(0.0, 1.0)), 1)
    assert 0 < float(only_rare) < float(plain)


@given(labels_of_rows, st.integers(0, 5))
def test_every_class_is_drawn_equally_often_and_no_row_much_more(
    listed: list[int], epoch: int
) -> None:
    labels = np.array(listed)
    counts = draw_counts(labels, 3, epoch)
    assert counts.sum() == len(labels)
    of_classes = [int(counts[labels == k].sum()) for k in np.unique(labels)]
    assert max(of_classes) - min(of_classes) <= 1
    for k in np.unique(labels):
        assert np.ptp(counts[labels == k]) <= 1
    assert counts.tolist() == draw_counts(labels, 3, epoch).tolist()


def test_who_is_drawn_changes_with_the_epoch() -> None:
    labels = np.array([0] * 40 + [1] * 4)
    epochs = [draw_counts(labels, 0, epoch) for epoch in range(12)]
    assert np.sum(epochs, axis=0)[:40].min() > 0  # nobody is left out for good
    assert all(counts[40:].min() >= 5 for counts in epochs)


@given(labels_of_rows, st.integers(2, 9), st.integers(0, 3), st.integers(0, 3))
def test_every_draw_of_a_row_is_of_its_next_view(
    listed: list[int], batch_size: int, first: int, num_epochs: int
) -> None:
    """Law 6: each row as often as the plan says, the m-th draw in a view of its own."""
    targets = torch.tensor(listed)
    settings = toy_settings(batch_size=batch_size, first_epoch=first, draws_evenly=True)
    seen: dict[int, list[int]] = {row: [] for row in range(len(listed))}
    for epoch in range(first, first + num_epochs):
        plan = epoch_plan(settings, targets, epoch)
        assert len(plan.batches) == num_batches(len(listed), batch_size)
        assert plan.draws is not None
        rows = np.concatenate(plan.batches)
        expected = draw_counts(targets.numpy(), settings.seed, epoch)
        assert np.bincount(rows, minlength=len(listed)).tolist() == expected.tolist()
        for row, draw in zip(rows, np.concatenate(plan.draws), strict=True):
            seen[int(row)].append(int(draw))
    for draws in seen.values():
        assert sorted(draws) == list(range(first, first + len(draws)))


def test_without_a_sampler_the_plan_is_the_one_of_before() -> None:
    plan = epoch_plan(toy_settings(), torch.zeros(41, dtype=torch.int64), 2)
    assert plan.draws is None
    assert Counter(np.concatenate(plan.batches).tolist()) == Counter(range(41))
    assert len(plan.after(4).batches) == len(plan.batches) - 4


@pytest.mark.parametrize(
    ("labels", "chosen"), [([0, 0, 1, 1, 1, 1], "weights"), ([0, 0, 0, 1, 1], "weights"),
                           ([0, 0, 0, 1, 1, 1, 1], None)],
)  # fmt: skip
def test_auto_weighs_from_one_and_a_half_on(labels: list[int], chosen: str | None) -> None:
    assert resolve_balance("auto", torch.tensor(labels)) == chosen
    assert resolve_balance(None, torch.tensor(labels)) is None
    assert resolve_balance("sampler", torch.tensor(labels)) == "sampler"


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(SettingError, match="balance='even'") as caught:
        resolve_balance("even", torch.tensor([0, 1]))
    assert caught.value.flags == ("--balance", "auto")
    with pytest.raises(SettingError, match="draws by class"):
        resolve_balance("sampler", torch.zeros((3, 2)))


def uneven() -> tuple[ToyInputs, Targets]:
    """Of three classes, one has half the rows and one hardly any."""
    inputs, targets = toy_data(num_train=90, num_valid=60)
    kept = torch.cat(
        [(targets.train == k).nonzero()[:number, 0] for k, number in ((0, 24), (1, 12), (2, 3))]
    )
    return replace(inputs, x=inputs.x[kept]), replace(targets, train=targets.train[kept])


@pytest.mark.parametrize("way", ["weights", "sampler"])
def test_the_rare_class_is_heard(way: str) -> None:
    said = []
    for balance in (None, way):
        inputs, targets = uneven()
        module = toy_module()
        settings = balanced(toy_settings(lr=0.05, epochs=8), balance, targets.train)
        fit(module, one_group(module), inputs, targets, settings)
        module.eval()
        said.append(int((module(inputs.x_valid).argmax(dim=1) == 2).sum()))
    assert said[1] > 2 * said[0]


@pytest.mark.parametrize("way", ["weights", "sampler"])
def test_a_stopped_fit_goes_on_as_if_it_had_not_stopped(way: str, tmp_path: Path) -> None:
    """Law 8, in the middle of an epoch whose rows are drawn several times."""
    inputs, targets = uneven()
    settings = balanced(toy_settings(epochs=3), way, targets.train)
    whole = toy_module()
    wanted = fit(whole, one_group(whole), inputs, targets, settings)

    class Stopping(ToyInputs):
        left = 7

        def before_batch(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt

    stopped, resumed = toy_module(), toy_module()
    path = tmp_path / "fit.safetensors"
    with pytest.raises(KeyboardInterrupt):
        fit(
            stopped,
            one_group(stopped),
            Stopping(inputs.x, inputs.x_valid),
            targets,
            settings,
            checkpoint=Checkpoint(path, seconds_between=0.0),
        )
    told: list[EpochRecord] = []
    history = fit(
        resumed, one_group(resumed), inputs, targets, settings,
        checkpoint=Checkpoint(path), on_epoch=told.append,
    )  # fmt: skip
    assert history.step_losses == wanted.step_losses
    assert same(whole, resumed)


@pytest.mark.parametrize("change", [{"draws_evenly": True}, {"class_weights": (1.0, 2.0, 1.0)}])
def test_a_checkpoint_of_another_balance_is_not_gone_on_with(
    change: dict[str, object], tmp_path: Path
) -> None:
    inputs, targets = toy_data()
    module = toy_module()
    path = tmp_path / "fit.safetensors"
    fit(module, one_group(module), inputs, targets, toy_settings(), checkpoint=Checkpoint(path))
    other = toy_module()
    with pytest.raises(Exception, match="belongs to another fit"):
        fit(
            other, one_group(other), inputs, targets, replace(toy_settings(), **change),  # type: ignore[arg-type]
            checkpoint=Checkpoint(path),
        )  # fmt: skip
