"""Sets of classes as predictions give them."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from warmstart.errors import SettingError
from warmstart.metrics.prediction_sets import NonconformityScores
from warmstart.results.decision_rule import DecisionRule
from warmstart.results.predictions import Predictions

RULE = DecisionRule(sets=NonconformityScores((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8), 9))
FOUND = Predictions(
    ("a", "b", "c", "d"),
    np.array([[0.2, 0.5, 0.3], [0.05, 0.05, 0.9], [0.3, 0.3, 0.4], [0.34, 0.33, 0.33]]),
    np.array([0, 2, -1, 1]),
    ("ant", "bee", "cat"),
    answering=RULE,
)


def test_the_likeliest_come_first_and_no_set_is_empty() -> None:
    assert FOUND.sets(0.7) == (
        ("bee", "cat"),
        ("cat",),
        ("cat", "ant", "bee"),
        ("ant", "bee", "cat"),
    )
    assert FOUND.sets(0.1) == (("bee",), ("cat",), ("cat",), ("ant",))


def test_unknown_changes_no_set() -> None:
    unsure = replace(FOUND, answering=replace(RULE, unknown_below=0.6))
    assert unsure.answers[0] == ("unknown",)
    assert unsure.sets(0.7) == FOUND.sets(0.7)


def test_they_are_judged_by_labelled_rows() -> None:
    found = FOUND.set_scores(0.7)
    assert found.num_rows == 3
    assert found.coverage == pytest.approx(2 / 3)
    assert found.mean_size == pytest.approx((2 + 1 + 3) / 3)
    assert "hold the truth of 0.6667" in str(found)
    assert "mean size 2.00" in str(found)


def test_more_than_the_rows_can_promise_is_said() -> None:
    with pytest.warns(UserWarning, match="the 9 rows that sets rest on can promise up to 0.9000"):
        assert {len(names) for names in FOUND.sets(0.95)} == {3}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FOUND.sets(0.9)


@pytest.mark.parametrize("confidence", [0, 1, -0.1, 90, float("nan"), "much", None])
def test_what_is_no_confidence_is_refused(confidence: object) -> None:
    with pytest.raises(SettingError, match="confidence="):
        FOUND.sets(confidence)  # type: ignore[arg-type]


def test_a_model_that_kept_nothing_says_what_to_do() -> None:
    with pytest.raises(SettingError, match="keeps nothing") as raised:
        replace(FOUND, answering=DecisionRule()).sets()
    assert "--calibrate" in raised.value.fix


def test_pictures_of_many_classes_have_none() -> None:
    many = replace(FOUND, labels=np.zeros((4, 3), np.int64))
    with pytest.raises(SettingError, match="many classes"):
        many.sets()
    with pytest.raises(SettingError, match="many classes"):
        many.set_scores()
