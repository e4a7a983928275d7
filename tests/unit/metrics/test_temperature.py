from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, softmax

from warmstart.errors import SettingError
from warmstart.metrics.labelled_rows import labelled_rows
from warmstart.metrics.probability_scores import (
    binned,
    calibration_bins,
    error_if_calibrated,
)
from warmstart.metrics.temperature import (
    best_temperature,
    fit_temperature,
    logits_of,
    mean_loss,
    probabilities_of,
)


def drawn(
    num_rows: int, num_classes: int, *, is_multi_label: bool = False, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits, and labels that are as probable as the logits say."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(num_rows, num_classes)) * 2
    if is_multi_label:
        return logits, (rng.random(logits.shape) < expit(logits)).astype(np.int64)
    sums = softmax(logits, axis=1).cumsum(axis=1)
    labels = (rng.random((num_rows, 1)) > sums).sum(axis=1)
    return logits, np.minimum(labels, num_classes - 1).astype(np.int64)


def dealt(num_rows: int) -> NDArray[np.int64]:
    """Five folds."""
    return np.arange(num_rows) % 5


@pytest.mark.parametrize("is_multi_label", [False, True])
@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_the_factor_that_spoilt_the_logits_is_found(factor: float, is_multi_label: bool) -> None:
    logits, labels = drawn(6_000, 4, is_multi_label=is_multi_label)
    found = fit_temperature(logits * factor, labels, dealt(6_000))
    assert found.num_rows == 6_000
    if factor == 1.0 and found.reason is not None:  # nothing was to be mended
        assert found.value == 1.0
        return
    assert found.value == pytest.approx(factor, rel=0.06)
    assert found.loss_after < found.loss_before
    assert found.reason is None
    expected = probabilities_of(logits * factor / found.value, is_multi_label=is_multi_label)
    np.testing.assert_array_equal(found.apply(logits * factor), expected)


def test_it_mends_the_calibration_error_of_other_rows() -> None:
    logits, labels = drawn(4_000, 5)
    spoilt = logits * 3
    found = fit_temperature(spoilt[:2_000], labels[:2_000], dealt(2_000))
    errors = []
    for probabilities in (softmax(spoilt, axis=1), found.apply(spoilt)):
        rows = labelled_rows(probabilities[2_000:], labels[2_000:], tuple("abcde"))
        errors.append(calibration_bins(rows).error)
    assert errors[1] < errors[0] / 3
    assert errors[1] < 0.04


@given(st.integers(0, 10_000), st.booleans())
def test_no_neighbouring_temperature_is_better(seed: int, is_multi_label: bool) -> None:
    logits, labels = drawn(40, 3, is_multi_label=is_multi_label, seed=seed)
    found = fit_temperature(logits * 3, labels, dealt(40))
    assert found.loss_before == pytest.approx(mean_loss(logits * 3, labels))
    if found.reason is None:
        best = mean_loss(logits * 3 / found.value, labels)
        assert best <= found.loss_after  # which other rows chose
        for other in (0.3, 0.97, 1.03, 3.0):
            assert best <= mean_loss(logits * 3 / (found.value * other), labels) + 1e-12


@given(st.integers(0, 10_000), st.booleans())
def test_the_row_order_does_not_count(seed: int, is_multi_label: bool) -> None:
    logits, labels = drawn(30, 3, is_multi_label=is_multi_label, seed=seed)
    order = np.random.default_rng(seed).permutation(30)
    found = fit_temperature(logits, labels, dealt(30))
    assert found == fit_temperature(logits[order], labels[order], dealt(30)[order])
    assert found == fit_temperature(logits, labels, 4 - dealt(30))  # nor what folds are called


@given(st.integers(0, 10_000))
def test_answers_stay_and_probabilities_give_the_same(seed: int) -> None:
    logits, labels = drawn(40, 3, seed=seed)
    probabilities = softmax(logits, axis=1)
    found = fit_temperature(logits, labels, dealt(40))
    again = fit_temperature(logits_of(probabilities, is_multi_label=False), labels, dealt(40))
    assert again.value == pytest.approx(found.value, rel=1e-4)
    np.testing.assert_allclose(
        again.apply(logits_of(probabilities, is_multi_label=False)), found.apply(logits), rtol=1e-3
    )
    assert (found.apply(logits).argmax(axis=1) == logits.argmax(axis=1)).all()


@pytest.mark.parametrize("is_multi_label", [False, True])
def test_losses_and_probabilities_are_the_usual_ones(is_multi_label: bool) -> None:
    logits, labels = drawn(20, 3, is_multi_label=is_multi_label)
    logits[0] = [800.0, -800.0, 0.0]  # e^800 is too large for a float
    labels[0] = [1, 0, 1] if is_multi_label else 0
    probabilities = probabilities_of(logits, is_multi_label=is_multi_label)
    if is_multi_label:
        np.testing.assert_allclose(probabilities, expit(logits), atol=1e-15)
        expected = np.log1p(np.exp(np.where(labels == 1, -logits, logits)[1:])).mean(axis=1)
        expected = np.append(expected, np.log(2) / 3)
    else:
        np.testing.assert_allclose(probabilities, softmax(logits, axis=1), atol=1e-15)
        expected = -np.log(softmax(logits, axis=1)[np.arange(20), labels])
    assert mean_loss(logits, labels) == pytest.approx(float(expected.mean()))


def test_logits_of_certain_answers_are_finite() -> None:
    certain = np.array([[1.0, 0.0], [0.5, 0.5]])
    for is_multi_label in (False, True):
        logits = logits_of(certain, is_multi_label=is_multi_label)
        assert np.isfinite(logits).all()
        back = probabilities_of(logits, is_multi_label=is_multi_label)
        np.testing.assert_allclose(back, certain, atol=1e-15)


@pytest.mark.parametrize("is_multi_label", [False, True])
def test_rows_that_cannot_tell_leave_it_at_one(is_multi_label: bool) -> None:
    logits, labels = drawn(20, 3, is_multi_label=is_multi_label)
    labels = (logits > 0).astype(np.int64) if is_multi_label else logits.argmax(axis=1)
    found = fit_temperature(logits, labels, dealt(20))
    assert found.value == 1.0
    assert found.loss_after == found.loss_before
    assert "all 20 rows are right" in str(found.reason)
    wrong = 1 - labels if is_multi_label else logits.argmin(axis=1)
    found = fit_temperature(logits, wrong, dealt(20))
    assert found.value == 1.0
    assert "no temperature between" in str(found.reason)


@pytest.mark.parametrize("is_multi_label", [False, True])
def test_each_fold_is_judged_by_what_the_others_chose(is_multi_label: bool) -> None:
    logits, labels = drawn(60, 3, is_multi_label=is_multi_label)
    found = fit_temperature(logits * 3, labels, dealt(60))
    losses = []
    for fold in range(5):
        held = dealt(60) == fold
        value, _ = best_temperature(logits[~held] * 3, labels[~held])
        losses.append(mean_loss(logits[held] * 3 / value, labels[held]))
    assert found.loss_after == pytest.approx(np.mean(losses))


def test_a_temperature_that_helps_only_the_rows_that_chose_it_is_not_kept() -> None:
    """One fold wants the opposite of the other."""
    logits, labels = drawn(80, 3)
    folds = np.arange(80) % 2
    logits[folds == 0] *= 4
    logits[folds == 1] /= 4
    value, reason = best_temperature(logits, labels)
    assert reason is None
    assert mean_loss(logits / value, labels) < mean_loss(logits, labels)
    found = fit_temperature(logits, labels, folds)
    assert found.value == 1.0
    assert found.loss_after > found.loss_before
    assert "fitted on other folds than it judges" in str(found.reason)
    assert np.array_equal(found.apply(logits), softmax(logits, axis=1))


def test_rows_of_one_fold_judge_nothing() -> None:
    logits, labels = drawn(80, 3)
    found = fit_temperature(logits * 3, labels, np.zeros(80, np.int64))
    assert (found.value, found.loss_after) == (1.0, found.loss_before)
    assert "80 rows are in one fold" in str(found.reason)


def test_rows_without_a_label_are_left_out() -> None:
    logits, labels = drawn(30, 3)
    some = np.where(np.arange(30) % 3 == 0, -1, labels)
    known, folds = some >= 0, dealt(30)
    found = fit_temperature(logits, some, folds)
    assert found == fit_temperature(logits[known], labels[known], folds[known])
    assert found.num_rows == 20


@pytest.mark.parametrize(
    ("logits", "labels", "match"),
    [
        ([[0.0, 1.0]], [-1], "no row has a label"),
        ([[0.0, np.inf], [0.0, 1.0]], [0, 1], "1 of 2 rows have a logit that is not a finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(logits: Any, labels: Any, match: str) -> None:
    with pytest.raises(SettingError, match=match):
        fit_temperature(np.array(logits), np.array(labels, np.int64), dealt(len(labels)))


def test_bins_by_hand() -> None:
    said = np.array([0.0, 0.05, 0.2, 0.2001, 1.0, 0.95])
    bins = binned(said, np.array([False, True, True, False, True, True]), num_bins=5)
    assert bins.counts.tolist() == [3, 1, 0, 0, 2]
    assert bins.confidence.tolist() == pytest.approx([0.25 / 3, 0.2001, 0, 0, 0.975])
    assert bins.truth.tolist() == pytest.approx([2 / 3, 0, 0, 0, 1])
    gaps = [abs(2 / 3 - 0.25 / 3) * 3, 0.2001, 0.025 * 2]
    assert bins.error == pytest.approx(sum(gaps) / 6)


def test_the_error_by_chance_is_what_calibrated_rows_show() -> None:
    found, expected = [], []
    for seed in range(40):
        logits, labels = drawn(150, 4, seed=seed)
        rows = labelled_rows(softmax(logits, axis=1), labels, tuple("abcd"))
        found.append(calibration_bins(rows).error)
        expected.append(error_if_calibrated(rows, num_resamples=100, seed=seed))
    assert np.mean(found) == pytest.approx(np.mean(expected), rel=0.1)
