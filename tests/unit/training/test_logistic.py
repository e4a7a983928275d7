"""The solver at its limits; tests/reference compares it with scikit-learn's."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from warmstart.training import logistic
from warmstart.training.logistic import LogisticProblem, LogisticWeights
from warmstart.training.process import limited_threads


def rows(
    num_rows: int = 60, width: int = 12, num_classes: int = 3, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    labels = np.arange(num_rows) % num_classes
    found = np.abs(random.normal(size=(num_classes, width))[labels]
                   + random.normal(size=(num_rows, width)))  # fmt: skip
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32), labels


def logits(x: NDArray[Any], weights: LogisticWeights) -> NDArray[np.float64]:
    found = x @ weights.weight.T + weights.bias
    return np.asarray(found - found.mean(axis=1, keepdims=True))


def close(one: LogisticWeights, other: LogisticWeights) -> bool:
    largest = np.abs(other.weight).max()
    return bool(np.abs(one.weight - other.weight).max() < 1e-3 * largest)


@pytest.mark.parametrize("is_multi_label", [False, True])
def test_the_gradient_is_that_of_the_loss(is_multi_label: bool) -> None:
    x, y = rows(20, 6)
    targets = np.stack([y == 0, y > 0, y < 2], axis=1).astype(np.int64) if is_multi_label else y
    problem = LogisticProblem(x, targets, 3, weights=np.linspace(0.5, 2, targets.size).reshape(
        targets.shape))  # fmt: skip
    trains = torch.from_numpy(np.arange(20) % 2 != np.arange(2)[:, None])
    counts = trains.sum(dim=1).double()
    random = np.random.default_rng(0)
    point = torch.from_numpy(random.normal(size=(6, len(problem.variances) + 1)))
    along = torch.from_numpy(random.normal(size=point.shape))
    step = 1e-3
    up, down = (problem.objective(point + sign * step * along, trains, counts, 3.0)[0]
                for sign in (1, -1))  # fmt: skip
    gradient = problem.objective(point, trains, counts, 3.0)[1]
    expected = float((gradient * along).sum())
    assert float(up - down) / (2 * step) == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("num_threads", [2])
@pytest.mark.parametrize("width", [12, 200])
def test_the_same_bits_with_any_number_of_threads(num_threads: int, width: int) -> None:
    x, y = rows(width=width)
    folds = np.arange(60) // 3 % 5
    found = []
    for threads in (1, num_threads):
        with limited_threads(threads):
            problem = LogisticProblem(x, y, 3)
            path = problem.path(folds)
            solved = problem.fit(path.penalties[path.best], path.near)
            found.append((path.losses, path.logits, solved.weight, solved.bias))
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("seed", range(5))
def test_the_row_order_does_not_count(seed: int) -> None:
    x, y = rows()
    order = np.random.default_rng(seed).permutation(60)
    assert close(
        LogisticProblem(x[order], y[order], 3).fit(10.0), LogisticProblem(x, y, 3).fit(10.0)
    )


def test_a_better_start_ends_at_the_same_place() -> None:
    x, y = rows()
    problem = LogisticProblem(x, y, 3)
    path = problem.path(np.arange(60) // 3 % 5)
    best = path.penalties[path.best]
    assert close(problem.fit(best, path.near), problem.fit(best))


def test_a_class_without_rows_is_never_likely() -> None:
    x, y = rows()
    found = LogisticProblem(x, y, 5).fit(10.0)
    powers = np.exp(logits(x, found))
    assert (powers[:, 3:] / powers.sum(axis=1, keepdims=True)).max() < 1e-3
    assert np.abs(found.weight[3:]).max() < 0.1 * np.abs(found.weight).max()


def test_one_row_of_each_class() -> None:
    x, y = rows(3)
    found = LogisticProblem(x, y, 3).fit(1000.0)
    assert logits(x, found).argmax(axis=1).tolist() == [0, 1, 2]


def test_columns_twice_share_the_weight() -> None:
    """Two columns of half the square each are one."""
    x, y = rows()
    found = LogisticProblem(np.concatenate([x, x], axis=1) / np.sqrt(2), y, 3).fit(10.0)
    one = LogisticProblem(x, y, 3).fit(10.0)
    assert np.allclose(found.weight[:, :12], found.weight[:, 12:], atol=1e-3)
    assert close(LogisticWeights(found.weight[:, :12] * np.sqrt(2), found.bias), one)


@pytest.mark.parametrize("is_multi_label", [False, True])
def test_rows_of_zeros_leave_the_bias_only(is_multi_label: bool) -> None:
    y = np.array([0, 0, 0, 1])
    targets = np.eye(2, dtype=np.int64)[y] if is_multi_label else y
    found = LogisticProblem(np.zeros((4, 7), np.float32), targets, 2).fit(10.0)
    assert not found.weight.any()
    expected = [np.log(3), -np.log(3)] if is_multi_label else [np.log(3) / 2, -np.log(3) / 2]
    assert found.bias == pytest.approx(np.array(expected), abs=1e-3)


def test_rows_as_they_are_stored() -> None:
    x, y = rows()
    half = x.astype(np.float16)
    found = LogisticProblem(half, y, 3).fit(10.0)
    assert close(found, LogisticProblem(half.astype(np.float32), y, 3).fit(10.0))
    assert np.abs(logits(x, found) - logits(x, LogisticProblem(x, y, 3).fit(10.0))).max() < 0.05


def test_small_blocks_are_one_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = rows()
    whole = LogisticProblem(x, y, 3).fit(10.0)
    monkeypatch.setattr(logistic, "BLOCK_NUMBERS", 21)  # seven rows
    assert close(LogisticProblem(x, y, 3).fit(10.0), whole)


def test_large_rows_are_multiplied_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = rows()
    exact = LogisticProblem(x, y, 3).fit(10.0)
    monkeypatch.setattr(logistic, "EXACT_NUMBERS", 0)
    assert close(LogisticProblem(x, y, 3).fit(10.0), exact)


def test_the_path_says_which_penalty_is_best_out_of_fold() -> None:
    x, y = rows(90)
    folds = np.arange(90) // 3 % 5
    path = LogisticProblem(x, y, 3).path(folds)
    assert path.num_judged == 90
    assert path.losses[path.best] == min(path.losses)
    each = [LogisticProblem(x, y, 3).path(folds, (penalty,)) for penalty in path.penalties]
    assert [one.losses[0] for one in each] == pytest.approx(path.losses, rel=2e-3)
    assert path.logits == pytest.approx(each[path.best].logits, abs=0.05)


def test_the_path_ends_once_the_loss_only_rises() -> None:
    x, _ = rows(90)
    noise = np.random.default_rng(0).integers(0, 3, 90)
    path = LogisticProblem(x, noise, 3).path(np.arange(90) % 5)
    assert path.best == 0  # nothing can be learned
    assert len(path.penalties) == 1 + logistic.NUM_RISES


def test_a_row_judges_what_knows_its_class() -> None:
    x, y = rows(30)
    y[7] = 3
    folds = np.where(np.arange(30) < 24, np.arange(30) % 4, -1)
    path = LogisticProblem(x, y, 4).path(folds)
    passed = np.isnan(path.logits).all(axis=1)
    assert np.flatnonzero(passed).tolist() == [7, *range(24, 30)]
    assert path.num_judged == 23


def test_a_fold_does_not_see_its_own_labels() -> None:
    x, y = rows(60)
    folds = np.arange(60) % 5
    other = y.copy()
    other[folds == 2] = (other[folds == 2] + 1) % 3
    one, two = (LogisticProblem(x, each, 3).path(folds, (10.0,)).logits for each in (y, other))
    assert np.abs(one - two)[folds == 2].max() < 1e-2
    assert np.abs(one - two)[folds != 2].max() > 1e-1


def test_nothing_to_judge() -> None:
    x, y = rows(30)
    path = LogisticProblem(x, y, 3).path(np.full(30, -1))
    assert path.num_judged == 0
    assert np.isnan(path.losses).all()
    assert np.isnan(path.logits).all()
