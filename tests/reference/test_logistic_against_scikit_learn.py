"""The solver of the logistic head against scikit-learn's, both to convergence.

Weights agree within a thousandth of the largest one: the logits are computed in float32, and the
solver stops at a gradient of 1e-5.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from warmstart.training.logistic import LogisticProblem

CLOSE = 1e-3  # of the largest weight; of logits likewise


pytestmark = pytest.mark.usefixtures("one_thread")


def clouds(num_rows: int, width: int, num_classes: int) -> tuple[Any, NDArray[np.int64]]:
    """Rows of length 1, and classes that overlap."""
    random = np.random.default_rng(0)
    labels = np.arange(num_rows) % num_classes
    centres = random.normal(size=(num_classes, width))
    rows = np.abs(centres[labels] + 1.5 * random.normal(size=(num_rows, width)))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), labels


def reference(c: float) -> Any:
    return LogisticRegression(C=c, tol=1e-9, max_iter=10_000)


def agree(found: NDArray[Any], expected: NDArray[Any]) -> None:
    assert np.abs(found - expected).max() <= CLOSE * np.abs(expected).max()


@pytest.mark.parametrize("penalty", [0.1, 1.0, 30.0, 1000.0])
@pytest.mark.parametrize(("num_rows", "width"), [(120, 20), (60, 200)])
def test_three_classes(num_rows: int, width: int, penalty: float) -> None:
    x, y = clouds(num_rows, width, 3)
    found = LogisticProblem(x, y, 3).fit(penalty)
    theirs = reference(penalty).fit(x.astype(np.float64), y)
    agree(found.weight, theirs.coef_)
    agree(x @ found.weight.T + found.bias, theirs.decision_function(x.astype(np.float64)))


def test_two_classes_have_two_vectors_so_c_is_half_of_theirs() -> None:
    x, y = clouds(80, 15, 2)
    found = LogisticProblem(x, y, 2).fit(5.0)
    theirs = reference(10.0).fit(x.astype(np.float64), y)
    agree(found.weight[1:] - found.weight[:1], theirs.coef_)
    agree(found.weight[0], -found.weight[1])
    assert found.bias[1] - found.bias[0] == pytest.approx(
        theirs.intercept_[0], rel=CLOSE, abs=CLOSE
    )


def test_several_labels_are_a_regression_each() -> None:
    """Of one vector each, so that here C is theirs; the loss is summed over the classes."""
    x, y = clouds(90, 12, 3)
    many = np.stack([y == 0, y != 1, x[:, 0] > x[:, 1]], axis=1).astype(np.int64)
    found = LogisticProblem(x, many, 3).fit(20.0)
    for k in range(3):
        theirs = reference(20.0).fit(x.astype(np.float64), many[:, k])
        agree(found.weight[k], theirs.coef_[0])
        assert found.bias[k] == pytest.approx(theirs.intercept_[0], rel=CLOSE, abs=CLOSE)


@pytest.mark.parametrize("is_multi_label", [False, True])
def test_weights_of_rows(is_multi_label: bool) -> None:
    x, y = clouds(90, 12, 3)
    weights = np.random.default_rng(1).uniform(0.1, 3, 90)
    if is_multi_label:
        many = np.eye(3, dtype=np.int64)[y]
        each = np.stack([weights, np.ones(90), weights[::-1]], axis=1)
        found = LogisticProblem(x, many, 3, weights=each).fit(20.0)
        for k in range(3):
            theirs = reference(20.0).fit(x.astype(np.float64), many[:, k], each[:, k])
            agree(found.weight[k], theirs.coef_[0])
        return
    found = LogisticProblem(x, y, 3, weights=weights).fit(20.0)
    theirs = reference(20.0).fit(x.astype(np.float64), y, weights)
    agree(found.weight, theirs.coef_)


def test_a_weight_of_two_is_the_row_twice() -> None:
    x, y = clouds(60, 12, 3)
    weights = np.where(np.arange(60) % 4 == 0, 2.0, 1.0)
    twice = np.repeat(np.arange(60), weights.astype(int))
    found = LogisticProblem(x, y, 3, weights=weights).fit(20.0)
    other = LogisticProblem(x[twice], y[twice], 3).fit(20.0)
    agree(found.weight, other.weight)


def test_folds_are_theirs() -> None:
    x, y = clouds(90, 12, 3)
    folds = np.random.default_rng(2).integers(0, 3, 90)
    found = LogisticProblem(x, y, 3).path(folds, (5.0,))
    for fold in range(3):
        held = folds == fold
        theirs = reference(5.0).fit(x[~held].astype(np.float64), y[~held])
        expected = theirs.predict_log_proba(x[held].astype(np.float64))
        shown = found.logits[held]
        shown = shown - np.logaddexp.reduce(shown, axis=1, keepdims=True)
        assert np.abs(shown - expected).max() < 5e-3  # a path is solved less far
