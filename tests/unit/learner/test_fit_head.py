"""The logistic head in a learner's hands: the laws, what it is chosen by, what it leaves alone."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.unit.learner.conftest import squares
from torch import Tensor

from warmstart import ConvLearner, ImageClassifierData, SettingError, WarmstartError
from warmstart.backbones.network import Normalise
from warmstart.errors import TrainingError
from warmstart.files.strict import parse_json
from warmstart.images.augment import Augmentation
from warmstart.inference.grad_cam import grad_cam
from warmstart.learner import cross_validation, head_fit, head_rows
from warmstart.results.head_fit import HeadFit
from warmstart.training import head_choice, logistic_head
from warmstart.training.head_choice import DEFAULT_PENALTY

Make = Callable[..., ConvLearner]
VIEWS = Augmentation("test", 20, 0.1, flip="side_on")


pytestmark = pytest.mark.usefixtures("one_thread")


def head_of(learn: ConvLearner) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in learn.model.head.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


def with_labels(learn: ConvLearner, labels: Any) -> None:
    """Give the training rows other labels."""
    table = learn.data.table
    new = table.labels.copy()
    new[table.rows("train")] = labels
    learn.set_data(replace(learn.data, table=replace(table, labels=new)))


def test_it_is_chosen_out_of_fold_and_says_so(make: Make) -> None:
    learn = make(precompute=True)
    record = learn.fit_head()
    assert learn.history.head_fits == [record]
    assert (record.head, record.num_rows, record.num_views, record.num_folds) == (
        "logistic", 30, 1, 5,
    )  # fmt: skip
    rows = learn.out_of_fold
    assert rows is not None
    assert len(rows.rows) == 30
    assert rows.penalties == (record.penalty,)
    assert rows.chosen_on_these == ("the penalty of the head",)
    assert rows.scores(num_resamples=0)["log_loss"].value == pytest.approx(
        min(trial.loss for trial in record.trials), rel=1e-3
    )
    assert record.valid_accuracy == learn.predict().accuracy
    assert parse_json(json.dumps(asdict(record)), HeadFit, "") == record


@pytest.mark.parametrize("precompute", [True, 2])
def test_stored_or_computed_it_is_the_same_head(make: Make, precompute: bool | int) -> None:
    """Law 2: the plain view from the store or computed; K views are K rows each."""
    one, two = make(precompute=precompute, aug_tfms=VIEWS), make(aug_tfms=VIEWS)
    two.model.backbone.load_state_dict(one.model.backbone.state_dict())
    first, second = one.fit_head(), two.fit_head()
    assert (first.num_views, second.num_views) == (int(precompute), 1)
    assert same(head_of(one), head_of(two)) == (precompute is True)
    again = make(precompute=precompute, aug_tfms=VIEWS)
    again.fit_head()
    assert same(head_of(one), head_of(again))


def test_views_of_a_picture_share_its_fold(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = head_rows.chosen_logistic

    def watched(rows: Any, *others: Any) -> Any:
        seen.append(rows)
        return real(rows, *others)

    monkeypatch.setattr(head_fit, "chosen_logistic", watched)
    make(precompute=3, aug_tfms=VIEWS).fit_head()
    (rows,) = seen
    assert len(rows.activations) == 90
    assert (rows.folds.reshape(3, 30) == rows.folds[:30]).all()
    assert rows.weights.sum() == pytest.approx(30)
    assert not np.array_equal(rows.activations[:30], rows.activations[30:60])


LOADS = """
import sys, numpy as np
from tests.unit.learner.conftest import small_network, squares
from warmstart import load_predictor
found = load_predictor(sys.argv[1], device="cpu", arch=small_network).predict(squares(9, 5)[0])
np.save(sys.argv[2], found.probabilities)
"""


def test_a_saved_model_answers_with_the_same_bits_elsewhere(make: Make, tmp_path: Path) -> None:
    """Law 11, in a new process."""
    learn = make(precompute=True)
    learn.fit_head()
    learn.save(tmp_path / "model")
    out = tmp_path / "found.npy"
    code = [sys.executable, "-c", LOADS, str(tmp_path / "model"), str(out)]
    subprocess.run(code, check=True, cwd=Path(__file__).parents[3])
    assert np.array_equal(np.load(out), learn.predict(squares(9, 5)[0]).probabilities)


def test_it_is_an_ordinary_head(make: Make) -> None:
    """Laws 3, 4 and 10."""
    learn = make(precompute=True, aug_tfms=VIEWS)
    learn.fit_head()
    assert np.array_equal(learn.TTA(0).probabilities, learn.predict().probabilities)
    before = {name: tensor.clone() for name, tensor in learn.model.state_dict().items()}
    learn.lr_find(num_steps=12)
    assert same(before, dict(learn.model.state_dict()))
    learn.unfreeze()
    learn.lr_find(num_steps=12)
    assert same(before, dict(learn.model.state_dict()))
    learn.fit(1e-3, 1)
    after = learn.model.state_dict()
    assert {name for name, _ in learn.model.named_parameters()
            if torch.equal(before[name], after[name])} == set()  # fmt: skip
    assert learn.out_of_fold is None


def test_grad_cam_sees_through_it(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit_head()
    pixels = squares(6, 5)[0][:, :32, :32]
    maps = grad_cam(learn.model, Normalise(learn.card.mean, learn.card.std), pixels, [0, 1, 2] * 2)
    assert maps.shape == (6, 4, 4)
    assert maps.max() == 1.0
    assert not np.array_equal(maps[0], maps[3])


@pytest.mark.parametrize("precompute", [True, False])
def test_images_with_many_labels(make: Make, precompute: bool) -> None:
    learn = make()
    (x, y), (valid_x, valid_y) = squares(30, 1), squares(12, 2)
    many, valid = (np.stack([each == 0, each != 1], axis=1).astype(np.int64)
                   for each in (y, valid_y))  # fmt: skip
    data = ImageClassifierData.from_arrays((x, many), (valid_x, valid), learn.data.tfms, 8)
    several = ConvLearner.pretrained(
        lambda: learn.model.backbone, data, precompute, pretrained=False, device="cpu",
        quiet=True, cache_dir=learn.state.parts.cache_dir,
    )  # fmt: skip
    record = several.fit_head(balance="weights")
    assert record.num_folds == 5
    assert several.out_of_fold is not None
    assert several.out_of_fold.is_multi_label
    found = several.predict("train")
    assert ((found.probabilities > 0.5) == (many == 1)).mean() > 0.7
    assert not np.allclose(found.probabilities.sum(axis=1), 1)
    assert several.cross_validate(3).probabilities.shape == (30, 2)


def test_balance_weighs_rare_classes(make: Make) -> None:
    learn = make(precompute=True)
    few = np.array([*range(0, 30, 3), *range(1, 30, 3), *range(2, 12, 3)])
    x, y = squares(30, 1)
    data = ImageClassifierData.from_arrays(
        (x[few], y[few]), squares(12, 2), learn.data.tfms, 8
    )  # fmt: skip
    learn.set_data(data)
    heads, rare = {}, {}
    for way in (None, "weights", "sampler"):
        learn.fit_head(balance=way)
        heads[way] = head_of(learn)
        rare[way] = learn.predict("valid").probabilities[:, 2].mean()
    assert same(heads["weights"], heads["sampler"])  # both are weights of rows
    assert not same(heads[None], heads["weights"])
    assert rare["weights"] > rare[None]


@pytest.mark.parametrize("per_class", [1, 2])
def test_one_or_two_images_of_a_class_give_an_answer_and_say_so(make: Make, per_class: int) -> None:
    learn = make(precompute=True)
    x, y = squares(3 * per_class, 1)
    learn.set_data(ImageClassifierData.from_arrays((x, y), squares(12, 2), learn.data.tfms, 8))
    record = learn.fit_head()
    assert (record.penalty, record.num_folds) == (DEFAULT_PENALTY, 0)
    assert f"it rests on {3 * per_class} rows" in record.reason
    assert learn.out_of_fold is None
    assert learn.predict("train").accuracy > 0.8


def test_groups_and_copies_are_never_parted(make: Make) -> None:
    learn = make(precompute=True)
    table = learn.data.table
    groups = tuple(f"patient {row // 3}" for row in range(len(table)))
    learn.set_data(replace(learn.data, table=replace(table, groups=groups)))
    learn.fit_head()
    assert learn.out_of_fold is not None
    folds = learn.out_of_fold.folds.reshape(10, 3)
    assert (folds == folds[:, :1]).all()
    x, y = squares(30, 1)
    x[:6] = x[6:12] = x[12:18]
    learn.set_data(ImageClassifierData.from_arrays((x, y), squares(12, 2), learn.data.tfms, 8))
    learn.fit_head()
    folds = learn.out_of_fold.folds
    assert folds[:6].tolist() == folds[6:12].tolist() == folds[12:18].tolist()


def test_rows_that_are_held_back_do_not_train(make: Make) -> None:
    learn = make(precompute=True)
    learn.hold_back(0.3)
    record = learn.fit_head()
    train, held = learn.state.holdout.split(learn.data.table)
    assert record.num_rows == len(train) < 30
    assert learn.out_of_fold is not None
    names = {learn.data.table.names[row] for row in held}
    assert not names & set(learn.out_of_fold.rows)
    assert len(learn.predict("held_back").rows) == len(held)


def test_a_checkpoint_is_read_and_not_solved_again(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make(precompute=True)
    record = one.fit_head(checkpoint=tmp_path / "points")
    monkeypatch.setattr(head_fit, "chosen_logistic", lambda *_: pytest.fail("solved again"))
    two = make(precompute=True)
    assert two.fit_head(checkpoint=tmp_path / "points") == record
    assert same(head_of(one), head_of(two))
    assert one.out_of_fold is not None
    assert two.out_of_fold is not None
    assert np.array_equal(one.out_of_fold.probabilities, two.out_of_fold.probabilities)
    assert np.array_equal(one.predict().probabilities, two.predict().probabilities)
    other = make(precompute=True)
    with_labels(other, np.roll(other.data.table.labels[:30], 1))
    with pytest.raises(TrainingError, match="belongs to another fit"):
        other.fit_head(checkpoint=tmp_path / "points")
    point = tmp_path / "points" / "fit-0.safetensors"
    content = bytearray(point.read_bytes())
    content[-1] ^= 1
    point.write_bytes(content)
    with pytest.raises(WarmstartError):
        make(precompute=True).fit_head(checkpoint=tmp_path / "points")


@pytest.mark.parametrize("mlp_wins", [True, False])
def test_with_rows_enough_the_better_head_stays(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlp_wins: bool
) -> None:
    monkeypatch.setattr(head_fit, "MLP_ROWS", 20)
    monkeypatch.setattr("warmstart.training.head_card.MLP_STEPS", 12)
    monkeypatch.setattr(head_fit, "fold_loss", lambda *_: 99.0 if mlp_wins else 0.0)
    learn = make(precompute=True)
    record = learn.fit_head(checkpoint=tmp_path / "points")
    assert record.head == ("mlp" if mlp_wins else "logistic")
    assert [trial.head for trial in record.trials][-1] == "mlp"
    assert "training rows that trained neither, the loss of the MLP is" in record.reason
    assert ("sizes" in (learn.card.head or {})) == mlp_wins
    assert (learn.out_of_fold is None) == mlp_wins
    assert bool(learn.history.records) == mlp_wins
    again = make(precompute=True)
    again.fit_head(checkpoint=tmp_path / "points")
    assert same(head_of(learn), head_of(again))
    alone = make(precompute=True)
    assert alone.fit_head("logistic").head == "logistic"


def test_what_is_too_large_is_trained_on_batches_and_it_is_said(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    solved = make(precompute=True)
    monkeypatch.setattr(head_choice, "num_useful_folds", lambda *_: 0)
    record = solved.fit_head()
    assert "30 rows take too long to be solved more than once" in record.reason
    monkeypatch.setattr(head_choice, "SOLVER_WORK", 0)
    monkeypatch.setattr(logistic_head, "FEWEST_STEPS", 200)
    learn = make(precompute=True)
    record = learn.fit_head()
    assert "30 rows of 3 classes are trained on mini-batches" in record.reason
    assert record.head == "logistic"
    difference = learn.predict().probabilities - solved.predict().probabilities
    assert 0 < np.abs(difference).mean() < 0.15


def test_cross_validation_of_it_is_nested(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither labels nor penalty of a fold come from what it judges (law 15)."""
    learn = make(precompute=True)
    learn.fit_head()
    head = head_of(learn)
    before = learn.cross_validate(3)
    assert len(before.penalties) == 3
    assert before.lr is None
    assert same(head, head_of(learn))
    folds = before.folds
    monkeypatch.setattr(cross_validation, "draw_folds", lambda *_, **__: folds)
    labels = learn.data.table.labels[:30].copy()
    changed = np.where(folds == 1, (labels + 1) % 3, labels)
    for way in (None, "weights"):
        with_labels(learn, labels)
        learn.fit_head("logistic")
        one = learn.cross_validate(3, balance=way)
        with_labels(learn, changed)
        learn.fit_head("logistic")
        two = learn.cross_validate(3, balance=way)
        assert np.array_equal(one.fold(1).probabilities, two.fold(1).probabilities)
        assert one.penalties[1] == two.penalties[1]
        assert not np.array_equal(one.fold(0).probabilities, two.fold(0).probabilities)
    with pytest.raises(SettingError, match="lrs cannot be set"):
        learn.cross_validate(3, 0.05)


def test_what_cannot_have_such_a_head(make: Make) -> None:
    learn = make()
    with pytest.raises(SettingError, match="head='linear'"):
        learn.fit_head("linear")
    learn.unfreeze()
    with pytest.raises(SettingError, match="fit_head trains heads only"):
        learn.fit_head()
    learn.fit(0.01, 1)
    learn.freeze()
    with pytest.raises(SettingError, match="the backbone has been trained"):
        learn.fit_head()


def test_it_calibrates_and_tells_unknown(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit_head()
    found = learn.calibrate(learn.out_of_fold)
    assert found.num_rows == 30
    assert learn.card.answering.temperature == found.value
    assert found == learn.calibrate(learn.out_of_fold)
