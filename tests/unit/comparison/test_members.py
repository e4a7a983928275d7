"""Members are added as long as the loss of their mean falls; nobody judges what it chose."""

import numpy as np
from numpy.typing import NDArray

from warmstart.comparison.members import (
    FEWEST_ROWS,
    choose_members,
    chosen_inside_folds,
    loss_of_members,
)


def some_logits(
    labels: NDArray[np.int64], noise: float, seed: int, classes: int = 3
) -> NDArray[np.float64]:
    """Logits that know the labels, but for noise of their own."""
    random = np.random.default_rng(seed)
    return 2 * np.eye(classes)[labels] + random.normal(0, noise, (len(labels), classes))


LABELS = np.random.default_rng(0).integers(0, 3, 300)


def test_models_with_errors_of_their_own_answer_together() -> None:
    logits = [some_logits(LABELS, 1.5, seed) for seed in range(3)]
    found = choose_members(logits, LABELS)
    assert sorted(number for number, _ in found) == [0, 1, 2]
    losses = [loss for _, loss in found]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == min(loss_of_members(logits, [number], LABELS) for number in range(3))


def test_a_model_that_knows_nothing_is_no_member() -> None:
    logits = [np.random.default_rng(9).normal(0, 5, (300, 3)), some_logits(LABELS, 0.5, 1)]
    assert [number for number, _ in choose_members(logits, LABELS)] == [1]


def test_the_same_model_twice_gains_nothing() -> None:
    one = some_logits(LABELS, 1.0, 1)
    assert len(choose_members([one, one.copy()], LABELS)) == 1


def test_of_few_rows_all_are_members_the_best_first() -> None:
    few = LABELS[: FEWEST_ROWS - 1]
    bad = np.random.default_rng(9).normal(0, 5, (len(few), 3))
    found = choose_members([bad, some_logits(few, 0.5, 1)], few)
    assert [number for number, _ in found] == [1, 0]


def test_many_labels() -> None:
    labels = np.random.default_rng(0).integers(0, 2, (200, 4))
    logits = [4.0 * labels - 2 + np.random.default_rng(s).normal(0, 3, (200, 4)) for s in (1, 2)]
    assert len(choose_members(logits, labels)) == 2


def test_each_fold_is_answered_by_those_that_the_others_chose() -> None:
    folds = np.arange(300) % 3
    good, bad = some_logits(LABELS, 0.5, 1), some_logits(LABELS, 0.5, 2)
    bad[folds == 0] = np.random.default_rng(3).normal(0, 9, (100, 3))  # wrong in one fold only
    found = chosen_inside_folds([good, bad], LABELS, folds)
    assert np.allclose(found[folds == 0], (good + bad)[folds == 0] / 2)  # the others like it
    assert np.allclose(found[folds == 1], good[folds == 1])
    assert np.allclose(found[folds == 2], good[folds == 2])
