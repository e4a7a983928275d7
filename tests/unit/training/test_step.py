"""A step whose batch passes in parts is the step of the whole batch; nobody waits for its loss."""

from collections.abc import Callable, Iterator
from math import isnan
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.unit.training.toy import (
    NUM_CLASSES,
    ToyInputs,
    one_group,
    same,
    toy_data,
    toy_module,
    toy_settings,
)
from torch import Tensor, nn

from warmstart.callbacks.announcer import Announcer
from warmstart.callbacks.events import Callback, StepEnd
from warmstart.errors import DivergedError
from warmstart.training import lr_finder, run
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.loop import fit
from warmstart.training.lr_finder import lr_range_test
from warmstart.training.objective import Targets
from warmstart.training.optimiser import build_optimiser
from warmstart.training.state import clone_tensors, module_state
from warmstart.training.step import batch_loss, update
from warmstart.training.step_mode import StepMode

pytestmark = pytest.mark.usefixtures("one_thread")


class Stored(nn.Module):
    """Convolutions whose BatchNorm keeps its statistics, dropout at will, and a linear head."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(0)
            self.net = nn.Sequential(
                nn.Conv2d(3, 4, 3),
                nn.BatchNorm2d(4),
                nn.ReLU(),
                nn.Dropout(dropout),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(4, NUM_CLASSES),
            )

    def train(self, mode: bool = True) -> "Stored":
        super().train(mode)
        self.net[1].eval()
        return self

    def forward(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.net(pictures)
        return logits


class BatchHead(nn.Module):
    """A body whose rows are independent, with dropout at will, and a head that wants a batch."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.body, self.head = Stored(dropout), toy_module()

    def before_head(self, rows: Tensor) -> Tensor:
        pooled: Tensor = self.body(rows).repeat(1, 2)
        return pooled

    def forward(self, rows: Tensor) -> Tensor:
        logits: Tensor = self.head(self.before_head(rows))
        return logits


def pictures(num: int = 13) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(num, 3, 8, 8, generator=generator)
    return x, torch.randint(NUM_CLASSES, (num,), generator=generator)


def stepped(
    micro_rows: int, dropout: float = 0.0, wanted: Tensor | None = None, **changes: Any
) -> tuple[Stored, Tensor]:
    """A module after one step, and the loss of the step."""
    x, y = pictures()
    module = Stored(dropout).train()
    settings = toy_settings(**changes)
    optimiser = build_optimiser(settings.opt, one_group(module), [0.0])
    loss = update(
        module, optimiser, x, y if wanted is None else wanted, settings,
        lrs=(1.0,), seed=3, micro_rows=micro_rows,
    )  # fmt: skip
    return module, loss


@pytest.mark.parametrize("micro_rows", [1, 4, 6, 12])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"clip_norm": 0.01, "label_smoothing": 0.1},
        {"class_weights": (1.0, 5.0, 0.2)},
        {"mixup": 0.4},
        {"cutmix": 1.0, "class_weights": (1.0, 5.0, 0.2)},
    ],
)
def test_parts_make_the_step_of_the_whole_batch(micro_rows: int, changes: dict[str, Any]) -> None:
    (whole, whole_loss), (parts, parts_loss) = stepped(0, **changes), stepped(micro_rows, **changes)
    start, moved = Stored().state_dict(), whole.state_dict()
    assert not torch.equal(start["net.0.weight"], moved["net.0.weight"])
    torch.testing.assert_close(parts_loss, whole_loss)
    for name, tensor in parts.state_dict().items():
        torch.testing.assert_close(tensor, moved[name], rtol=1e-5, atol=1e-6)


def test_parts_of_rows_with_several_labels_too() -> None:
    wanted = nn.functional.one_hot(pictures()[1], NUM_CLASSES).float()
    (whole, _), (parts, _) = stepped(0, wanted=wanted), stepped(5, wanted=wanted)
    for name, tensor in parts.state_dict().items():
        torch.testing.assert_close(tensor, whole.state_dict()[name], rtol=1e-5, atol=1e-6)


def test_each_part_drops_out_by_its_own_seed_and_the_callers_random_state_stays() -> None:
    before = torch.get_rng_state()
    first, again, other = (stepped(rows, dropout=0.5)[0] for rows in (4, 4, 5))
    assert same(first, again)
    assert not same(first, other)
    assert torch.equal(before, torch.get_rng_state())

    def masks(rows: Tensor) -> Tensor:
        dropped.append(nn.functional.dropout(torch.ones(6), 0.5))
        return rows.flatten(1)[:, :NUM_CLASSES]

    dropped: list[Tensor] = []
    x, y = pictures(12)
    batch_loss(masks, x, y, toy_settings(), 0, 4)
    assert len({tuple(mask.tolist()) for mask in dropped}) == 3


@pytest.mark.parametrize("opt", ["sgd", "adamw"])
@pytest.mark.parametrize("micro_rows", [0, 3])
@pytest.mark.parametrize("num_before", [0, 1])
def test_after_a_loss_that_is_no_number_no_weight_moves_any_more(
    opt: str, micro_rows: int, num_before: int
) -> None:
    """Without waiting for the loss: the step, and those after it, are told on the device."""
    x, y = pictures()
    module, settings = Stored().train(), toy_settings(opt=opt)
    optimiser = build_optimiser(opt, one_group(module), [0.1])

    def step(batch: Tensor) -> float:
        loss = update(module, optimiser, batch, y, settings, lrs=(0.1,), seed=0,
                      micro_rows=micro_rows)  # fmt: skip
        return float(loss)

    for _ in range(num_before):
        assert step(x) > 0
    good = clone_tensors(module_state(module))
    poisoned = x.clone()
    poisoned[-1] = float("nan")
    assert isnan(step(poisoned))
    assert step(x) > 0
    assert all(torch.equal(good[name], t) for name, t in module_state(module).items())


