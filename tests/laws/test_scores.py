"""Law 9: scores equal scikit-learn's, and do not depend on the order of the rows."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics

from warmstart.metrics.labelled_rows import labelled_rows
from warmstart.metrics.ranking import rankable
from warmstart.metrics.scores import Scores
from warmstart.results.predictions import Predictions

CLOSE = 1e-12
Drawn = tuple[NDArray[np.float64], NDArray[np.int64]]  # probabilities and labels


@st.composite
def one_label(draw: st.DrawFn) -> Drawn:
    """Few levels make ties; few rows leave classes out, often all but one."""
    num_classes = draw(st.integers(2, 5))
    num_rows = draw(st.integers(1, 25))
    levels = st.integers(0, draw(st.sampled_from([2, 4, 1000])))
    weights = draw(
        st.lists(
            st.lists(levels, min_size=num_classes, max_size=num_classes),
            min_size=num_rows,
            max_size=num_rows,
        )
    )
    top = draw(st.integers(0, num_classes - 1))
    labels = draw(st.lists(st.integers(0, top), min_size=num_rows, max_size=num_rows))
    table = np.array(weights, np.float64)
    table[table.sum(axis=1) == 0] = 1.0
    return table / table.sum(axis=1, keepdims=True), np.array(labels, np.int64)


@st.composite
def many_labels(draw: st.DrawFn) -> Drawn:
    num_classes = draw(st.integers(1, 4))
    num_rows = draw(st.integers(1, 25))
    levels = draw(st.sampled_from([2, 4, 1000]))
    row = st.lists(st.integers(0, levels), min_size=num_classes, max_size=num_classes)
    marks = st.lists(st.integers(0, 1), min_size=num_classes, max_size=num_classes)
    probabilities = draw(st.lists(row, min_size=num_rows, max_size=num_rows))
    labels = draw(st.lists(marks, min_size=num_rows, max_size=num_rows))
    return np.array(probabilities, np.float64) / levels, np.array(labels, np.int64)


def predictions_of(drawn: Drawn) -> Predictions:
    probabilities, labels = drawn
    names = tuple(f"{row}.jpg" for row in range(len(labels)))
    classes = tuple(f"class {k}" for k in range(probabilities.shape[1]))
    return Predictions(names, probabilities, labels, classes)


def same(scores: Scores, name: str, expected: float) -> None:
    assert scores[name].value == pytest.approx(expected, abs=CLOSE), name


@given(one_label(), st.sampled_from([0.5, 1.0, 2.0]))
def test_scores_of_counts_equal_scikit_learns(drawn: Drawn, beta: float) -> None:
    given_rows = predictions_of(drawn)
    labels, predicted = given_rows.labels, given_rows.predicted
    scores = given_rows.scores(num_resamples=0, beta=beta)
    same(scores, "accuracy", metrics.accuracy_score(labels, predicted))
    present = np.unique(labels)
    balanced = metrics.recall_score(labels, predicted, labels=present, average="macro")
    same(scores, "balanced_accuracy", balanced)
    if len(set(labels)) > 1 and set(predicted) <= set(labels):  # otherwise it warns
        same(scores, "balanced_accuracy", metrics.balanced_accuracy_score(labels, predicted))
    for average in ("macro", "weighted"):
        found = metrics.precision_recall_fscore_support(
            labels, predicted, beta=beta, average=average, zero_division=0
        )
        for kind, value in zip(("precision", "recall", f"f{beta:g}"), found[:3], strict=True):
            same(scores, f"{average}_{kind}", value)
    per_class = metrics.precision_recall_fscore_support(
        labels, predicted, beta=beta, labels=range(len(given_rows.classes)), zero_division=0
    )
    for k, each in enumerate(scores.per_class):
        assert (each.precision, each.recall, each.f_score) == pytest.approx(
            tuple(part[k] for part in per_class[:3]), abs=CLOSE
        )
        assert each.num_rows == (labels == k).sum() == per_class[3][k]
        assert each.num_predicted == (predicted == k).sum()


@given(one_label(), st.integers(2, 4))
def test_top_k_equals_scikit_learns_with_the_classes_mirrored(drawn: Drawn, k: int) -> None:
    """Mirrored, because of equals scikit-learn takes the last, and ``argmax`` the first."""
    given_rows = predictions_of(drawn)
    num_classes = len(given_rows.classes)
    scores = given_rows.scores(num_resamples=0, top_k=[k])
    if k >= num_classes:
        assert f"top_{k}_accuracy" not in scores.scores
        return
    expected = metrics.top_k_accuracy_score(
        num_classes - 1 - given_rows.labels,
        given_rows.probabilities[:, ::-1],
        k=k,
        labels=range(num_classes),
    )
    same(scores, f"top_{k}_accuracy", expected)


@given(one_label())
def test_losses_equal_scikit_learns(drawn: Drawn) -> None:
    given_rows = predictions_of(drawn)
    scores, names = given_rows.scores(num_resamples=0), range(len(given_rows.classes))
    probabilities = given_rows.probabilities
    same(scores, "log_loss", metrics.log_loss(given_rows.labels, probabilities, labels=names))
    brier = metrics.brier_score_loss(given_rows.labels, probabilities, labels=names)
    same(scores, "brier", brier)


@given(one_label())
def test_ranking_equals_scikit_learns(drawn: Drawn) -> None:
    given_rows = predictions_of(drawn)
    scores, labels = given_rows.scores(num_resamples=0), given_rows.labels
    classes = [k for k in range(len(given_rows.classes)) if 0 < (labels == k).mean() < 1]
    assert (
        rankable(
            labelled_rows(given_rows.probabilities, given_rows.labels, given_rows.classes)
        ).tolist()
        == classes
    )
    if not classes:
        assert scores["roc_auc"].value is None
        assert scores["average_precision"].value is None
        return
    columns = given_rows.probabilities
    pairs = [(labels == k, columns[:, k]) for k in classes]
    same(scores, "roc_auc", np.mean([metrics.roc_auc_score(*each) for each in pairs]))
    averages = [metrics.average_precision_score(*each) for each in pairs]
    same(scores, "average_precision", np.mean(averages))
    if 2 < len(classes) == len(given_rows.classes):
        whole = metrics.roc_auc_score(labels, columns, multi_class="ovr", average="macro")
        same(scores, "roc_auc", whole)


@given(many_labels(), st.sampled_from([0.5, 1.0, 2.0]), st.randoms())
def test_many_labels_equal_scikit_learns(drawn: Drawn, beta: float, draw: random.Random) -> None:
    given_rows = predictions_of(drawn)
    thresholds = [draw.choice([0.0, 0.25, 0.5, 0.9]) for _ in given_rows.classes]
    labels, called = given_rows.labels, given_rows.probabilities > np.array(thresholds)
    scores = given_rows.scores(num_resamples=0, beta=beta, thresholds=thresholds)
    same(scores, "exact_match", (labels == called).all(axis=1).mean())
    for average in ("micro", "macro"):
        # a single column is "binary" to scikit-learn unless both values are labels
        found = [
            metrics.precision_recall_fscore_support(
                labels[:, k] if average == "macro" else labels.ravel(),
                called[:, k] if average == "macro" else called.ravel(),
                beta=beta,
                average="binary",
                zero_division=0,
            )[:3]
            for k in range(len(thresholds))
        ]
        for kind, value in zip(
            ("precision", "recall", f"f{beta:g}"), np.mean(found, axis=0), strict=True
        ):
            same(scores, f"{average}_{kind}", value)
    if len(thresholds) > 1:
        whole = metrics.fbeta_score(labels, called, beta=beta, average="micro", zero_division=0)
        same(scores, f"micro_f{beta:g}", whole)
        whole = metrics.fbeta_score(labels, called, beta=beta, average="macro", zero_division=0)
        same(scores, f"macro_f{beta:g}", whole)
    both = np.stack([1 - given_rows.probabilities.ravel(), given_rows.probabilities.ravel()], 1)
    same(scores, "log_loss", metrics.log_loss(labels.ravel(), both, labels=[0, 1]))
    flat = metrics.brier_score_loss(labels.ravel(), given_rows.probabilities.ravel(), pos_label=1)
    same(scores, "brier", flat)


@given(st.one_of(one_label(), many_labels()), st.randoms())
def test_nothing_depends_on_the_row_order(drawn: Drawn, shuffle: random.Random) -> None:
    given_rows = predictions_of(drawn)
    order = list(range(len(given_rows.rows)))
    shuffle.shuffle(order)
    shuffled = replace(
        given_rows,
        rows=tuple(given_rows.rows[row] for row in order),
        probabilities=given_rows.probabilities[order],
        labels=given_rows.labels[order],
    )
    one, other = (each.scores(num_resamples=100) for each in (given_rows, shuffled))
    assert one.to_json() == other.to_json()  # to the last bit, intervals too


@given(one_label())
def test_an_interval_holds_its_score_where_it_is_of_counts(drawn: Drawn) -> None:
    given_rows = predictions_of(drawn)
    for name, score in given_rows.scores(num_resamples=100).scores.items():
        if name in {"accuracy", "balanced_accuracy"} or name.startswith(("macro", "weighted")):
            assert score.value is not None
            assert score.low is not None
            assert score.high is not None
            assert 0 <= score.low <= score.value <= score.high <= 1 + CLOSE
