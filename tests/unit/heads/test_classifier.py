"""The head in scikit-learn's hands."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.unit.learner.conftest import make as make

from warmstart import ConvLearner, HeadClassifier, SettingError
from warmstart.images.augment import Augmentation

Make = Callable[..., ConvLearner]
SKIPPED = {
    "check_array_api_input",  # only with SCIPY_ARRAY_API set
    "check_classifiers_multilabel_output_format_decision_function",  # it has none
}


@pytest.fixture(scope="module")
def digits() -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    x, y = load_digits(return_X_y=True, n_class=3)
    return x[:240], np.array(["null", "one", "two"])[y[:240]]


def small(**changes: Any) -> HeadClassifier:
    return HeadClassifier(xtra_fc=(16,), device="cpu", **changes)


CHECKS = """
from sklearn.utils.estimator_checks import check_estimator
from warmstart import HeadClassifier
results = check_estimator(HeadClassifier(device="cpu"), on_skip=None)
assert len(results) > 50
print(*(r["check_name"] for r in results if r["status"] != "passed"))
"""


def test_scikit_learn_finds_nothing_wrong() -> None:
    """All its checks, none expected to fail; in a process where types are not checked at calls,
    because scikit-learn tries what a constructor keeps that ``fit`` would refuse."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHECKS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == SKIPPED


def test_it_learns_digits(digits: tuple[Any, Any]) -> None:
    x, y = digits
    head = small(lr=0.05).fit(x[:160], y[:160])
    assert head.classes_.tolist() == ["null", "one", "two"]
    assert head.score(x[160:], y[160:]) > 0.9
    assert head.predict_proba(x).sum(axis=1) == pytest.approx(1)
    assert [record.epoch for record in head.history_.records] == list(range(10))


def test_search_pipeline_and_scores(digits: tuple[Any, Any]) -> None:
    search = GridSearchCV(small(cycle_len=20), {"lr": [1e-6, 0.05], "ps": [0.1, (0.0, 0.3)]}, cv=3)
    search.fit(*digits)
    assert search.best_params_["lr"] == 0.05
    assert search.best_estimator_.lr == 0.05
    pipeline = make_pipeline(StandardScaler(), clone(search.best_estimator_))
    assert cross_val_score(pipeline, *digits, cv=3).mean() > 0.9


def test_the_same_seed_gives_the_same_bits(digits: tuple[Any, Any]) -> None:
    one, two, other = (small(seed=seed).fit(*digits).predict_proba(digits[0]) for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_it_is_the_head_that_a_learner_trains(make: Make) -> None:
    """To the bit, so what a search finds holds for ``fit``."""
    learn = make(precompute=True, xtra_fc=(7,), ps=0.3, opt="adamw", seed=3)
    x, y = learn.activations_of("train")
    learn.fit(0.01, 2, cycle_len=2, wds=0.1, label_smoothing=0.1)
    head = HeadClassifier(
        xtra_fc=(7,), ps=0.3, opt="adamw", seed=3, lr=0.01, n_cycle=2, cycle_len=2, wds=0.1,
        label_smoothing=0.1, bs=8, device="cpu",
    ).fit(x, y)  # fmt: skip
    assert learn.history.step_losses == head.history_.step_losses
    x_valid, y_valid = learn.activations_of("valid")
    predictions = learn.predict("valid")
    assert np.array_equal(predictions.probabilities, head.predict_proba(x_valid))
    assert np.array_equal(predictions.labels, y_valid)


def test_activations_of_a_view(make: Make) -> None:
    learn = make(aug_tfms=Augmentation("test", 20, 0.1, flip="side_on"))
    plain, first = (learn.activations_of("train", view)[0] for view in (0, 1))
    assert plain.dtype == np.float32
    assert plain.shape == first.shape == (30, 20)
    assert not np.array_equal(plain, first)
    with pytest.raises(SettingError, match="there is no test row"):
        learn.activations_of("test")
    learn.unfreeze()
    with pytest.raises(SettingError, match="the network is cut"):
        learn.activations_of("train")


def test_rows_with_many_labels(digits: tuple[Any, Any]) -> None:
    x, y = digits
    many = np.stack([y == "null", y != "two", x.sum(axis=1) > 300], axis=1).astype(int)
    head = small(cycle_len=20, lr=0.05).fit(x, many)
    assert head.predict(x).shape == many.shape
    assert (head.predict(x) == many).mean() > 0.9
    assert not np.allclose(head.predict_proba(x).sum(axis=1), 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ps": 1.0},
        {"ps": (0.1, 0.2, 0.3)},
        {"opt": "adam"},
        {"n_cycle": 0},
        {"label_smoothing": 2.0},
    ],
)
def test_parameters_without_meaning(digits: tuple[Any, Any], wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Expected"):
        small(**wrong).fit(*digits)


def test_it_must_learn_before_it_predicts(digits: tuple[Any, Any]) -> None:
    with pytest.raises(NotFittedError):
        small().predict(digits[0])
