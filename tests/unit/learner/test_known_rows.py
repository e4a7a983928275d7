""" "Unknown" by the features of the training images: as predicted, saved, thawed, averaged."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.learner.conftest import small_network, squares

from warmstart import ConvLearner, Predictions, SettingError, load_predictor
from warmstart.images.augment import Augmentation
from warmstart.inference.known_file import KNOWN
from warmstart.metrics.known_features import MOST_BYTES, fit_known_features

Make = Callable[..., ConvLearner]
NOISE = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)
FLAT = np.repeat(np.arange(0, 240, 6, dtype=np.uint8), 32 * 32 * 3).reshape(40, 32, 32, 3)

pytestmark = pytest.mark.usefixtures("one_thread")


def taught(learn: ConvLearner) -> ConvLearner:
    """A head, and when to say "unknown"."""
    learn.fit_head("logistic")
    learn.set_unknown(FLAT, false_accept=0.2)
    return learn


def known(rows: Predictions) -> NDArray[np.float64]:
    """The scores, which are there."""
    assert rows.known_scores is not None
    return rows.known_scores


def test_the_score_is_that_of_features_and_logits(make: Make) -> None:
    learn = taught(make(precompute=True))
    (rows, labels), (valid, _) = learn.activations_of("train"), learn.activations_of("valid")
    weight, bias = (each.detach().numpy() for each in learn.model.head.parameters())
    units = [x[:, 10:] / np.linalg.norm(x[:, 10:], axis=1, keepdims=True) for x in (rows, valid)]
    logits = [(unit * 10**0.5 @ weight.T + bias).max(axis=1) for unit in units]
    own = fit_known_features(rows, labels, logits[0], ((10, 20),))
    found = known(learn.predict("valid"))
    assert np.allclose(found, own.score(valid, logits[1]), atol=1e-3)
    assert learn.predict("train").known_scores is not None


def test_as_many_are_accepted_as_was_asked(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit_head("logistic")
    found = learn.set_unknown(FLAT, false_accept=0.2)
    assert (found.num_others, learn.card.answering.unknown_by) == (40, "features")
    accepted = ~learn.predict(FLAT).is_unknown
    assert 1 <= accepted.sum() <= 8
    scores = known(learn.predict(FLAT))
    assert np.array_equal(accepted, scores >= found.value)


@pytest.mark.parametrize("precompute", [True, False, 2])
def test_it_depends_on_the_plain_view_alone(make: Make, precompute: bool | int) -> None:
    """Whatever is stored, and with TTA too; law 10."""
    views = Augmentation("test", 20, 0.1, flip="side_on")
    learn = taught(make(aug_tfms=views, precompute=precompute))
    plain = learn.predict("valid")
    images = learn.predictor().predict(squares(12, 2)[0])
    assert np.array_equal(known(images), known(plain))
    for found in (learn.TTA(2), learn.TTA(1, plain_weight=0.0)):
        assert np.array_equal(known(found), known(plain))
        assert np.array_equal(found.is_unknown, plain.is_unknown)
    assert np.array_equal(known(learn.predictor().TTA(NOISE, 2)), known(learn.predict(NOISE)))


def test_saved_and_loaded_scores_have_the_same_bits(make: Make, tmp_path: Path) -> None:
    """Law 11; and the file is small, and goes when it is not needed."""
    learn = taught(make(precompute=True))
    folder = learn.save(tmp_path / "model")
    loaded = load_predictor(folder, device="cpu", arch=small_network)
    one, other = learn.predict(NOISE), loaded.predict(NOISE)
    assert np.array_equal(known(one), known(other))
    assert one.answers == other.answers
    assert loaded.card.answering == learn.card.answering
    assert (folder / KNOWN).stat().st_size < MOST_BYTES
    learn.fit_head("logistic")  # forgets it
    assert learn.predict().known_scores is None
    assert not (learn.save(folder) / KNOWN).exists()
    card = json.loads((folder / "model.json").read_text())
    assert "known_features" not in card
    assert "unknown_by" not in card["answering"]  # as older versions know it


def test_a_new_temperature_does_not_change_it(make: Make) -> None:
    learn = taught(make(precompute=True))
    before, rows = learn.predict(NOISE), learn.cross_validate()
    labels = rows.predicted.copy()
    labels[::6] = (labels[::6] + 1) % 3
    assert learn.calibrate(replace(rows, labels=labels)).value != 1
    after = learn.predict(NOISE)
    assert not np.array_equal(after.probabilities, before.probabilities)
    assert np.array_equal(known(after), known(before))
    assert np.array_equal(after.is_unknown, before.is_unknown)
    how = learn.card.answering.how
    assert [line.split()[0] for line in how] == ["unknown", "temperature"]


def test_a_thawed_backbone_has_features_of_its_own(make: Make, tmp_path: Path) -> None:
    learn = taught(make(precompute=True))
    before = known(learn.predict(NOISE))
    learn.unfreeze()
    learn.fit(0.05, 1)
    assert learn.predict(NOISE).known_scores is None
    learn.set_unknown(FLAT, false_accept=0.2)
    found = learn.predict(NOISE)
    assert not np.array_equal(known(found), before)
    loaded = load_predictor(learn.save(tmp_path / "model"), device="cpu", arch=small_network)
    assert np.array_equal(known(loaded.predict(NOISE)), known(found))


def test_rows_that_were_held_back_are_not_among_the_known(make: Make) -> None:
    learn = make(precompute=True)
    learn.hold_back(0.2)
    taught(learn)
    assert learn.state.known is not None
    num_train = len(learn.data.table.rows("train")) - len(learn.predict("held_back").rows)
    assert len(learn.state.known.rows) == num_train


def test_what_cannot_be_decided_is_refused(make: Make) -> None:
    learn = taught(make(precompute=True))
    rows = learn.predict("valid")
    with pytest.raises(SettingError, match="these predictions have no scores"):
        _ = replace(rows, known_scores=None).is_unknown
    before = learn.card.answering
    with pytest.raises(SettingError, match="too few"):
        learn.set_unknown(NOISE[:10], false_accept=0.05)
    assert learn.card.answering == before
    assert np.array_equal(known(learn.predict("valid")), known(rows))
