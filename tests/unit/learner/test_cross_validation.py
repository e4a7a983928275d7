"""Out-of-fold predictions: what they equal, what they leave alone, what they refuse."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tests.unit.learner.conftest import squares
from torch import nn

from warmstart import ConvLearner, ImageClassifierData, SettingError
from warmstart.images.augment import Augmentation
from warmstart.training.randomness import derive

Make = Callable[..., ConvLearner]
VIEWS = Augmentation("test", 20, 0.1, flip="side_on")


@pytest.mark.parametrize("precompute", [True, 2, False])
def test_a_fold_is_predicted_as_a_learner_without_it_would(
    make: Make, precompute: bool | int
) -> None:
    """To the bit: its rows validate, the head has the fold's seed, and ``fit`` does the rest."""
    learn = make(precompute=precompute, aug_tfms=VIEWS)
    found = learn.cross_validate(3, 0.05, 1, 3, wds=1e-3, label_smoothing=0.1)
    table = learn.data.table
    rows = table.rows("train")
    assert found.rows == tuple(table.names[row] for row in rows)
    assert found.labels.tolist() == table.labels[rows].tolist()
    for fold in range(3):
        splits = table.splits.copy()
        splits[table.rows("valid")] = "test"
        splits[rows[found.folds == fold]] = "valid"
        alone = make(precompute=precompute, aug_tfms=VIEWS, seed=derive(0, "fold", fold))
        alone.model.backbone.load_state_dict(learn.model.backbone.state_dict())
        alone.set_data(replace(learn.data, table=replace(table, splits=splits)))
        alone.fit(0.05, 1, 3, wds=1e-3, label_smoothing=0.1)
        assert np.array_equal(alone.predict("valid").probabilities, found.fold(fold).probabilities)


def test_the_learner_stays_as_it_was(make: Make) -> None:
    learn, other = make(aug_tfms=VIEWS, precompute=2), make(aug_tfms=VIEWS, precompute=2)
    for each in (learn, other):
        each.fit(0.05, 1)
    before = {name: tensor.clone() for name, tensor in learn.model.state_dict().items()}
    modes = [module.training for module in learn.model.modules()]
    for_numpy, for_torch = np.random.get_state()[1].tolist(), torch.get_rng_state()  # type: ignore[index]  # noqa: NPY002
    learn.cross_validate(2, cycle_len=2)
    assert np.random.get_state()[1].tolist() == for_numpy  # type: ignore[index]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), for_torch)
    assert all(torch.equal(tensor, before[name])
               for name, tensor in learn.model.state_dict().items())  # fmt: skip
    assert [module.training for module in learn.model.modules()] == modes
    assert [record.epoch for record in learn.history.records] == [0]
    for each in (learn, other):  # epochs are counted as if nothing had been
        each.fit(0.05, 1)
    assert learn.history.step_losses == other.history.step_losses


def test_the_seed_decides_all_of_it(make: Make) -> None:
    one, two = make(), make(seed=5)
    two.model.backbone.load_state_dict(one.model.backbone.state_dict())
    first = one.cross_validate(3, seed=1)
    assert np.array_equal(first.probabilities, two.cross_validate(3, seed=1).probabilities)
    another = one.cross_validate(3, seed=2)
    assert first.folds.tolist() != another.folds.tolist()
    assert not np.array_equal(first.probabilities, another.probabilities)


def test_a_rate_is_found_and_told(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    learn = make()
    learn.quiet = False
    found = learn.cross_validate(2)
    said = capsys.readouterr().err
    assert f"rate {found.lr:.2g}" in said
    assert f"accuracy {found.accuracy:.4f} (95 %" in said
    again = learn.cross_validate(2, found.lr)
    assert np.array_equal(found.probabilities, again.probabilities)
    assert found.fold_accuracies.mean() == pytest.approx(found.accuracy)


def test_copies_of_a_picture_are_in_one_fold(make: Make) -> None:
    learn = make()
    x, y = squares(30, 1)
    x[:6] = x[6:12] = x[12:18]  # ten of each class, six pictures thrice
    data = ImageClassifierData.from_arrays((x, y), squares(12, 2), learn.data.tfms, 8)
    learn.set_data(data)
    folds = learn.cross_validate(3, 0.05).folds
    assert folds[:6].tolist() == folds[6:12].tolist() == folds[12:18].tolist()


def test_groups_stay_together(make: Make) -> None:
    learn = make()
    table = learn.data.table
    groups = tuple(f"patient {row // 5}" for row in range(len(table)))
    learn.set_data(replace(learn.data, table=replace(table, groups=groups)))
    folds = learn.cross_validate(3, 0.05).folds
    assert (folds.reshape(6, 5) == folds.reshape(6, 5)[:, :1]).all()


def test_images_with_many_labels(make: Make) -> None:
    learn = make()
    x, y = squares(30, 1)
    many = np.eye(3, dtype=np.int64)[y]
    many[::5, 0] = 1
    data = ImageClassifierData.from_arrays((x, many), (x, many), learn.data.tfms, 8)
    several = ConvLearner.pretrained(
        lambda: learn.model.backbone, data, pretrained=False, device="cpu", quiet=True,
        cache_dir=learn.state.parts.cache_dir,
    )  # fmt: skip
    found = several.cross_validate(3, 0.05)
    assert found.probabilities.shape == (30, 3)
    assert found.labels.tolist() == many.tolist()
    assert not np.allclose(found.probabilities.sum(axis=1), 1)


def test_a_head_of_ones_own_begins_anew(make: Make) -> None:
    head = nn.Sequential(nn.BatchNorm1d(20), nn.Linear(20, 3))
    learn = make(custom_head=head)
    fresh = learn.cross_validate(2, 0.05)
    learn.fit(0.5, 3)
    assert np.array_equal(fresh.probabilities, learn.cross_validate(2, 0.05).probabilities)


class Scaled(nn.Module):
    """Has a parameter, and does not say how it begins."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.linear = nn.Linear(20, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.linear(x) * self.scale
        return out


def test_a_head_that_cannot_begin_anew(make: Make) -> None:
    with pytest.raises(SettingError, match=r"Scaled has scale and no reset_parameters"):
        make(custom_head=Scaled()).cross_validate(2, 0.05)


def test_a_body_that_has_seen_the_rows(make: Make) -> None:
    learn = make()
    learn.unfreeze()
    with pytest.raises(SettingError, match="the network is cut pixels"):
        learn.cross_validate(3)
    learn.fit(0.01, 1)
    learn.freeze()
    with pytest.raises(SettingError, match="has been trained on the training rows"):
        learn.cross_validate(3)


@pytest.mark.parametrize("options", [{"keeps_best": True}, {"patience": 1}])
def test_the_rows_of_a_fold_choose_nothing(make: Make, options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"cross_validate\(\) got an unexpected keyword"):
        make().cross_validate(3, 0.05, **options)


def test_a_class_of_one_row_is_told(make: Make) -> None:
    learn = make()
    table = learn.data.table
    labels = np.where(table.labels == 2, 0, table.labels)
    labels[3] = 2
    learn.set_data(replace(learn.data, table=replace(table, labels=labels)))
    with pytest.warns(UserWarning, match=r"all training rows of .* are in one fold"):
        learn.cross_validate(3, 0.05)