class Heard(Callback):
    """What a callback is told."""

    def __init__(self) -> None:
        self.steps: list[StepEnd] = []

    def on_step(self, event: StepEnd) -> None:
        self.steps.append(event)


@pytest.mark.parametrize("unseen", [2, 3, 100])
def test_losses_that_are_looked_at_together_change_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unseen: int
) -> None:
    (inputs, targets), straight, late = toy_data(), toy_module(), toy_module()
    settings = toy_settings(ema_decay=0.9)
    plain = fit(straight, one_group(straight), inputs, targets, settings)
    monkeypatch.setattr(run, "steps_unseen", lambda _: unseen)
    heard = Heard()
    history = fit(late, one_group(late), inputs, targets, settings,
                  announcer=Announcer([heard], ("all",)),
                  checkpoint=Checkpoint(tmp_path / "fit.safetensors"))  # fmt: skip
    assert same(straight, late)
    assert history.step_losses == plain.step_losses
    assert [r.train_loss for r in history.records] == [r.train_loss for r in plain.records]
    assert [event.loss for event in heard.steps] == plain.step_losses


class PoisonedInputs(ToyInputs):
    """Some rows of one batch are no numbers."""

    poisoned_batch = 7

    def train(self, *args: Any, **kwargs: Any) -> Iterator[Tensor]:
        for batch in super().train(*args, **kwargs):
            yield batch * float("nan") if len(self.seen) == self.poisoned_batch + 1 else batch


@pytest.mark.parametrize("unseen", [1, 2, 3, 100])
def test_the_step_that_diverged_is_named_though_others_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unseen: int
) -> None:
    """And the last good weights are those of the epoch before, law 18."""
    inputs, targets = toy_data()
    module, one_epoch = toy_module(), toy_module()
    fit(one_epoch, one_group(one_epoch), inputs, targets, toy_settings())
    good: list[dict[str, Tensor]] = []
    monkeypatch.setattr(run, "steps_unseen", lambda _: unseen)
    poisoned = PoisonedInputs(inputs.x, inputs.x_valid)
    with pytest.raises(DivergedError, match="epoch 1, step 2"):
        fit(module, one_group(module), poisoned, targets, toy_settings(),
            checkpoint=Checkpoint(tmp_path / "fit.safetensors", seconds_between=0.0),
            on_epoch=lambda _: good.append(clone_tensors(module_state(module))))  # fmt: skip
    assert len(good) == 1
    assert all(torch.equal(good[0][name], t) for name, t in module_state(module).items())
    assert not list(tmp_path.iterdir())


class KilledInputs(ToyInputs):
    """Stops in the middle of the second epoch."""

    def before_batch(self) -> None:
        if len(self.seen) == 4:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("kind", "mode"),
    [(Stored, StepMode("f32", 3)), (BatchHead, StepMode("f32", 3, is_twice=True))],
)
def test_a_fit_goes_on_with_as_many_rows_at_a_time_as_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Callable[..., nn.Module], mode: StepMode
) -> None:
    """Law 8: the second process has other memory, and ends with the first one's bits."""
    x, y = pictures(24)
    inputs, targets = ToyInputs(x, x[:6]), Targets(y, y[:6])
    straight, stopped, again, whole = (kind(0.5) for _ in range(4))
    settings = toy_settings(clip_norm=1.0)
    fit(whole, one_group(whole), inputs, targets, settings)
    monkeypatch.setattr(run, "choose_step_mode", lambda *_: mode)
    history = fit(straight, one_group(straight), inputs, targets, settings)
    assert [(r.micro_rows, r.is_twice) for r in history.records] == [(3, mode.is_twice)] * 2
    path = tmp_path / "fit.safetensors"
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, one_group(stopped), KilledInputs(x, x[:6]), targets, settings,
            checkpoint=Checkpoint(path, seconds_between=0.0))  # fmt: skip
    monkeypatch.setattr(run, "choose_step_mode", lambda *_: StepMode("f32", 0))
    gone_on = fit(again, one_group(again), inputs, targets, settings, checkpoint=Checkpoint(path))
    assert same(again, straight)
    assert not same(again, whole)
    assert [(r.micro_rows, r.is_twice) for r in gone_on.records] == [(3, mode.is_twice)] * 2


def test_lr_find_passes_rows_as_the_fit_will_and_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, y = pictures(24)
    inputs, targets = ToyInputs(x, x[:6]), Targets(y, y[:6])
    module, fresh = Stored(), Stored()
    widths: list[int] = []
    module.register_forward_pre_hook(lambda _, args: widths.append(len(args[0])))
    monkeypatch.setattr(lr_finder, "choose_step_mode", lambda *_: StepMode("f32", 3))
    lr_range_test(module, one_group(module), inputs, targets, toy_settings(), num_steps=4)
    assert max(widths) <= 3
    assert same(module, fresh)
