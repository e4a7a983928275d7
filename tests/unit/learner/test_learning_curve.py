"""``learn.learning_curve()``: from the training rows alone, without a trace, or refused."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from warmstart import ConvLearner, SettingError
from warmstart.learner import learning_curve as module
from warmstart.training import nested_subsets

Make = Callable[..., ConvLearner]
pytestmark = pytest.mark.usefixtures("one_thread")


def with_table(learn: ConvLearner, **changes: object) -> None:
    learn.set_data(replace(learn.data, table=replace(learn.data.table, **changes)))  # type: ignore[arg-type]


def test_it_is_of_all_training_rows_and_reaches_to_twice_as_many(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit_head()
    curve = learn.learning_curve()
    assert (curve.num_rows, curve.twice.num_rows, curve.line[-1].num_rows) == (30, 60, 60)
    assert [point.num_rows for point in curve.points][-1] == 24
    assert all(point.is_measured for point in curve.points)
    assert curve.now in curve.line
    assert curve.now.accuracy <= curve.twice.accuracy
    assert curve.num_heads == 10
    assert sum(curve.errors) == pytest.approx(30 * (1 - curve.points[-1].accuracy), abs=1)


def test_it_leaves_the_learner_as_it_was_and_says_the_same_again(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit_head()
    before = {name: tensor.clone() for name, tensor in learn.model.state_dict().items()}
    history, state = len(learn.history.head_fits), torch.get_rng_state()
    first, again = learn.learning_curve(), learn.learning_curve()
    assert first == again
    assert len(learn.history.head_fits) == history
    assert torch.equal(torch.get_rng_state(), state)
    for name, tensor in learn.model.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_validation_rows_have_no_part_in_it(make: Make) -> None:
    """Law 15: they are not asked, so other labels of theirs change nothing."""
    learn = make(precompute=True)
    learn.fit_head()
    first = learn.learning_curve()
    labels = learn.data.table.labels.copy()
    valid = learn.data.table.rows("valid")
    labels[valid] = (labels[valid] + 1) % 3
    with_table(learn, labels=labels)
    assert learn.learning_curve() == first


def test_without_a_logistic_head_its_penalty_is_chosen_as_that_would(make: Make) -> None:
    learn, fitted = make(precompute=True), make(precompute=True)
    fitted.fit_head()
    assert learn.learning_curve() == fitted.learning_curve()


def test_few_rows_cannot_tell(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    learn = make(precompute=True)
    monkeypatch.setattr(module, "FEWEST_UNITS", 31)
    with pytest.raises(SettingError, match="30 training images say too little"):
        learn.learning_curve()


def test_rows_of_one_group_count_as_one(make: Make) -> None:
    learn = make(precompute=True)
    table = learn.data.table
    with_table(learn, groups=tuple(str(row // 3) for row in range(len(table.names))))
    with pytest.raises(SettingError, match="10 training images say too little"):
        learn.learning_curve()


def test_one_size_is_no_curve(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    learn = make(precompute=True)
    monkeypatch.setattr(nested_subsets, "TENTHS", (8,))
    with pytest.raises(SettingError, match="a part of the images lacks them"):
        learn.learning_curve()


def test_many_labels_are_refused(make: Make) -> None:
    learn = make(precompute=True)
    labels = np.eye(3, dtype=np.int64)[learn.data.table.labels]
    learn.state.data = replace(learn.data, table=replace(learn.data.table, labels=labels))
    with pytest.raises(SettingError, match="may have many classes"):
        learn.learning_curve()


def test_very_many_rows_are_refused_before_anything_is_solved(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = make(precompute=True)
    learn.fit_head()
    monkeypatch.setattr(nested_subsets, "MOST_WORK", 1)
    monkeypatch.setattr(module, "subset_errors", None)
    with pytest.raises(SettingError, match="take long"):
        learn.learning_curve()


def test_an_unfrozen_backbone_is_refused(make: Make) -> None:
    learn = make()
    learn.unfreeze()
    with pytest.raises(SettingError, match="learning_curve trains heads only"):
        learn.learning_curve()
