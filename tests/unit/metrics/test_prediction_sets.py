"""Sets of classes: how often they hold the truth, and what scores from a file cannot be."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from warmstart.errors import SettingError
from warmstart.metrics.prediction_sets import (
    MOST_KEPT,
    NonconformityScores,
    faults_of_scores,
    nonconformity_scores,
    score_sets,
    sets_of,
)


def rows(
    num_rows: int, seed: int, strength: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities of a model that finds the right one of four classes amid noise, and labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, num_rows)
    logits = random.normal(size=(num_rows, 4))
    logits[np.arange(num_rows), labels] += strength
    powers = np.exp(3 * logits)  # far too sure: a promise must not need calibrated probabilities
    return powers / powers.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("num_rows", [20, 100, 700])
@pytest.mark.parametrize("confidence", [0.8, 0.9])
def test_the_promise_is_kept_by_rows_that_are_alike(num_rows: int, confidence: float) -> None:
    held = []
    for seed in range(300):
        found = nonconformity_scores(*rows(num_rows, 2 * seed))
        probabilities, labels = rows(200, 2 * seed + 1)
        held.append(score_sets(sets_of(probabilities, found, confidence), labels, confidence))
    coverage = np.array([one.coverage for one in held])
    error = coverage.std() / len(coverage) ** 0.5
    at_most = confidence + 1 / (num_rows + 1) + (1 / MOST_KEPT if num_rows > MOST_KEPT else 0)
    assert confidence - 3 * error < coverage.mean() < at_most + 3 * error
    assert 1 < np.mean([one.mean_size for one in held]) < 4


@settings(deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_sets_grow_with_the_confidence_and_hold_the_likeliest(
    seed: int, one: float, other: float
) -> None:
    found = nonconformity_scores(*rows(1 + seed % 60, seed))
    probabilities, _ = rows(30, seed + 1)
    small, large = (sets_of(probabilities, found, each) for each in sorted((one, other)))
    assert (small <= large).all()
    assert small[np.arange(30), probabilities.argmax(axis=1)].all()


def test_the_cutoff_is_the_score_of_the_rank() -> None:
    found = NonconformityScores((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), 9)
    assert [found.cutoff(each) for each in (0.1, 0.7, 0.71, 0.9)] == [0.1, 0.7, 0.8, 0.9]
    assert found.highest_confidence == 0.9


def test_above_what_the_rows_can_promise_every_class_is_in_every_set() -> None:
    found = nonconformity_scores(*rows(9, 0))
    probabilities, _ = rows(5, 1)
    assert not sets_of(probabilities, found, 0.9).all()
    assert sets_of(probabilities, found, 0.9 + 1e-6).all()


def test_of_many_rows_a_bounded_number_is_kept_and_errs_to_larger_sets() -> None:
    probabilities, labels = rows(7001, 3)
    found = nonconformity_scores(probabilities, labels)
    everything = np.sort(1 - probabilities[np.arange(7001), labels])
    assert (len(found.values), found.num_rows) == (MOST_KEPT, 7001)
    for confidence in (0.3, 0.5, 0.8, 0.9, 0.95, 0.999):
        rank = int(np.ceil(confidence * 7002))
        beyond = min(rank + 7001 // MOST_KEPT + 1, 7001)
        assert everything[rank - 1] <= found.cutoff(confidence) <= everything[beyond - 1]


def test_rows_without_a_label_are_passed_over() -> None:
    probabilities, labels = rows(20, 0)
    some = np.where(np.arange(20) < 12, labels, -1)
    assert nonconformity_scores(probabilities, some) == nonconformity_scores(
        probabilities[:12], labels[:12]
    )
    sets = sets_of(probabilities, nonconformity_scores(probabilities, labels), 0.9)
    assert score_sets(sets, some, 0.9).num_rows == 12


@pytest.mark.parametrize("labels", [np.full(3, -1), np.eye(3, dtype=np.int64)])
def test_what_no_set_can_rest_on_is_refused(labels: NDArray[np.int64]) -> None:
    with pytest.raises(SettingError):
        nonconformity_scores(np.full((3, 3), 1 / 3), labels)


def test_no_rows_make_no_sets_and_cannot_be_judged() -> None:
    found = nonconformity_scores(*rows(9, 0))
    sets = sets_of(np.zeros((0, 4)), found, 0.5)
    assert sets.shape == (0, 4)
    with pytest.raises(SettingError, match="no row has a label"):
        score_sets(sets, np.zeros(0, np.int64), 0.5)


@pytest.mark.parametrize("num_rows", [1, 9, MOST_KEPT, MOST_KEPT + 1, 12_345])
def test_what_is_kept_has_no_fault(num_rows: int) -> None:
    assert not list(faults_of_scores(nonconformity_scores(*rows(num_rows, 0))))


@pytest.mark.parametrize(
    "values",
    [
        {"num_rows": 0},
        {"num_rows": -3},
        {"num_rows": 10**30},
        {"num_rows": 4},
        {"values": ()},
        {"values": (0.1, 0.3, 0.2)},
        {"values": (0.1, 0.2, 1.1)},
        {"values": (-0.1, 0.2, 0.3)},
        {"values": (0.1, float("nan"), 0.3)},
    ],
)
def test_a_fault_of_scores_is_named(values: dict[str, object]) -> None:
    good = NonconformityScores((0.1, 0.2, 0.3), 3)
    assert not list(faults_of_scores(good))
    assert list(faults_of_scores(replace(good, **values)))  # type: ignore[arg-type]
