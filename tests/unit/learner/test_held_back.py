"""Law 15: rows that choose an epoch do not train, and do not judge."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.unit.learner.conftest import squares

from warmstart import ConvLearner, ImageClassifierData, SettingError

Make = Callable[..., ConvLearner]


def head_of(learn: ConvLearner) -> list[torch.Tensor]:
    return [tensor.clone() for tensor in learn.model.head.state_dict().values()]


def test_the_best_epoch_is_chosen_on_rows_that_do_not_train(make: Make) -> None:
    learn = make(precompute=True)
    history = learn.fit(0.05, 2, keeps_best=True)
    assert all("choice_loss" in record.metrics for record in history.records)
    assert all("valid_best" not in record.metrics for record in history.records)
    train, held = learn.state.holdout.split(learn.data.table)
    assert (len(train), len(held)) == (24, 6)
    assert not set(train) & set(held)
    assert len(learn.predict("held_back").rows) == 6
    assert learn.predict("valid").chosen_on_these == ()


def test_who_insists_on_valid_is_told_that_its_scores_are_flattered(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit(0.05, 2, keeps_best=True, choose_on="valid")
    assert learn.state.holdout.share == 0
    predictions = learn.predict("valid")
    assert predictions.chosen_on_these == ("the best epoch",)
    assert predictions.scores().chosen_on_these == ("the best epoch",)
    assert learn.predict("train").chosen_on_these == ("the model itself",)


def test_pixels_of_rows_held_back_train_nothing(make: Make) -> None:
    """Names and labels say who is held back, so other pixels leave that as it was."""
    ends = []
    for is_noise in (False, True):
        learn = make(precompute=True)
        learn.hold_back()
        held = learn.state.holdout.split(learn.data.table)[1]
        x, y = squares(30, 1)
        if is_noise:
            x[held] = np.random.default_rng(9).integers(0, 256, x[held].shape)
        train = (x, y)
        learn.set_data(ImageClassifierData.from_arrays(train, squares(12, 2), learn.data.tfms, 8))
        assert np.array_equal(learn.state.holdout.split(learn.data.table)[1], held)
        learn.fit(0.05, 2)
        ends.append(head_of(learn))
    assert all(torch.equal(one, other) for one, other in zip(*ends, strict=True))


def test_a_store_changes_nothing_of_what_is_chosen(make: Make) -> None:
    losses = []
    for precompute in (True, 3, False):
        learn = make(precompute=precompute)
        history = learn.fit(0.05, 2, keeps_best=True)
        losses.append([record.metrics["choice_loss"] for record in history.records])
    assert losses[0] == losses[1] == losses[2]


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_that_leaves_nothing_is_refused(make: Make, share: float) -> None:
    with pytest.raises(SettingError, match="share="):
        make().hold_back(share)


def test_an_unknown_chooser_is_refused(make: Make) -> None:
    with pytest.raises(SettingError, match="choose_on='test'"):
        make().fit(0.05, 1, keeps_best=True, choose_on="test")
