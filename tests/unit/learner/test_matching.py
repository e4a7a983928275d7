"""Data, heads and predictions that do not belong to a learner are refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from tests.unit.learner.conftest import SIZE, SmallNetwork, small_network, squares
from torch import nn

from warmstart import ConvLearner, ImageClassifierData, load_predictor, tfms_from_model
from warmstart.errors import DataError, SettingError
from warmstart.images.augment import transforms_basic

Make = Callable[..., ConvLearner]
HALF = (0.5, 0.5, 0.5)
TINY = "test_efficientnet"  # with ImageNet's mean and std


def data_for(arch: Any, size: int = SIZE, **more: Any) -> ImageClassifierData:
    tfms = tfms_from_model(arch, size, **more)
    return ImageClassifierData.from_arrays(squares(12, 1), squares(6, 2), tfms, 4)


def learner(arch: Any, data: ImageClassifierData, tmp_path: Path) -> ConvLearner:
    return ConvLearner.pretrained(
        arch, data, pretrained=False, device="cpu", cache_dir=tmp_path, quiet=True
    )


def test_transforms_of_another_backbone_are_refused_and_the_fix_works(tmp_path: Path) -> None:
    foreign = data_for("tf_efficientnet_lite0")
    with pytest.raises(SettingError, match="transforms for tf_efficientnet_lite0") as error:
        learner(TINY, foreign, tmp_path)
    assert "mean" in error.value.what
    call = error.value.fix.removeprefix("make the data with ").removesuffix(".")
    tfms = eval(call, {"tfms_from_model": tfms_from_model})
    assert learner(TINY, replace(foreign, tfms=tfms), tmp_path).card.arch == TINY


def test_the_fix_names_a_factory_of_torchvision_as_it_is_typed(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as error:
        learner(torchvision.models.resnet18, data_for("tf_efficientnet_lite0"), tmp_path)
    assert error.value.fix == (
        f"make the data with tfms_from_model(torchvision.models.resnet18, {SIZE})."
    )


def test_mean_and_std_chosen_by_hand_are_right_for_their_backbone(tmp_path: Path) -> None:
    learn = learner(TINY, data_for(TINY, mean=HALF, std=HALF), tmp_path)
    assert learn.card.mean == HALF


def test_a_model_is_named_after_its_own_backbone(tmp_path: Path) -> None:
    """Where pixels are the same, data made for another backbone will do."""

    def another() -> nn.Module:
        return SmallNetwork()

    learn = learner(another, data_for(small_network, mean=HALF, std=HALF), tmp_path)
    assert learn.card.arch == "another"
    learn.save(tmp_path / "model")
    loaded = load_predictor(tmp_path / "model", arch=another, device="cpu")
    assert loaded.classes == learn.data.classes


def test_set_data_takes_other_sizes_views_and_rows_only(make: Make) -> None:
    learn = make()
    learn.set_data(data_for(small_network, 48, mean=HALF, std=HALF, aug_tfms=transforms_basic))
    assert learn.card.recipe["size"] == 48
    before = learn.data
    third = (0.3, 0.3, 0.3)
    for foreign, what in (
        (data_for("tf_efficientnet_lite0", 32, mean=third, std=HALF), "mean"),
        (data_for(small_network, mean=HALF, std=third), "std"),
        (data_for(TINY), TINY),
    ):
        with pytest.raises(SettingError, match=what):
            learn.set_data(foreign)
    assert learn.data is before


def test_set_data_takes_the_same_kind_of_labels_and_classes_only(make: Make) -> None:
    learn = make()
    x, y = squares(12, 3)
    many = np.eye(3, dtype=np.int64)[y]
    for labels, what in ((many, "any number of classes"), (y % 2, "classes 0, 1")):
        pair = (x, labels)
        other = ImageClassifierData.from_arrays(pair, pair, learn.data.tfms, 4, quiet=True)
        with pytest.raises(DataError, match=what):
            learn.set_data(other)


def test_predictions_of_another_model_calibrate_nothing(make: Make) -> None:
    learn = make()
    rows = replace(learn.predict(), classes=("a", "b", "c"))
    for method in (learn.calibrate, learn.fit_thresholds):
        with pytest.raises(SettingError, match="classes"):
            method(rows)


@pytest.mark.parametrize("head", [nn.Linear(7, 3), nn.Linear(20, 4), nn.Identity(), nn.LSTM(20, 3)])
def test_a_head_of_another_shape_is_refused(make: Make, head: nn.Module) -> None:
    with pytest.raises(SettingError, match="the head makes"):
        make(custom_head=head)
    with pytest.raises(SettingError, match="the head makes"):
        make().put_head(head, None)


def test_weights_of_another_structure_are_refused(make: Make) -> None:
    learn, other = make(), make(xtra_fc=(8,))
    for tensors in (other.model.state_dict(), {}, {"x": torch.zeros(3)}):
        with pytest.raises(SettingError, match="of the weights do not fit"):
            learn.put_weights(tensors)


def test_nothing_held_back_is_no_empty_answer(make: Make) -> None:
    learn = make()
    for ask in (learn.predict, learn.predict_snapshots, lambda what: learn.TTA(0, what)):
        for split in ("held_back", "test"):
            with pytest.raises(SettingError, match=f"no {split} row|no snapshots"):
                ask(split)
    with pytest.raises(SettingError, match="no held_back row") as error:
        learn.predict("held_back")
    assert error.value.fix == "learn.hold_back(0.2), before learn.fit"
    learn.hold_back(0.2)
    assert learn.predict("held_back").probabilities.shape == (6, 3)
    with pytest.raises(SettingError, match="no held_back row"):
        learn.report(what="held_back")


def test_a_group_is_named_by_any_integer(make: Make) -> None:
    learn = make()
    meant: list[Any] = [np.int64(-2), np.array(-2), "-2", -2]
    for where in meant:
        learn.freeze()
        learn.freeze_to(where)
        assert learn.state.layers.cut == 2
    strange: list[Any] = [True, -2.5, np.array([1, 2]), None, "stage9", 10**400]
    for where in strange:
        with pytest.raises(SettingError, match="no layer group or stage"):
            learn.state.layers.cut_before(where)
