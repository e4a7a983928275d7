from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from warmstart.metrics.temperature import cross_entropies
from warmstart.training import head_choice
from warmstart.training.head_choice import (
    DEFAULT_PENALTY,
    FOLDS_WORK,
    MANY_ROWS_PENALTY,
    ONE_FOLD_WORK,
    LogisticChoice,
    choose_logistic,
    num_useful_folds,
    side_by_side,
)
from warmstart.training.logistic import LogisticProblem
from warmstart.training.logistic_head import unit_parts

FIRST, SECOND = ((0, 10),), ((10, 20),)
EITHER = {"first": FIRST, "second": SECOND}


def rows(
    num_rows: int = 90, told_by: slice = slice(0, 10), scale: float = 2.0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Activations of which some columns tell the class."""
    random = np.random.default_rng(0)
    labels = np.arange(num_rows) % 3
    found = random.normal(size=(num_rows, 20))
    found[:, told_by] += random.normal(size=(3, 20))[labels][:, told_by] * scale
    return found.astype(np.float32), labels


def chosen(x: Any, y: Any, **changes: Any) -> LogisticChoice:
    folds = changes.pop("folds", np.arange(len(x)) // 3 % 5)
    return choose_logistic(x, y, 3, changes.pop("parts", EITHER), folds, **changes)


def test_the_penalty_is_the_best_out_of_fold_and_the_weights_are_of_all_rows() -> None:
    x, y = rows(scale=0.5)
    found = chosen(x, y, parts={"first": FIRST})
    problem = LogisticProblem(unit_parts(x, FIRST), y, 3)
    path = problem.path(np.arange(90) // 3 % 5)
    assert found.penalty == path.penalties[path.best]
    assert found.num_folds == 5
    assert found.weights is not None
    expected = problem.fit(found.penalty).weight
    assert np.abs(found.weights.weight - expected).max() < 1e-3 * np.abs(expected).max()
    (trial,) = found.trials
    assert (trial.head, trial.features, trial.num_judged) == ("logistic", "first", 90)
    assert trial.loss == pytest.approx(min(path.losses), rel=1e-6)
    assert trial.accuracy == (path.logits.argmax(axis=1) == y).mean()
    assert "chosen by 90 rows, each by a head that did not see it (5 folds)" in found.reason
    assert f"loss {trial.loss:.4f}" in found.reason


def test_problems_made_side_by_side_have_the_bits_of_each_alone() -> None:
    x, y = rows(num_rows=300)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        together = side_by_side(lambda p: LogisticProblem(unit_parts(x, p), y, 3), EITHER)
        assert torch.get_num_threads() == 3
        for name, part in EITHER.items():
            alone = LogisticProblem(unit_parts(x, part), y, 3)
            for found in ("mean", "rows", "basis", "variances"):
                assert torch.equal(getattr(together[name], found), getattr(alone, found))
    finally:
        torch.set_num_threads(before)


def test_a_loss_is_said_per_row_whatever_the_rows_weigh() -> None:
    """With four views of a picture each weighs a quarter; its loss is no quarter of a loss."""
    x, y = rows(scale=0.5)
    weighed = chosen(x, y, parts={"first": FIRST}, weights=np.full(len(y), 0.25))
    (trial,) = weighed.trials
    assert trial.loss == pytest.approx(cross_entropies(weighed.out_of_fold, y).mean())
    assert f"loss {trial.loss:.4f}" in weighed.reason


def test_another_part_must_be_clearly_better() -> None:
    assert chosen(*rows(told_by=slice(10, 20))).features == "second"
    assert chosen(*rows(told_by=slice(0, 10))).features == "first"
    alike = chosen(*rows(told_by=slice(0, 20)))
    assert alike.features == "first"
    assert [trial.features for trial in alike.trials] == ["first", "second"]


def test_labels_that_are_noise_want_a_stronger_penalty() -> None:
    x, y = rows(150)
    noisy = y.copy()
    noisy[::3] = np.random.default_rng(1).integers(0, 3, 50)
    assert chosen(x, noisy).penalty < chosen(x, y).penalty


def test_the_same_rows_give_the_same_bits() -> None:
    one, two = (chosen(*rows()) for _ in range(2))
    assert one.weights is not None
    assert two.weights is not None
    assert np.array_equal(one.weights.weight, two.weights.weight)
    assert np.array_equal(one.out_of_fold, two.out_of_fold)


@pytest.mark.parametrize("num_rows", [3, 6, 9])
def test_few_rows_choose_nothing_and_it_is_said(num_rows: int) -> None:
    x, y = rows(num_rows)
    found = chosen(x, y)
    assert (found.penalty, found.num_folds, found.trials) == (DEFAULT_PENALTY, 0, ())
    assert f"it rests on {num_rows} rows" in found.reason
    assert "too few to choose a penalty, and C is the default" in found.reason
    assert np.isnan(found.out_of_fold).all()
    assert found.weights is not None


def test_rows_without_folds() -> None:
    x, y = rows()
    found = chosen(x, y, folds=np.full(90, -1))
    assert "90 rows take too long to be solved more than once" in found.reason
    assert (found.num_folds, found.penalty) == (0, MANY_ROWS_PENALTY)
    assert found.weights is not None


def test_beyond_the_bound_nothing_is_solved_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = rows()
    monkeypatch.setattr(head_choice, "SOLVER_WORK", 90 * 10 * 3 - 1)
    found = chosen(x, y)
    assert found.weights is None
    assert "90 rows of 3 classes are trained on mini-batches" in found.reason
    monkeypatch.setattr(head_choice, "SOLVER_WORK", 90 * 10 * 3)
    assert chosen(x, y).weights is not None


def test_fewer_folds_where_a_solution_takes_long() -> None:
    assert num_useful_folds(1, FOLDS_WORK // 5) == 5
    assert num_useful_folds(1, FOLDS_WORK // 5 + 1) == 1
    assert num_useful_folds(1, ONE_FOLD_WORK) == 1
    assert num_useful_folds(1, ONE_FOLD_WORK + 1) == 0


def test_rows_with_many_labels() -> None:
    x, y = rows()
    many = np.stack([y == 0, y != 1, y > 0], axis=1).astype(np.int64)
    found = chosen(x, many)
    right = ((found.out_of_fold > 0) == (many == 1)).all(axis=1).mean()
    assert found.trials[0].accuracy == right > 0.8
    assert found.trials[0].loss == pytest.approx(
        np.logaddexp(0, np.where(many == 1, -1, 1) * found.out_of_fold).mean(), rel=1e-3
    )
