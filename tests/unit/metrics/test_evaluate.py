import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from warmstart.errors import SettingError
from warmstart.metrics import shared_scores
from warmstart.metrics.scores import Scores
from warmstart.results.predictions import Predictions

CLASSES = ("cat", "dog", "fox", "elk")


def drawn(
    num_rows: int = 60, strength: float = 2.0, *, num_known: int | None = None
) -> Predictions:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, num_rows)  # no elk
    logits = rng.normal(size=(num_rows, 4))
    logits[np.arange(num_rows), labels] += strength
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels[num_rows if num_known is None else num_known :] = -1
    return Predictions(tuple(str(row) for row in range(num_rows)), probabilities, labels, CLASSES)


def many() -> Predictions:
    rng = np.random.default_rng(0)
    labels = (rng.random((80, 4)) < 0.4).astype(np.int64)
    probabilities = 1 / (1 + np.exp(-rng.normal(size=(80, 4)) - 2 * labels + 1))
    labels[70:] = -1
    return Predictions(tuple(str(row) for row in range(80)), probabilities, labels, CLASSES)


@pytest.mark.parametrize("make", [drawn, many])
def test_json_reads_back(make: Callable[[], Predictions]) -> None:
    found = replace(make(), chosen_on_these=("best epoch",)).scores(num_resamples=100)
    assert Scores.from_json(found.to_json()) == found
    entry: dict[str, Any] = json.loads(found.to_json())
    assert entry["scores"]["log_loss"]["value"] == found["log_loss"].value


def test_the_table_says_what_is_missing_and_what_flatters() -> None:
    rows = drawn(60, num_known=50)
    flattered = replace(rows, chosen_on_these=("best epoch",))
    text = flattered.scores(num_resamples=100).table()
    assert "n = 50 labelled rows; 10 without a label left out" in text
    assert "Flattered: best epoch was chosen by these same rows." in text
    elk = next(line for line in text.splitlines() if line.startswith("elk")).split()
    assert elk[2] == "–"  # recall of a class without rows
    assert elk[4] == "0"
    assert "Flattered" not in rows.scores(num_resamples=0).table()


def test_every_score_has_an_interval_or_says_why_not() -> None:
    for rows in (drawn(), many()):
        for name, score in rows.scores(num_resamples=100).scores.items():
            assert score.method, name
            assert (score.low is None) == score.method.startswith("none"), name
            if score.low is not None and score.high is not None:
                assert score.low < score.high


def test_unlabelled_rows_change_nothing_but_their_count() -> None:
    all_rows = drawn(60, num_known=50)
    labelled = Predictions(
        all_rows.rows[:50], all_rows.probabilities[:50], all_rows.labels[:50], CLASSES
    )
    one, other = (rows.scores(num_resamples=100) for rows in (all_rows, labelled))
    assert one.scores == other.scores
    assert (one.num_unlabelled, other.num_unlabelled) == (10, 0)
    assert many().scores(num_resamples=0).num_unlabelled == 10


def test_a_perfect_model_is_not_called_certain() -> None:
    found = drawn(50, 40.0).scores(num_resamples=200)
    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        assert found[name].value == found[name].high == 1.0
        assert 0.8 < (found[name].low or 0) < 0.99
    assert found["roc_auc"].value == 1.0
    assert found["roc_auc"].low is None  # a bootstrap of it has no width, and says so
    assert "same number" in found["roc_auc"].method


def test_one_class_only_has_no_order() -> None:
    rows = Predictions(("a", "b"), np.array([[0.8, 0.2], [0.3, 0.7]]), np.array([0, 0]), ("x", "y"))
    found = rows.scores(num_resamples=100)
    assert found["roc_auc"].value is None
    assert "no class has rows of both kinds" in found["roc_auc"].method
    assert "–" in found.table()
    assert str(found) == found.table()  # what print shows


def test_many_rows_take_fewer_resamples_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_scores, "RANKING_WORK", 60 * 4 * 60)
    full, fewer = drawn(), drawn().scores(num_resamples=1000)
    assert ", 60 resamples" in fewer["roc_auc"].method
    assert ", 1000 resamples" in fewer["brier"].method
    monkeypatch.undo()
    wide = full.scores(num_resamples=1000)["roc_auc"]
    assert fewer["roc_auc"].low == pytest.approx(wide.low, abs=0.03)
    monkeypatch.setattr(shared_scores, "MOST_RANKED", 100)
    assert "too many rows" in full.scores(num_resamples=100)["roc_auc"].method


def test_a_rare_label_that_some_resamples_miss_leaves_an_interval() -> None:
    rows = many()
    labels = rows.labels.copy()
    labels[:70, 1] = np.arange(70) == 3
    rare = Predictions(rows.rows, rows.probabilities, labels, CLASSES)
    for name in ("roc_auc", "average_precision"):
        score = rare.scores(num_resamples=200)[name]
        assert score.low is not None
        assert score.value is not None
        assert score.low < score.value


def test_probabilities_of_few_digits_are_taken() -> None:
    rows = drawn()
    rounded = Predictions(rows.rows, rows.probabilities.round(4), rows.labels, CLASSES)
    one, other = (each.scores(num_resamples=0)["log_loss"].value for each in (rows, rounded))
    assert one == pytest.approx(other, abs=1e-3)


@pytest.mark.parametrize(
    ("probabilities", "labels", "match"),
    [
        ([[0.9, 0.1]], [-1], "none of the 1 rows has a label"),
        ([[2.0, -1.0], [0.5, 0.5]], [0, 1], "1 of 2 rows are not probabilities"),
        ([[0.5, 0.2]], [0], "1 of 1 rows are not probabilities"),
        ([[0.5, float("nan")]], [0], "not probabilities"),
        ([[0.5, 0.5]], [2], "a label is 2"),
        ([[0.5, 0.5]], [[2, 0]], "a label is 2"),
        ([[0.5, 0.5]], [[1]], "shape"),
        ([[0.5, 0.5, 0.0]], [1], "shape"),
    ],
)
def test_what_is_not_predictions_is_refused(probabilities: Any, labels: Any, match: str) -> None:
    names = tuple(str(row) for row in range(len(labels)))
    rows = Predictions(names, np.array(probabilities), np.array(labels, np.int64), ("x", "y"))
    with pytest.raises(SettingError, match=match):
        rows.scores()


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"beta": 0.0}, "beta=0"),
        ({"top_k": (0,)}, "top_k"),
        ({"num_resamples": 10}, "num_resamples is 10"),
        ({"thresholds": [0.5, 0.5]}, r"thresholds have shape \(2,\)"),
        ({"thresholds": 1.5}, "thresholds=1.5"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], match: str) -> None:
    with pytest.raises(SettingError, match=match):
        drawn().scores(**settings)


def test_one_class_is_nothing_to_judge() -> None:
    with pytest.raises(SettingError, match="only one class"):
        Predictions(("a",), np.array([[1.0]]), np.array([0]), ("x",)).scores()
