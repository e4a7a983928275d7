"""The eight steps on small squares: what is kept, undone, left out, and gone on with."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from warmstart import ConvLearner, Recipe, SettingError
from warmstart.images.augment import Augmentation
from warmstart.learner.held_back import HeldBack
from warmstart.recipe import course
from warmstart.recipe.recipe import RecipeResult

Make = Callable[..., ConvLearner]
VIEWS = Augmentation("test", 20, 0.1, flip="side_on")
SMALL = Recipe(views=2, num_cycles=2, rate_steps=10)


def weights_of(learn: ConvLearner) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in learn.model.state_dict().items()}


def same(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def run(learn: ConvLearner, recipe: Recipe = SMALL, **more: Any) -> RecipeResult:
    return recipe.run(learn, **more)


def test_every_step_says_what_why_and_what_it_gained(make: Make) -> None:
    learn = make(aug_tfms=VIEWS)
    result = run(learn)
    assert [step.number for step in result.steps] == list(range(1, 9))
    assert all(step.title and step.why for step in result.steps)
    trained = [step for step in result.steps if step.accuracy is not None]
    assert [step.number for step in trained] == [3, 4, 8]
    for step in trained[1:]:  # on validation rows, which have chosen nothing
        assert step.gain is not None
        assert step.gain_low is not None
        assert step.gain_high is not None
        assert step.gain_low <= step.gain <= step.gain_high
        assert step.num_rows == 12
        assert "training rows held back" in step.note
    assert learn.predict("valid").chosen_on_these == ()
    assert set(result.chosen) == {"lr_head", "views", "num_cycles", "lr_all"}


def test_what_is_delivered_is_what_the_last_kept_step_was_judged_by(make: Make) -> None:
    learn = make(aug_tfms=VIEWS)
    kept = [s for s in run(learn).steps if s.is_kept and s.accuracy is not None]
    assert learn.predict("valid").accuracy == kept[-1].accuracy
    assert learn.held_back.share == 0


def harmful(monkeypatch: pytest.MonkeyPatch, is_harmful: Callable[[ConvLearner], bool]) -> None:
    """Let a fit end with weights that know nothing, whatever it did."""
    fit = ConvLearner.fit

    def spoiled(self: ConvLearner, *args: Any, **options: Any) -> Any:
        history = fit(self, *args, **options)
        if is_harmful(self):
            with torch.no_grad():
                for parameter in self.model.head.parameters():
                    parameter.mul_(-30)
        return history

    monkeypatch.setattr(ConvLearner, "fit", spoiled)


def test_views_that_did_not_help_are_undone(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = make()
    Recipe(last_step=3).run(plain)
    harmful(monkeypatch, lambda learn: learn.precompute not in {True, False})
    learn = make(aug_tfms=VIEWS)
    result = run(learn, Recipe(last_step=4, views=2))
    step = result.steps[-1]
    assert not step.is_kept
    assert step.note.startswith("undone")
    assert step.gain is not None  # what it had before it was undone
    assert same(weights_of(plain), weights_of(learn))


def test_thawing_that_did_not_help_is_undone(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = make(aug_tfms=VIEWS)
    run(frozen, Recipe(last_step=4, views=2))
    harmful(monkeypatch, lambda learn: learn.layers.cut == 0)
    learn = make(aug_tfms=VIEWS)
    result = run(learn)
    assert not result.steps[-1].is_kept
    assert same(weights_of(frozen), weights_of(learn))
    assert learn.layers.cut is None
    assert np.array_equal(frozen.predict().probabilities, learn.predict().probabilities)
    assert learn.history.step_losses == frozen.history.step_losses  # of the model that it has
    assert len(learn.cross_validate(2, 0.05, 1).rows) == 30  # its body is the one it began with


Noted = list[tuple[float, dict[str, torch.Tensor]]]


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Noted:
    """Of every fit: the share held back, and the weights that it ends with."""
    seen: Noted = []
    fit = ConvLearner.fit

    def noting(self: ConvLearner, *args: Any, **options: Any) -> Any:
        history = fit(self, *args, **options)
        seen.append((self.held_back.share, weights_of(self)))
        return history

    monkeypatch.setattr(ConvLearner, "fit", noting)
    return seen


def test_held_back_rows_train_nothing_that_they_judge(
    make: Make, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 15: with other labels on them, the models that they judge end with the same bits."""
    one, other = make(aug_tfms=VIEWS), make(aug_tfms=VIEWS)
    table = one.data.table
    everything, (train, held) = table.rows("train"), HeldBack(0.2, 0).parted(table)
    labels = table.labels.copy()
    labels[held] = (labels[held] + 1) % 3
    other.set_data(replace(other.data, table=replace(table, labels=labels)))
    monkeypatch.setattr(  # the draw goes by labels, too
        HeldBack,
        "parted",
        lambda self, _: (train, held) if self.share else (everything, everything[:0]),
    )
    monkeypatch.setattr(course, "helped", lambda *_: (True, "kept"))  # all else is a choice
    recipe = Recipe(views=2, num_cycles=1, rate_steps=10)
    chosen = run(one, recipe).chosen
    run(other, recipe, chosen=chosen)
    assert [share for share, _ in noted[:5]] == [0.0, 0.2, 0.0, 0.2, 0.2]
    for (share, weights), (_, otherwise) in zip(noted[:5], noted[5:], strict=True):
        assert same(weights, otherwise) == (share > 0)


