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
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.unit.learner.conftest import make as make

from warmstart import ConvLearner, HeadClassifier, SettingError
from warmstart.heads.arrays import row_units
from warmstart.images.augment import Augmentation
from warmstart.training import head_choice, logistic_head
from warmstart.training.head_choice import DEFAULT_PENALTY, choosing_folds
from warmstart.training.logistic import PENALTIES

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


def logistic(**changes: Any) -> HeadClassifier:
    return HeadClassifier(head="logistic", device="cpu", **changes)


def test_scikit_learn_finds_nothing_wrong_with_the_logistic_head() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHECKS.replace("device", 'head="logistic", device')],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == SKIPPED


def test_a_logistic_head_learns_digits_and_finds_its_penalty(digits: tuple[Any, Any]) -> None:
    x, y = digits
    head = logistic().fit(x[:160], y[:160])
    assert head.classes_.tolist() == ["null", "one", "two"]
    assert head.score(x[160:], y[160:]) > 0.95
    assert head.predict_proba(x).sum(axis=1) == pytest.approx(1)
    assert head.C_ in PENALTIES
    assert not hasattr(head, "history_")
    given = clone(head).set_params(C=head.C_).fit(x[:160], y[:160])
    assert given.predict_proba(x) == pytest.approx(head.predict_proba(x), abs=1e-2)
    assert np.array_equal(clone(head).fit(x[:160], y[:160]).predict_proba(x), head.predict_proba(x))


def test_a_search_over_c(digits: tuple[Any, Any]) -> None:
    search = GridSearchCV(logistic(), {"C": [1e-3, 30.0]}, cv=3, scoring="neg_log_loss")
    search.fit(*digits)
    assert search.best_params_ == {"C": 30.0}
    assert search.best_estimator_.C_ == 30.0


def test_c_is_that_of_rows_of_length_one(digits: tuple[Any, Any]) -> None:
    x, y = digits
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    theirs = LogisticRegression(C=10.0, tol=1e-8, max_iter=5000).fit(units, y)
    found = logistic(C=10.0).fit(x, y).predict_proba(x)
    assert found == pytest.approx(theirs.predict_proba(units), abs=1e-3)


def test_parts_are_the_columns_that_count(digits: tuple[Any, Any]) -> None:
    x, y = digits
    head = logistic(C=10.0, parts=((32, 64), (0, 8))).fit(x, y)
    other = x.copy()
    other[:, 8:32] += 5
    other[:, 32:64] *= 3
    assert head.predict_proba(other) == pytest.approx(head.predict_proba(x), abs=1e-5)
    assert head.n_features_in_ == 64
    whole = logistic(C=10.0, parts=((0, 64),)).fit(x, y).predict_proba(x)
    assert np.array_equal(whole, logistic(C=10.0).fit(x, y).predict_proba(x))


def test_a_logistic_head_of_many_labels(digits: tuple[Any, Any]) -> None:
    x, y = digits
    many = np.stack([y == "null", y != "two", x[:, 20] > x[:, 21]], axis=1).astype(int)
    head = logistic().fit(x, many)
    assert (head.predict(x) == many).mean() > 0.9
    assert not np.allclose(head.predict_proba(x).sum(axis=1), 1)


def test_equal_rows_share_a_fold_and_few_rows_have_none(digits: tuple[Any, Any]) -> None:
    x = np.tile(digits[0][:20].astype(np.float32), (3, 1))
    labels = np.arange(60) % 20 % 2
    folds = choosing_folds(row_units(x), labels, 128, seed=0)
    assert np.array_equal(folds, np.tile(folds[:20], 3))
    assert set(folds) == set(range(5))
    order = np.random.default_rng(0).permutation(60)
    assert np.array_equal(
        choosing_folds(row_units(x[order]), labels[order], 128, seed=0), folds[order]
    )
    assert set(choosing_folds(row_units(x[:2]), labels[:2], 128, seed=0)) == {-1}
    assert logistic().fit(x[:2], labels[:2]).C_ == DEFAULT_PENALTY


@pytest.mark.parametrize(("c", "is_multi_label"), [(None, False), (30.0, True)])
def test_rows_that_are_too_many_are_trained_on_batches_and_come_near(
    digits: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch, c: float | None, is_multi_label: bool
) -> None:
    x, y = digits
    if is_multi_label:
        y = np.stack([y == "null", y != "two"], axis=1).astype(int)
    solved = logistic(C=30.0).fit(x, y).predict_proba(x)
    monkeypatch.setattr(head_choice, "SOLVER_WORK", 0)
    monkeypatch.setattr(logistic_head, "FEWEST_STEPS", 300)
    monkeypatch.setattr(logistic_head, "BATCH_ROWS", 24)
    head = logistic(C=c).fit(x, y)
    assert head.C_ == 30.0
    trained = head.predict_proba(x)
    assert not np.array_equal(trained, solved)
    assert np.abs(trained - solved).mean() < 0.02


@pytest.mark.parametrize(
    "wrong",
    [
        {"head": "linear"},
        {"head": "logistic", "lr": 0.1},
        {"head": "logistic", "xtra_fc": (3,), "ps": 0.1},
        {"head": "logistic", "C": 0.0},
        {"head": "logistic", "C": float("nan")},
        {"head": "logistic", "parts": ((0, 65),)},
        {"head": "logistic", "parts": ((5, 5),)},
        {"head": "logistic", "parts": ()},
        {"C": 1.0},
        {"parts": ((0, 64),)},
    ],
)
def test_parameters_that_a_head_does_not_have(
    digits: tuple[Any, Any], wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="Expected"):
        HeadClassifier(device="cpu", **wrong).fit(*digits)
