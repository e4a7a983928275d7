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
from warmstart.learner.holdout import Holdout, HoldoutFold
from warmstart.recipe import frozen_steps, heads, weight_search
from warmstart.recipe.recipe import STEPS, RecipeResult
from warmstart.recipe.recipe_run import RecipeRun, Taken
from warmstart.results.lr_curve import USUAL

Make = Callable[..., ConvLearner]
VIEWS = Augmentation("test", 20, 0.1, flip="side_on")
FOLDED = Recipe(views=2, num_cycles=2, rate_steps=10)  # 6 of 30 rows are too few to hold back
SMALL = replace(FOLDED, fewest_held_back=0)


@pytest.fixture(autouse=True)
def short_mlp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two epochs of an MLP, not the 67 that make 200 steps."""
    monkeypatch.setattr(heads, "mlp_epochs", lambda *_: 2)


def weights_of(learn: ConvLearner) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in learn.model.state_dict().items()}


def same(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def run(learn: ConvLearner, recipe: Recipe = SMALL, **more: Any) -> RecipeResult:
    return recipe.run(learn, **more)


@pytest.mark.parametrize(
    ("recipe", "judges"),
    [(SMALL, "6 training rows held back"), (FOLDED, "30 training rows out of fold")],
)
def test_every_step_says_what_why_and_what_it_gained(
    make: Make, recipe: Recipe, judges: str
) -> None:
    learn = make(aug_tfms=VIEWS)
    result = run(learn, recipe)
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
        assert judges in step.note
    assert judges in trained[0].note  # of both heads
    assert learn.predict("valid").chosen_on_these == ()
    assert set(result.chosen) == {
        "tries_mlp", "lr_head", "loss_logistic", "loss_mlp", "views", "num_cycles", "lr_all",
        "place_losses",
    }  # fmt: skip
    assert result.held_back is not None
    assert len(result.held_back.rows) == int(judges.split()[0])


@pytest.mark.parametrize("recipe", [SMALL, FOLDED])
def test_to_plan_a_step_changes_nothing(make: Make, recipe: Recipe) -> None:
    learn = make(aug_tfms=VIEWS)
    chosen: dict[str, Any] = {}
    steps = RecipeRun(learn, replace(recipe, minutes=60.0), chosen, lambda _: None, None)

    def now() -> tuple[object, ...]:
        state = learn.state
        kept = (state.precompute, state.keeps_pixels, state.layers.cut, state.holdout)
        return (*kept, state.num_fits, state.num_epochs, state.quiet, state.history.to_jsonl())

    for number, plan in enumerate(STEPS, 1):
        before, weights = now(), weights_of(learn)
        step = plan(steps)
        assert now() == before, plan
        assert same(weights_of(learn), weights)
        steps.take(number, lambda _, step=step: step)  # type: ignore[misc]


@pytest.mark.parametrize("recipe", [SMALL, FOLDED])
def test_what_is_delivered_is_what_the_last_kept_step_was_judged_by(
    make: Make, recipe: Recipe
) -> None:
    learn = make(aug_tfms=VIEWS)
    kept = [s for s in run(learn, recipe).steps if s.is_kept and s.accuracy is not None]
    assert learn.predict("valid").accuracy == kept[-1].accuracy
    assert learn.state.holdout.share == 0


@pytest.mark.parametrize("recipe", [SMALL, FOLDED])
@pytest.mark.parametrize("better", ["logistic", "mlp"])
def test_the_head_with_the_lower_loss_is_kept(make: Make, recipe: Recipe, better: str) -> None:
    losses = {"loss_logistic": 1.0, "loss_mlp": 1.0} | {f"loss_{better}": 0.5}
    learn, alone = make(), make()
    result = run(learn, replace(recipe, last_step=3), chosen=losses)
    note = result.steps[-1].note
    assert note.startswith("MLP;" if better == "mlp" else "logistic regression;")
    assert "logistic regression 0" in note or "logistic regression 1" in note
    assert "MLP 0" in note or "MLP 1" in note
    assert ((learn.card.head or {}).get("kind") == "logistic") == (better == "logistic")
    if better == "logistic":
        alone.precompute = True
        alone.fit_head("logistic")
        assert same(weights_of(alone), weights_of(learn))
        assert learn.out_of_fold is not None
        assert len(learn.history.head_fits) == 1
        assert not learn.history.records  # those of the MLP are not this model's


def test_a_head_that_is_asked_for_is_the_only_one(make: Make) -> None:
    learn = make()
    result = run(learn, replace(SMALL, head="logistic", last_step=3))
    assert result.steps[1].note == "left out: logistic regression is solved, without a rate"
    assert set(result.chosen) == {"loss_logistic"}
    learn = make()
    result = run(learn, replace(SMALL, head="mlp", last_step=3))
    assert set(result.chosen) == {"lr_head", "loss_mlp"}
    assert (learn.card.head or {}).get("kind") != "logistic"


def test_a_head_of_the_users_own_is_not_replaced(make: Make) -> None:
    own = torch.nn.Linear(20, 3)
    learn = make(custom_head=own, aug_tfms=VIEWS)
    run(learn, replace(SMALL, num_cycles=1))
    assert learn.model.head is own


def knowing_nothing(learn: ConvLearner) -> None:
    """Weights of the head that are sure, and wrong."""
    with torch.no_grad():
        for parameter in learn.model.head.parameters():
            parameter.mul_(-30)


@pytest.mark.parametrize("recipe", [SMALL, FOLDED])
def test_views_that_did_not_help_are_undone(
    make: Make, monkeypatch: pytest.MonkeyPatch, recipe: Recipe
) -> None:
    plain = make()
    run(plain, replace(recipe, last_step=3, head="logistic"))
    fit_kind, ask = heads.fit_kind, heads.cross_validate_kind

    def spoiled(steps: Any, kind: str) -> None:
        fit_kind(steps, kind)
        if steps.learn.precompute is not True:
            knowing_nothing(steps.learn)

    def spoiled_folds(steps: Any, kind: str) -> Any:
        found = ask(steps, kind)
        if steps.learn.precompute is True:
            return found
        return replace(found, probabilities=(1 - found.probabilities) / 2)

    monkeypatch.setattr(frozen_steps, "fit_kind", spoiled)
    monkeypatch.setattr(frozen_steps, "cross_validate_kind", spoiled_folds)
    learn = make(aug_tfms=VIEWS)
    step = run(learn, replace(recipe, last_step=4, head="logistic")).steps[-1]
    assert not step.is_kept
    assert step.note.startswith("undone")
    assert step.gain is not None  # what it had before it was undone
    assert same(weights_of(plain), weights_of(learn))


@pytest.mark.parametrize("recipe", [SMALL, FOLDED])
def test_training_all_layers_that_did_not_help_is_undone(
    make: Make, monkeypatch: pytest.MonkeyPatch, recipe: Recipe
) -> None:
    frozen = make(aug_tfms=VIEWS)
    run(frozen, replace(recipe, last_step=4, head="logistic"))
    fit_all = weight_search.fit_all

    def spoiled(steps: Any, *args: Any, **options: Any) -> None:
        fit_all(steps, *args, **options)
        knowing_nothing(steps.learn)

    monkeypatch.setattr(weight_search, "fit_all", spoiled)
    learn = make(aug_tfms=VIEWS)
    result = run(learn, replace(recipe, head="logistic"))
    losses = result.chosen["place_losses"]
    assert min(losses) == losses[0]
    assert not result.steps[-1].is_kept
    assert same(weights_of(frozen), weights_of(learn))
    assert learn.state.layers.cut is None
    assert np.array_equal(frozen.predict().probabilities, learn.predict().probabilities)
    assert learn.history.step_losses == frozen.history.step_losses  # of the model that it has
    assert len(learn.cross_validate(2).rows) == 30  # its backbone is the one it began with


def test_the_weights_lie_at_the_place_with_the_lowest_loss(make: Make) -> None:
    ends = []
    for place in (0, 4, 1):
        learn = make(aug_tfms=VIEWS)
        losses = [1.0] * 5
        losses[place] = 0.5
        result = run(learn, replace(FOLDED, head="logistic"), chosen={"place_losses": losses})
        assert result.steps[-1].is_kept == (place > 0)
        ends.append(weights_of(learn))
    before, after, found = ends
    assert not same(before, after)
    for name, tensor in found.items():
        if tensor.is_floating_point():
            assert torch.allclose(tensor, torch.lerp(before[name], after[name], 0.25))


Noted = list[tuple[float, dict[str, torch.Tensor]]]


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Noted:
    """Of every fit: the share held back, and the weights that it ends with."""
    seen: Noted = []

    def noting(name: str) -> None:
        fit = getattr(ConvLearner, name)

        def wrapped(self: ConvLearner, *args: Any, **options: Any) -> Any:
            made = fit(self, *args, **options)
            seen.append((self.state.holdout.share, weights_of(self)))
            return made

        monkeypatch.setattr(ConvLearner, name, wrapped)

    noting("fit")
    noting("fit_head")
    return seen


def test_held_back_rows_train_nothing_that_they_judge(
    make: Make, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 15: with other labels on them, the models that they judge end with the same bits."""
    one, other = make(aug_tfms=VIEWS), make(aug_tfms=VIEWS)
    table = one.data.table
    everything, (train, held) = table.rows("train"), Holdout(0.2, 0).split(table)
    labels = table.labels.copy()
    labels[held] = (labels[held] + 1) % 3
    other.set_data(replace(other.data, table=replace(table, labels=labels)))
    monkeypatch.setattr(  # the draw goes by labels, too
        Holdout,
        "split",
        lambda self, _: (train, held) if self.share else (everything, everything[:0]),
    )
    monkeypatch.setattr(  # all else is a choice
        frozen_steps, "compare_holdout", lambda *_: Taken("kept")
    )
    recipe = replace(SMALL, num_cycles=1)
    chosen = run(one, recipe).chosen
    run(other, recipe, chosen=chosen)
    half = len(noted) // 2  # logistic and MLP, one kind on views, all layers
    assert [share for share, _ in noted[:half]] == [0.0, 0.2] * 3 + [0.2]
    for (share, weights), (_, otherwise) in zip(noted[:half], noted[half:], strict=True):
        assert same(weights, otherwise) == (share > 0)


