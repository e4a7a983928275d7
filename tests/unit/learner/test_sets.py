"""What sets rest on: kept with a head, saved, forgotten when it is stale."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.learner.conftest import small_network, squares

from warmstart import ConvLearner, SettingError, load_predictor
from warmstart.cli.run.config import RunConfig
from warmstart.cli.run.fitting import find_answers
from warmstart.cli.run.settings import TrainSettings
from warmstart.inference.model_folder import read_model

Make = Callable[..., ConvLearner]

pytestmark = pytest.mark.usefixtures("one_thread")


def own_scores(learn: ConvLearner) -> list[float]:
    """1 - the probability of each out-of-fold row's label, ascending."""
    rows = learn.out_of_fold
    assert rows is not None
    return sorted((1 - rows.probabilities[np.arange(len(rows.rows)), rows.labels]).tolist())


def test_a_logistic_head_brings_its_out_of_fold_rows(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit_head()
    found = learn.card.answering.sets
    assert found is not None
    assert list(found.values) == own_scores(learn)
    assert found.num_rows == 30
    held = learn.predict().sets(0.9)
    answers = [answer for (answer,) in learn.predict().answers]
    assert [names[0] for names in held] == answers


def test_a_saved_model_gives_the_same_sets(make: Make, tmp_path: Path) -> None:
    """Law 11."""
    learn = make(precompute=True)
    learn.fit_head()
    learn.save(tmp_path / "model")
    loaded = load_predictor(tmp_path / "model", device="cpu", arch=small_network)
    assert loaded.card.answering == learn.card.answering
    pictures, _ = squares(12, 5)
    for confidence in (0.5, 0.8, 0.9):
        own = learn.predict(list(pictures)).sets(confidence)
        assert own == loaded.predict(list(pictures)).sets(confidence)
    assert len(loaded.TTA(list(pictures), 2).sets(0.9)) == 12


def test_a_card_from_before_there_were_sets_is_read(make: Make, tmp_path: Path) -> None:
    learn = make(precompute=True)
    learn.fit_head()
    folder = learn.save(tmp_path / "model")
    card = json.loads((folder / "model.json").read_text())
    assert card["answering"].pop("sets")["num_rows"] == 30
    (folder / "model.json").write_text(json.dumps(card))
    assert read_model(folder).card.answering.sets is None
    pictures, _ = squares(1, 5)
    older = load_predictor(folder, device="cpu", arch=small_network).predict(list(pictures))
    with pytest.raises(SettingError, match="keeps nothing"):
        older.sets(0.9)


def test_a_temperature_brings_scores_of_its_own_probabilities(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit_head()
    rows, before = learn.out_of_fold, learn.card.answering.sets
    assert rows is not None
    labels = np.where(np.arange(30) % 6, rows.labels, (rows.labels + 1) % 3)
    found = learn.calibrate(replace(rows, labels=labels))
    assert found.value != 1
    after = learn.card.answering.sets
    assert after != before
    hot = found.apply(np.log(rows.probabilities))
    assert after is not None
    assert np.allclose(after.values, np.sort(1 - hot[np.arange(30), labels]))


def test_training_forgets_them(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit_head()
    learn.fit(0.01, 1)
    assert learn.card.answering.sets is None


def test_another_head_can_have_them_too(make: Make) -> None:
    learn = make(precompute=True)
    learn.fit(0.05, 2)
    with pytest.raises(SettingError, match="keeps nothing"):
        learn.predict().sets()
    learn.fit_sets(learn.cross_validate(3, 0.05))
    assert learn.card.answering.how == ("sets rest on 30 rows: up to 0.9677 confidence",)
    assert all(learn.predict().sets(0.9))


def test_a_thawed_body_has_those_of_rows_that_were_held_back(make: Make) -> None:
    learn = make(precompute=True)
    learn.hold_back(0.3)
    learn.unfreeze()
    learn.fit(0.01, 1)
    held_back = learn.predict("held_back")
    config = RunConfig(TrainSettings(source="photos"))
    find_answers(config, learn)
    assert learn.card.answering.sets is None
    find_answers(config, learn, held_back)
    found = learn.card.answering.sets
    assert found is not None
    assert found.num_rows == len(held_back.rows)


def test_predictions_of_other_classes_are_refused(make: Make) -> None:
    learn = make(precompute=True)
    rows = replace(learn.predict(), classes=("x", "y", "z"))
    with pytest.raises(SettingError, match="out_of_fold has predictions of the classes"):
        learn.fit_sets(rows)
