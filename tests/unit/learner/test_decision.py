"""Temperature, thresholds and "unknown": fitted, applied, saved, forgotten when they are stale."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.learner.conftest import small_network, squares

from warmstart import (
    ConvLearner,
    ImageClassifierData,
    Predictions,
    SettingError,
    load_predictor,
    tfms_from_model,
)
from warmstart.images.augment import Augmentation
from warmstart.inference.model_folder import read_model
from warmstart.learner.decision import folds_of
from warmstart.metrics.temperature import best_temperature, logits_of, probabilities_of

Make = Callable[..., ConvLearner]
VIEWS = Augmentation("test", 20, 0.1, flip="side_on")


pytestmark = pytest.mark.usefixtures("one_thread")


def too_sure(learn: ConvLearner) -> Predictions:
    """What the learner says of its rows, a sixth of which are labelled otherwise."""
    rows = learn.predict("train")
    labels = rows.predicted.copy()
    labels[::6] = (labels[::6] + 1) % 3
    return replace(rows, labels=labels)


def test_a_temperature_changes_probabilities_and_no_answer(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit(0.05, 3)
    plain = learn.predict()
    found = learn.calibrate(too_sure(learn))
    assert found.value != 1
    hot = learn.predict()
    expected = probabilities_of(
        logits_of(plain.probabilities, is_multi_label=False) / found.value, is_multi_label=False
    )
    assert np.allclose(hot.probabilities, expected, atol=1e-12)
    assert (hot.predicted == plain.predicted).all()
    assert hot.answering.temperature == found.value
    assert found.loss_after < found.loss_before


def test_rows_that_were_softened_already_give_the_same_temperature(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit(0.05, 3)
    first = learn.calibrate(too_sure(learn))
    again = learn.calibrate(too_sure(learn))
    assert again.value == pytest.approx(first.value, rel=1e-4)
    assert learn.card.answering.temperature == again.value


def test_rows_that_cannot_tell_leave_it_at_1_and_say_so(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    learn = make()
    learn.quiet = False
    rows = learn.predict("valid")
    found = learn.calibrate(replace(rows, labels=rows.predicted))
    assert (found.value, learn.card.answering.temperature) == (1.0, 1.0)
    assert "temperature 1: all 12 rows are right" in capsys.readouterr().err


def test_tta_applies_it_to_each_view_and_then_averages(make: Make) -> None:
    """Law 10: without a further view it is ``predict``, to the bit."""
    learn = make(aug_tfms=VIEWS, precompute=True)
    learn.fit(0.05, 3)
    learn.calibrate(too_sure(learn))
    plain, two, alone = learn.predict(), learn.TTA(1), learn.TTA(1, plain_weight=0.0)
    assert np.array_equal(learn.TTA(0).probabilities, plain.probabilities)
    assert np.allclose(two.probabilities, (plain.probabilities + alone.probabilities) / 2)


def test_a_saved_model_answers_with_the_same_bits(make: Make, tmp_path: Path) -> None:
    """Law 11."""
    learn = make(precompute=True)
    learn.fit(0.05, 3)
    learn.calibrate(too_sure(learn))
    noise = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)
    learn.set_unknown(noise[:20], false_accept=0.2)
    learn.save(tmp_path / "model")
    loaded, pictures = load_predictor(tmp_path / "model", device="cpu", arch=small_network), noise
    one, other = learn.predict(pictures), loaded.predict(pictures)
    assert np.array_equal(one.probabilities, other.probabilities)
    assert one.answers == other.answers
    assert ("unknown",) in one.answers
    assert loaded.card.answering == learn.card.answering
    assert len(loaded.card.answering.how) == 2


def test_a_model_that_was_saved_before_there_were_answers_still_loads(
    make: Make, tmp_path: Path
) -> None:
    learn = make()
    folder = learn.save(tmp_path / "model")
    card = json.loads((folder / "model.json").read_text())
    assert card.pop("answering")["temperature"] == 1.0
    (folder / "model.json").write_text(json.dumps(card))
    assert read_model(folder).card.answering == learn.card.answering


def test_unknown_keeps_the_rate_on_the_pictures_that_chose(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit(0.05, 3)
    noise = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)
    found = learn.set_unknown(noise, false_accept=0.25)
    assert found.num_others == 40
    accepted = ~learn.predict(noise).is_unknown
    assert 1 <= accepted.sum() <= 10
    assert learn.predict("valid").answering.unknown_below == found.value
    assert learn.set_unknown(learn.predict(noise), false_accept=0.25) == found


@pytest.mark.parametrize("stale", ["fit", "set_data"])
def test_what_was_fitted_is_forgotten_when_the_model_changes(
    make: Make, stale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    learn = make(precompute=True)
    learn.fit(0.05, 3)
    learn.calibrate(too_sure(learn))
    learn.quiet = False
    if stale == "fit":
        learn.fit(0.01, 1)
    else:
        learn.set_data(learn.data)
    assert learn.card.answering.temperature == 1.0
    assert "forgotten is temperature" in capsys.readouterr().err


def test_a_new_temperature_forgets_what_was_chosen_at_the_old_one(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit(0.05, 3)
    grey = learn.predict(np.zeros((30, 32, 32, 3), np.uint8))
    learn.set_unknown(grey, false_accept=0.2)  # by probability: they were predicted before
    assert learn.card.answering.unknown_by == "probability"
    learn.calibrate(too_sure(learn))
    assert learn.card.answering.unknown_below is None


def many(make: Make, tmp_path: Path) -> ConvLearner:
    """A learner of images that may have many labels."""
    (x, y), (valid_x, valid_y) = squares(60, 1), squares(30, 2)
    labels, valid_labels = (
        np.stack([each == 0, each != 1, each > 0], 1).astype(np.int64) for each in (y, valid_y)
    )
    half = (0.5, 0.5, 0.5)
    tfms = tfms_from_model(small_network, 32, mean=half, std=half)
    data = ImageClassifierData.from_arrays((x, labels), (valid_x, valid_labels), tfms, 8)
    return ConvLearner.pretrained(
        small_network, data, True, pretrained=False, device="cpu",
        cache_dir=tmp_path / "cache", quiet=True,
    )  # fmt: skip


def test_thresholds_are_saved_and_call(make: Make, tmp_path: Path) -> None:
    learn = many(make, tmp_path)
    learn.fit(0.05, 3, balance="weights")
    rows = learn.predict("train")
    temperature = learn.calibrate(rows)
    found = learn.fit_thresholds(rows, beta=2.0)
    assert len(set(found.values.tolist())) > 1
    predictions = learn.predict()
    assert (predictions.predicted == (predictions.probabilities > found.values)).all()
    assert predictions.scores(num_resamples=0).per_class[1].threshold == found.values[1]
    hot = probabilities_of(
        logits_of(rows.probabilities, is_multi_label=True) / temperature.value, is_multi_label=True
    )
    labels = rows.labels == 1
    for k, name in enumerate(rows.classes):  # no threshold is off by the temperature
        assert ((hot[:, k] > found.values[k]) & labels[:, k]).any(), name
    learn.save(tmp_path / "model")
    loaded = load_predictor(tmp_path / "model", device="cpu", arch=small_network)
    pictures = squares(9, 5)[0]
    assert loaded.predict(pictures).answers == learn.predict(pictures).answers
    assert loaded.predict(pictures).is_multi_label


def test_what_has_no_meaning_is_refused(make: Make, tmp_path: Path) -> None:
    learn = make()
    with pytest.raises(SettingError, match="one label each"):
        learn.fit_thresholds(learn.predict())
    with pytest.raises(SettingError, match="none: to have none is an answer"):
        many(make, tmp_path).set_unknown(squares(30, 3)[0])
    rows = learn.predict()
    named = replace(rows, classes=("a", "b", "unknown"))
    with pytest.raises(SettingError, match='a class is called "unknown"'):
        learn.set_unknown(named)
    with pytest.raises(SettingError, match="too few"):
        learn.set_unknown(squares(12, 3)[0], false_accept=0.05)


def test_the_temperature_is_that_of_the_rows(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit(0.05, 2)
    rows = too_sure(learn)
    logits = logits_of(rows.probabilities, is_multi_label=False)
    assert learn.calibrate(rows).value == pytest.approx(best_temperature(logits, rows.labels)[0])


def test_without_rows_it_asks_for_out_of_fold_ones(make: Make) -> None:
    """Law 15: heads that have not seen a row predict it, and a body that has seen all cannot."""
    learn = make(precompute=True)
    learn.fit(0.05, 2)
    before = learn.predict().probabilities
    rows = learn.cross_validate()
    assert learn.calibrate() == learn.calibrate(rows)
    assert rows.answering.temperature == 1.0  # also of a learner that has one
    assert not np.array_equal(learn.predict().probabilities, before)
    learn.unfreeze()
    learn.fit(1e-3, 1)
    with pytest.raises(SettingError, match="the backbone has been trained"):
        learn.calibrate()


def test_folds_that_choose_are_not_those_that_judge(make: Make) -> None:
    """Out of fold those of the rows; otherwise drawn by name, whatever the rows' order."""
    learn = make(precompute=True)
    learn.fit(0.05, 3)
    rows = learn.cross_validate(3, 0.05)
    assert np.array_equal(folds_of(rows), rows.folds)
    assert len(np.unique(folds_of(replace(rows, folds=rows.folds * 0)))) == 5
    others = too_sure(learn)
    order = np.random.default_rng(0).permutation(len(others.rows))
    turned = Predictions(
        tuple(others.rows[row] for row in order),
        others.probabilities[order], others.labels[order], others.classes,
    )  # fmt: skip
    assert len(np.unique(folds_of(others))) == 5
    assert np.array_equal(folds_of(turned), folds_of(others)[order])
    assert learn.calibrate(turned) == learn.calibrate(others)
    two = Predictions(("a", "b"), others.probabilities[:2], others.labels[:2], others.classes)
    assert folds_of(two).tolist() == [0, 0]


def test_out_of_fold_heads_are_balanced_as_the_head_is(make: Make) -> None:
    learn = make(precompute=True)
    few = np.array([*range(0, 30, 3), *range(1, 24, 3), *range(2, 12, 3)])
    x, y = squares(30, 1)
    valid, tfms = squares(12, 2), learn.data.tfms
    learn.set_data(ImageClassifierData.from_arrays((x[few], y[few]), valid, tfms, 8))
    ways = [learn.cross_validate(3, 0.05, balance=way) for way in (None, "weights", "sampler")]
    assert not np.array_equal(ways[0].probabilities, ways[1].probabilities)
    rare = [float(rows.probabilities[rows.labels != 2, 2].mean()) for rows in ways]
    assert min(rare[1:]) > rare[0]