def test_the_rows_of_a_fold_train_nothing_that_they_judge(make: Make, noted: Noted) -> None:
    """Law 15, out of fold: with other labels on them, their fold's fits end with the same bits."""
    recipe = replace(FOLDED, num_cycles=1, last_step=8, head="logistic")
    one, other = make(), make()
    table = one.data.table
    chosen = run(one, recipe).chosen
    units = tuple(content.hex() for content in one.content_hashes("train"))
    folds = [HoldoutFold(fold=n, units=units).split(table) for n in range(3)]
    assert sorted(np.concatenate([held for _, held in folds])) == table.rows("train").tolist()
    labels = table.labels.copy()
    swapped = folds[0][1]
    labels[swapped] = (labels[swapped] + 1) % 3
    other.set_data(replace(other.data, table=replace(table, labels=labels)))
    drawn = HoldoutFold.split
    with pytest.MonkeyPatch.context() as patch:  # the draw goes by labels, too
        patch.setattr(HoldoutFold, "split", lambda self, _: drawn(self, table))
        run(other, recipe, chosen=chosen)
    half = len(noted) // 2
    assert half == 8  # a head; a head and all layers of three folds; all layers
    is_same = [same(a[1], b[1]) for a, b in zip(noted[:half], noted[half:], strict=True)]
    assert is_same == [False, True, True, False, False, False, False, False]