def test_without_augmentation_step_4_is_left_out_and_says_so(make: Make) -> None:
    step = run(make(), Recipe(last_step=4)).steps[-1]
    assert step.note.startswith("left out: the data has no augmentation")


def test_too_few_minutes_leave_steps_out(make: Make) -> None:
    result = run(make(aug_tfms=VIEWS), Recipe(minutes=1e-6))
    assert all(step.note.startswith("left out") for step in result.steps[3:])
    assert result.chosen["num_cycles"] == 0


def test_what_was_chosen_is_not_searched_for_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Mapping[str, Any]] = []
    first = make(aug_tfms=VIEWS)
    chosen = run(first, on_choice=told.append).chosen
    assert told[-1] == chosen

    def searching(self: ConvLearner, *args: Any, **options: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(ConvLearner, "lr_find", searching)
    second = make(aug_tfms=VIEWS)
    run(second, chosen=chosen)
    assert same(weights_of(first), weights_of(second))


class StoppedError(Exception):
    """What stands for a kill."""


@pytest.mark.parametrize("stop", [1, 3, 4])
def test_a_run_that_was_stopped_ends_with_the_same_bits(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    straight = make(aug_tfms=VIEWS)
    run(straight, checkpoint=tmp_path / "straight")
    fit, calls, chosen = ConvLearner.fit, list[int](), dict[str, Any]()

    def stopping(self: ConvLearner, *args: Any, **options: Any) -> Any:
        if len(calls) == stop:
            raise StoppedError
        calls.append(0)
        return fit(self, *args, **options)

    monkeypatch.setattr(ConvLearner, "fit", stopping)
    with pytest.raises(StoppedError):
        run(make(aug_tfms=VIEWS), on_choice=chosen.update, checkpoint=tmp_path / "stopped")
    monkeypatch.setattr(ConvLearner, "fit", fit)
    again = make(aug_tfms=VIEWS)
    run(again, chosen=chosen, checkpoint=tmp_path / "stopped")
    assert same(weights_of(straight), weights_of(again))


@pytest.mark.parametrize(
    "numbers", [{"last_step": 9}, {"minutes": 0.0}, {"views": 0}, {"held_back": 1.0}]
)
def test_numbers_without_meaning_are_refused(numbers: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="has no meaning"):
        Recipe(**numbers)
