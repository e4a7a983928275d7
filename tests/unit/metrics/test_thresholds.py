import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import fbeta_score

from warmstart.errors import SettingError
from warmstart.metrics.thresholds import Thresholds, best_threshold, fit_thresholds
from warmstart.results.predictions import Predictions


@given(
    rows=st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=30),
    beta=st.sampled_from([0.5, 1.0, 2.0]),
)
def test_no_other_threshold_is_better(rows: list[tuple[int, bool]], beta: float) -> None:
    probabilities = np.array([level for level, _ in rows]) / 8
    is_so = np.array([so for _, so in rows])
    if not is_so.any():
        return
    found = best_threshold(probabilities, is_so, beta)
    assert 0 <= found < 1
    own = fbeta_score(is_so, probabilities > found, beta=beta, zero_division=0)
    for other in [0, *(np.arange(8) + 0.5) / 8]:  # one cut between any two levels
        assert own >= fbeta_score(is_so, probabilities > other, beta=beta, zero_division=0) - 1e-12


def test_neighbouring_floats_can_be_parted() -> None:
    low = 0.3
    high = float(np.nextafter(low, 1))
    found = best_threshold(np.array([low, high]), np.array([False, True]), 1.0)
    assert low <= found < high


def table() -> Predictions:
    rng = np.random.default_rng(0)
    labels = (rng.random((200, 4)) < [0.1, 0.5, 0, 1]).astype(np.int64)
    probabilities = 0.2 * labels + 0.4 * rng.random((200, 4))  # above .4 it is always right
    names = tuple(str(row) for row in range(200))
    return Predictions(names, probabilities, labels, ("rare", "even", "never", "always"))


def fitted(rows: Predictions) -> Thresholds:
    return fit_thresholds(rows.probabilities, rows.labels, rows.classes)


def test_classes_without_both_kinds_stay_and_are_named() -> None:
    found = fitted(table())
    assert found.kept == ("never", "always")
    assert found.values[2:].tolist() == [0.5, 0.5]
    assert (found.values[:2] != 0.5).all()
    assert (found.num_rows, found.classes) == (200, table().classes)


def test_they_raise_the_score_of_their_rows() -> None:
    rows = table()
    before = rows.scores(num_resamples=0)
    after = rows.scores(num_resamples=0, thresholds=fitted(rows).values)
    for one, other in zip(before.per_class[:2], after.per_class[:2], strict=True):
        assert other.f_score > one.f_score
    assert [each.threshold for each in after.per_class] == fitted(rows).values.tolist()


def test_rows_of_one_label_have_no_thresholds() -> None:
    rows = Predictions(("a",), np.array([[0.4, 0.6]]), np.array([1]), ("x", "y"))
    with pytest.raises(SettingError, match="one label each"):
        fitted(rows)