def test_without_augmentation_step_4_is_left_out_and_says_so(make: Make) -> None:
    step = run(make(), replace(SMALL, last_step=4)).steps[-1]
    assert step.note.startswith("left out: the data has no augmentation")


def test_too_few_minutes_leave_steps_out(make: Make) -> None:
    result = run(make(aug_tfms=VIEWS), Recipe(minutes=1e-6))
    assert result.steps[2].note.startswith("logistic regression;")  # an MLP takes longer
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


@pytest.mark.parametrize(
    ("recipe", "stops"), [(SMALL, (0, 1, 2, 3, 4, 6)), (FOLDED, (1, 2, 3, 6, 9))]
)
def test_a_run_that_was_stopped_ends_with_the_same_bits(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: Recipe, stops: Any
) -> None:
    """Law 8, before fits of step 3, 4 and 8."""
    straight = make(aug_tfms=VIEWS)
    run(straight, recipe, checkpoint=tmp_path / "straight")
    for stop in stops:
        calls, chosen = list[int](), dict[str, Any]()
        with monkeypatch.context() as patch:
            for name in ("fit", "fit_head"):
                fit = getattr(ConvLearner, name)

                def stopping(
                    self: ConvLearner,
                    *args: Any,
                    fit: Any = fit,
                    calls: list[int] = calls,
                    stop: int = stop,
                    **options: Any,
                ) -> Any:
                    if len(calls) == stop:
                        raise StoppedError
                    calls.append(0)
                    return fit(self, *args, **options)

                patch.setattr(ConvLearner, name, stopping)
            with pytest.raises(StoppedError):
                run(
                    make(aug_tfms=VIEWS), recipe, on_choice=chosen.update,
                    checkpoint=tmp_path / str(stop),
                )  # fmt: skip
        again = make(aug_tfms=VIEWS)
        run(again, recipe, chosen=chosen, checkpoint=tmp_path / str(stop))
        assert same(weights_of(straight), weights_of(again))


def test_step_7_costs_at_most_a_tenth_of_step_8(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    lr_find = ConvLearner.lr_find

    def counting(self: ConvLearner, *args: Any, **options: Any) -> Any:
        if "max_rows" in options:
            asked.append(options["max_rows"])
        return lr_find(self, *args, **options)

    monkeypatch.setattr(ConvLearner, "lr_find", counting)
    few = run(make(), replace(SMALL, head="logistic"))
    assert few.chosen["lr_all"] == USUAL
    assert "at most" in few.steps[6].note
    asked.clear()
    many = run(make(bs=2), replace(SMALL, head="logistic", num_cycles=4, fewest_held_back=0))
    (rows,) = asked
    assert 20 <= rows <= 24 * 15 / 10  # of 15 epochs
    assert many.chosen["lr_all"] > 0


@pytest.mark.parametrize(
    "numbers",
    [{"last_step": 9}, {"minutes": 0.0}, {"views": 0}, {"held_back": 1.0}, {"num_folds": 1}],
)
def test_numbers_without_meaning_are_refused(numbers: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="has no meaning"):
        Recipe(**numbers)
