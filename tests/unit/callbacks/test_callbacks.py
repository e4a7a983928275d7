"""What callbacks are told, that they change nothing, and what becomes of one that fails."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from warmstart import ConvLearner, DivergedError, Recipe, SettingError, TrainingError
from warmstart.callbacks import Callback, EpochEnd, FitBegin, FitEnd, StepEnd

Make = Callable[..., ConvLearner]


class Diary(Callback):
    """Writes everything down."""

    def __init__(self) -> None:
        self.begins: list[FitBegin] = []
        self.steps: list[StepEnd] = []
        self.epochs: list[EpochEnd] = []
        self.ends: list[FitEnd] = []
        self.order = ""

    def on_fit_begin(self, event: FitBegin) -> None:
        self.begins.append(event)
        self.order += "b"

    def on_step(self, event: StepEnd) -> None:
        self.steps.append(event)
        self.order += "s"

    def on_epoch(self, event: EpochEnd) -> None:
        self.epochs.append(event)
        self.order += "e"

    def on_fit_end(self, event: FitEnd) -> None:
        self.ends.append(event)
        self.order += "."


class Rude(Callback):
    """Draws from every source of chance, then raises."""

    def __init__(self, method: str = "on_step") -> None:
        self.method, self.times = method, 0

    def on_fit_begin(self, event: FitBegin) -> None:
        self._act("on_fit_begin")

    def on_step(self, event: StepEnd) -> None:
        self._act("on_step")

    def on_epoch(self, event: EpochEnd) -> None:
        self._act("on_epoch")

    def on_fit_end(self, event: FitEnd) -> None:
        self._act("on_fit_end")

    def _act(self, method: str) -> None:
        torch.manual_seed(1)
        torch.rand(7)
        np.random.seed(1)  # noqa: NPY002 - somebody's old code
        if method == self.method:
            self.times += 1
            raise ZeroDivisionError("rude")


class StopsAt(Callback):
    """Does something at a step: what a signal would do."""

    def __init__(self, step: int, act: Callable[[], Any]) -> None:
        self.step, self.act = step, act

    def on_step(self, event: StepEnd) -> None:
        if event.step == self.step and not event.is_replayed:
            self.act()


def weights(learn: ConvLearner) -> dict[str, torch.Tensor]:
    return {name: each.clone() for name, each in learn.model.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_what_is_told_is_the_history(make: Make) -> None:
    learn, diary = make(), Diary()
    learn.fit(0.05, 2, callbacks=[diary])
    learn.unfreeze()
    alone: Any = diary  # one alone needs no list
    learn.fit([1e-3, 1e-2, 1e-1], 1, callbacks=alone)
    history = learn.history
    assert diary.order == "b" + "sssse" * 2 + ".b" + "sssse."
    assert [event.loss for event in diary.steps] == history.step_losses
    assert [tuple(event.lrs.values()) for event in diary.steps] == history.step_lrs
    assert [event.step for event in diary.steps] == list(range(12))
    assert [event.record for event in diary.epochs] == history.records
    assert [event.step for event in diary.epochs] == [3, 7, 11]
    assert [len(event.groups) for event in diary.begins] == [1, 3]
    assert [event.first_step for event in diary.begins] == [0, 8]
    assert [event.num_steps for event in diary.begins] == [8, 4]
    assert diary.begins[0].settings["lrs"] == (0.05,)
    assert diary.begins[0].key == ""
    assert diary.ends == [FitEnd(0, 8, "finished"), FitEnd(1, 4, "finished")]


@pytest.mark.parametrize("method", ["on_step", "on_epoch", "on_fit_end"])
def test_one_that_fails_is_named_and_changes_nothing(
    make: Make, method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alone, told = make(), make()
    alone.fit(0.05, 2)
    rude, diary = Rude(method), Diary()
    history = told.fit(0.05, 2, callbacks=[rude, diary])
    assert same(weights(alone), weights(told))
    assert history.step_losses == alone.history.step_losses
    assert rude.times == 1
    assert diary.order == "b" + "sssse" * 2 + "."
    (note,) = [text for text in told.state.noticed if "callback" in text]
    assert f"the callback Rude failed in {method} (ZeroDivisionError: rude; test_" in note
    assert note in " ".join(capsys.readouterr().err.split())


def test_one_that_cannot_begin_stops_the_fit_before_its_first_step(make: Make) -> None:
    learn, diary = make(), Diary()
    before = weights(learn)
    with pytest.raises(TrainingError, match="the callback Rude failed in on_fit_begin"):
        learn.fit(0.05, 2, callbacks=[diary, Rude("on_fit_begin")])
    assert diary.order == "b."
    assert diary.ends[0].outcome == "failed"
    assert same(before, weights(learn))
    assert learn.history.records == []


def test_a_fit_that_goes_on_tells_again_what_was_done(make: Make, tmp_path: Path) -> None:
    first, second = Diary(), Diary()
    stop = StopsAt(5, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        make().fit(0.05, 3, checkpoint=tmp_path, callbacks=[first, stop])
    learn = make()
    learn.fit(0.05, 3, checkpoint=tmp_path, callbacks=[second])
    assert first.ends == [FitEnd(0, 6, "interrupted")]
    assert second.begins[0].num_done == 6
    assert second.begins[0].key == first.begins[0].key != ""
    assert [event.step for event in second.steps] == list(range(12))
    assert [event.is_replayed for event in second.steps] == [True] * 6 + [False] * 6
    assert [event.is_replayed for event in second.epochs] == [True, False, False]
    assert second.order == "b" + "sssse" * 3 + "."
    third = Diary()
    make().fit(0.05, 3, checkpoint=tmp_path, callbacks=[third])  # finds everything done
    assert third.order == second.order
    assert all(event.is_replayed for event in third.steps)
    assert all(event.is_replayed for event in third.epochs)


def test_a_fit_that_diverges_says_so(make: Make) -> None:
    diary = Diary()
    with pytest.raises(DivergedError):
        make().fit(1e30, 2, callbacks=[diary])
    assert [event.outcome for event in diary.ends] == ["diverged"]


@pytest.mark.parametrize("wrong", [[Diary], [print], 5, [Diary(), "x"]])
def test_what_cannot_be_told_is_refused(make: Make, wrong: Any) -> None:
    with pytest.raises(SettingError, match="callbacks"):
        make().fit(0.05, 1, callbacks=wrong)


def test_a_recipe_passes_them_on(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    class Reached(Exception):  # noqa: N818 - it ends the test early
        pass

    def fit(*_: Any, **options: Any) -> None:
        raise Reached(options["callbacks"])

    monkeypatch.setattr(ConvLearner, "fit", fit)
    diary = Diary()
    with pytest.raises(Reached) as reached:
        Recipe(last_step=3, head="mlp").run(make(), callbacks=[diary])
    assert reached.value.args == ((diary,),)
