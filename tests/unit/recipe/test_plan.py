"""The whole plan is told before the first step, and to plan costs and changes little."""

import re
from collections.abc import Callable

import pytest

from warmstart import ConvLearner, Recipe, transforms_basic
from warmstart.recipe.plan import plan_of
from warmstart.recipe.recipe_run import PlannedStep, RecipeRun, plan_in_words

Make = Callable[..., ConvLearner]


def test_the_plan_comes_first_and_names_every_step(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    learn = make()
    learn.quiet = False
    capsys.readouterr()
    Recipe(last_step=3, head="logistic").run(learn)
    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"plan: 3 steps, about \d+ (s|min) on this machine", lines[0])
    assert [line.split()[0] for line in lines[1:4]] == ["1", "2", "3"]
    assert lines[4].startswith("step 1: ")


def test_a_quiet_learner_has_no_plan(
    make: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmstart.recipe.recipe.plan_of", None)  # is not called
    Recipe(last_step=3, head="logistic").run(make())
    assert "plan" not in capsys.readouterr().err


def test_what_takes_time_has_seconds_and_nothing_is_changed(make: Make) -> None:
    learn = make(aug_tfms=transforms_basic)
    run = RecipeRun(learn, Recipe(), {}, lambda _: None, None)
    before = (learn.state.layers.cut, learn.precompute, learn.quiet, len(run.records))
    steps = plan_of(run, 8)
    assert [step.number for step in steps] == list(range(1, 9))
    assert all(step.seconds >= 0 for step in steps)
    assert steps[7].seconds > 0
    assert steps[4].seconds == steps[5].seconds == 0
    assert (learn.state.layers.cut, learn.precompute, learn.quiet, len(run.records)) == before


def test_too_little_time_is_said_in_the_plan() -> None:
    steps = [PlannedStep(1, "compute", 30.0), PlannedStep(2, "train", 200.0)]
    told = plan_in_words(steps, 2.0).splitlines()
    assert told[0].startswith(
        "plan: 2 steps, about 4 min on this machine; at most 2 min were asked"
    )
    assert told[1].split() == ["1", "compute", "about", "30", "s"]
    assert len(told[1]) == len(told[2])
    assert "asked" not in plan_in_words(steps, 10.0)
    assert plan_in_words(steps[:1], None).startswith("plan: 1 step, ")
