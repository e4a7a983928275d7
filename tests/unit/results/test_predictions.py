"""Predictions against scikit-learn, for one label per row and for many."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn import metrics

from warmstart.errors import SettingError
from warmstart.results.decision_rule import DecisionRule
from warmstart.results.predictions import Predictions

CLASSES = ("ant", "bee", "cat")


def one_label(seed: int, num_rows: int = 40) -> Predictions:
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.ones(3), num_rows).round(1)  # with ties
    labels = random.integers(-1, 3, num_rows)
    labels[0] = 0
    return Predictions(tuple(map(str, range(num_rows))), probabilities, labels, CLASSES)


def many_labels(seed: int, num_rows: int = 40) -> Predictions:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, (num_rows, 3))
    labels[1] = -1
    probabilities: NDArray[np.float64] = random.random((num_rows, 3))
    return Predictions(tuple(map(str, range(num_rows))), probabilities, labels, CLASSES)


@given(st.integers(0, 1000))
def test_one_label_equals_scikit_learn(seed: int) -> None:
    found = one_label(seed)
    known = found.labels >= 0
    true, said = found.labels[known], found.probabilities[known].argmax(axis=1)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(true, said))
    matrix = found.confusion_matrix()
    assert (matrix.counts == metrics.confusion_matrix(true, said, labels=[0, 1, 2])).all()
    wanted = metrics.precision_recall_fscore_support(true, said, labels=[0, 1, 2], zero_division=0)
    for values, of in zip((matrix.precision, matrix.recall, matrix.f1), wanted, strict=False):
        assert np.allclose(values, of)


@given(st.integers(0, 1000))
def test_many_labels_equal_scikit_learn(seed: int) -> None:
    found = many_labels(seed)
    known = found.labels[:, 0] >= 0
    true, said = found.labels[known], (found.probabilities[known] > 0.5).astype(int)
    assert found.is_multi_label
    assert found.accuracy == pytest.approx(metrics.accuracy_score(true, said))
    assert (found.predicted[known] == said).all()


def test_the_interval_is_wilsons() -> None:
    labels = np.zeros(300, np.int64)
    probabilities = np.tile([0.9, 0.1], (300, 1))
    probabilities[:6] = [0.1, 0.9]
    found = Predictions(tuple(map(str, range(300))), probabilities, labels, ("a", "b"))
    wanted = binomtest(294, 300).proportion_ci(method="wilson")
    assert found.accuracy == 0.98
    assert np.allclose(found.accuracy_interval, [wanted.low, wanted.high], atol=1e-12)


def test_many_labels_have_no_confusion_matrix() -> None:
    with pytest.raises(SettingError, match="no confusion matrix"):
        many_labels(0).confusion_matrix()


def test_rows_without_labels_cannot_judge() -> None:
    found = one_label(0)
    bare = Predictions(found.rows, found.probabilities, np.full(40, -1), CLASSES)
    assert len(bare.predicted) == 40
    with pytest.raises(SettingError, match="none of the 40 rows has a label"):
        _ = bare.accuracy


def test_most_confused_pairs_come_first() -> None:
    matrix = one_label(3).confusion_matrix()
    pairs = matrix.most_confused()
    assert [n for _, _, n in pairs] == sorted((n for _, _, n in pairs), reverse=True)
    assert sum(n for _, _, n in pairs) == matrix.counts.sum() - np.trace(matrix.counts)


def test_fitted_thresholds_are_what_calls() -> None:
    plain = many_labels(0)
    found = replace(plain, answering=DecisionRule(thresholds=(0.2, 0.5, 0.9)))
    assert (found.predicted == (plain.probabilities > [0.2, 0.5, 0.9])).all()
    assert plain.thresholds.tolist() == [0.5] * 3
    for names, row in zip(found.answers, found.predicted, strict=True):
        assert names == tuple(name for name, is_so in zip(CLASSES, row, strict=True) if is_so)


def test_an_unsure_row_is_unknown_and_keeps_its_nearest_class() -> None:
    plain = one_label(0)
    assert not plain.is_unknown.any()
    found = replace(plain, answering=DecisionRule(unknown_below=0.6))
    assert (found.predicted == plain.predicted).all()
    assert found.accuracy == plain.accuracy
    unsure = plain.probabilities.max(axis=1) < 0.6
    assert 0 < unsure.sum() < 40
    for names, is_unsure, k in zip(found.answers, unsure, plain.predicted, strict=True):
        assert names == ("unknown" if is_unsure else CLASSES[k],)
