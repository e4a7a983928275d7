"""Every option of a public function is an explicit keyword."""

import inspect
from collections.abc import Callable, Iterator
from inspect import Parameter
from typing import Any

import pytest

import warmstart
from warmstart.checkup.checkup import Checkup
from warmstart.comparison.compare import compare_predictions
from warmstart.images.augment import Augmentation
from warmstart.metrics.evaluate import compute_scores
from warmstart.metrics.scores import Scores
from warmstart.recipe.recipe import RecipeResult
from warmstart.training.probabilities import evaluate_valid

MORE = (Augmentation, Checkup, RecipeResult, Scores, compare_predictions, evaluate_valid)


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public functions, and constructors and methods of public classes."""
    for thing in (*(getattr(warmstart, name) for name in warmstart.__all__), *MORE):
        if inspect.isfunction(thing):
            yield thing.__name__, thing
        elif inspect.isclass(thing) and not issubclass(thing, Exception):
            yield thing.__name__, thing
            for name in dir(thing):
                method = getattr(thing, name)
                is_own = str(getattr(method, "__module__", "")).startswith("warmstart.")
                if callable(method) and is_own and not name.startswith("_"):
                    yield f"{thing.__name__}.{name}", method


DOORS = dict(public())


def test_all_are_found() -> None:
    assert {"ConvLearner.fit", "Predictor.TTA", "ImageClassifierData.from_csv"} < set(DOORS)
    assert len(DOORS) > 60


@pytest.mark.parametrize("name", DOORS)
def test_every_option_is_explicit(name: str) -> None:
    parameters = inspect.signature(DOORS[name]).parameters.values()
    kinds = {Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL}
    assert [str(parameter) for parameter in parameters if parameter.kind in kinds] == []


def test_scores_have_the_options_of_the_function_that_finds_them() -> None:
    options = dict(inspect.signature(compute_scores).parameters)
    for name, parameter in inspect.signature(warmstart.Predictions.scores).parameters.items():
        if name != "self":
            assert parameter.default == options[name].default
