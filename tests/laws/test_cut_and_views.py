"""Laws 2, 3, 4 and 10 for a learner: at every cut, with stored views and without."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.unit.learner.conftest import make as make
from tests.unit.learner.conftest import squares
from torch import Tensor

from warmstart import ConvLearner, ImageClassifierData
from warmstart.images.augment import Augmentation

Make = Callable[..., ConvLearner]
CUTS = [-1, "stage2", "stage1", 0]
VIEWS = Augmentation("test", 20, 0.1, flip="top_down", max_zoom=1.2)


def state(learn: ConvLearner) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in learn.model.state_dict().items()}


def same(one: dict[str, Tensor], two: dict[str, Tensor]) -> bool:
    return all(torch.equal(tensor, two[name]) for name, tensor in one.items())


@pytest.mark.parametrize("precision", ["f32", "auto"])
@pytest.mark.parametrize("where", CUTS)
def test_a_store_of_views_changes_no_bit(make: Make, where: int | str, precision: str) -> None:
    """For up to K epochs, training from K stored views is ordinary augmented training."""
    learners = [make(aug_tfms=VIEWS, precision=precision) for _ in range(2)]
    for learn, precompute in zip(learners, (False, 3), strict=True):
        learn.freeze_to(where)
        learn.precompute = precompute
        learn.fit(0.05, 1, cycle_len=1)
        learn.fit(0.02, 2)
    assert same(state(learners[0]), state(learners[1]))
    assert learners[0].history.step_losses == learners[1].history.step_losses
    before = state(learners[0])
    for learn in learners:  # the fourth epoch: a new view, or the first once more
        learn.fit(0.02, 1)
    assert not same(state(learners[0]), state(learners[1]))
    assert not same(before, state(learners[1]))


@pytest.mark.parametrize("where", CUTS)
def test_a_store_of_views_changes_no_bit_of_balanced_draws(make: Make, where: int | str) -> None:
    """Until a row has been drawn K times: the rare class's 4 rows, 4 or 5 times per epoch."""
    learners = [make(aug_tfms=VIEWS) for _ in range(2)]
    for learn, precompute in zip(learners, (False, 10), strict=True):
        few = np.array([*range(0, 30, 3), *range(1, 24, 3), *range(2, 12, 3)])
        x, y = squares(30, 1)
        valid, tfms = squares(12, 2), learn.data.tfms
        learn.set_data(ImageClassifierData.from_arrays((x[few], y[few]), valid, tfms, 8))
        learn.freeze_to(where)
        learn.precompute = precompute
        learn.fit(0.05, 2, balance="sampler")
    assert same(state(learners[0]), state(learners[1]))
    assert learners[0].history.step_losses == learners[1].history.step_losses


@pytest.mark.parametrize("where", CUTS)
def test_the_plain_view_stored_or_not(make: Make, where: int | str) -> None:
    one, two = make(), make()
    for learn, precompute in ((one, False), (two, True)):
        learn.freeze_to(where)
        learn.precompute = precompute
        learn.fit(0.05, 2)
    assert same(state(one), state(two))


def test_precompute_may_change_at_any_time(make: Make) -> None:
    one, two = make(aug_tfms=VIEWS), make(aug_tfms=VIEWS, precompute=2)
    one.fit(0.05, 1)
    two.fit(0.05, 1)
    two.precompute = False
    one.fit(0.05, 1)
    two.fit(0.05, 1)
    assert same(state(one), state(two))


@pytest.mark.parametrize("where", CUTS)
def test_frozen_is_frozen_and_the_rest_moves(make: Make, where: int | str) -> None:
    learn = make()
    learn.freeze_to(where)
    before = state(learn)
    learn.fit(0.05, 1)
    cut = learn.state.layers.cut
    stages = learn.state.layers.stages[: len(before) if cut is None else cut]
    frozen = {n for s in stages for n in s.parameters}
    for name, tensor in learn.model.named_parameters():
        is_frozen = name.removeprefix("backbone.") in frozen
        assert torch.equal(tensor, before[name]) == is_frozen, name
        assert tensor.requires_grad != is_frozen
    for name, buffer in learn.model.backbone.named_buffers():  # statistics stay, also where thawed
        assert torch.equal(buffer, before[f"backbone.{name}"]), name


def test_batch_statistics_are_opted_in_to(make: Make) -> None:
    learn = make()
    learn.freeze_to("stage2")
    before = state(learn)
    learn.fit(0.05, 1, bn="train")
    after = state(learn)
    moved = {
        name for name in before if "running" in name and not torch.equal(before[name], after[name])
    }
    assert {name for name in moved if name.startswith("backbone")} == {
        "backbone.stage2.1.running_mean",
        "backbone.stage2.1.running_var",
    }


@pytest.mark.parametrize("where", CUTS)
def test_lr_find_leaves_everything(make: Make, where: int | str) -> None:
    learn, other = make(aug_tfms=VIEWS), make(aug_tfms=VIEWS)
    for one in (learn, other):
        one.freeze_to(where)
    before, random_state = state(learn), torch.random.get_rng_state()
    curve = learn.lr_find(num_steps=9)
    assert len(curve.lrs) > 3
    assert same(before, state(learn))
    assert torch.equal(random_state, torch.random.get_rng_state())
    learn.fit(0.05, 1)
    other.fit(0.05, 1)
    assert same(state(learn), state(other))


@pytest.mark.parametrize("where", CUTS)
@pytest.mark.parametrize("precompute", [False, True])
def test_tta_without_views_is_predict(make: Make, where: int | str, precompute: bool) -> None:
    learn = make(aug_tfms=VIEWS, precompute=precompute)
    learn.freeze_to(where)
    learn.fit(0.05, 1)
    plain = learn.predict()
    assert np.array_equal(learn.TTA(0).probabilities, plain.probabilities)
    assert np.array_equal(learn.TTA(3, plain_weight=1.0).probabilities, plain.probabilities)
    assert plain.rows == learn.TTA(2).rows
    assert not np.array_equal(learn.TTA(2).probabilities, plain.probabilities)


def test_tta_from_the_store_and_without(make: Make) -> None:
    one, two = make(aug_tfms=VIEWS), make(aug_tfms=VIEWS, precompute=True)
    assert np.array_equal(one.TTA(2).probabilities, two.TTA(2).probabilities)
