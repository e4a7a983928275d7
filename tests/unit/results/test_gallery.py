"""Every choice of rows against the same choice made by sorting tuples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.results import gallery
from warmstart.results.predictions import Predictions

SEEDS = st.integers(0, 10_000)


def one_label(seed: int, num_rows: int = 30, num_classes: int = 3) -> Predictions:
    """Some rows have no label, and many probabilities are equal."""
    random = np.random.default_rng(seed)
    scores = random.integers(1, 4, (num_rows, num_classes)).astype(float)
    return Predictions(
        tuple(f"{i}.jpg" for i in range(num_rows)),
        scores / scores.sum(axis=1, keepdims=True),
        random.integers(-1, num_classes, num_rows),
        tuple("abcdefgh"[:num_classes]),
    )


def many_labels(seed: int, num_rows: int = 20, num_classes: int = 3) -> Predictions:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, (num_rows, num_classes))
    labels[random.random(num_rows) < 0.2] = -1
    probabilities = random.integers(0, 5, (num_rows, num_classes)) / 4
    return Predictions(
        tuple(f"{i}.jpg" for i in range(num_rows)),
        probabilities,
        labels,
        tuple("abc"[:num_classes]),
    )


def verdict(found: Predictions, row: int) -> str:
    label = np.atleast_1d(found.labels[row])
    if label[0] < 0:
        return "unknown"
    said = np.atleast_1d(found.predicted[row])
    return "right" if said.tolist() == label.tolist() else "wrong"


def rows_that_are(found: Predictions, what: str) -> list[int]:
    return [row for row in range(len(found.rows)) if verdict(found, row) == what]


@pytest.mark.parametrize("make", [one_label, many_labels])
@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, number=st.integers(0, 40))
def test_drawn_rows_are_so_and_each_is_drawn_once(make: object, seed: int, number: int) -> None:
    found = make(seed)  # type: ignore[operator]
    for choose, what in ((gallery.random_right, "right"), (gallery.random_wrong, "wrong")):
        all_rows = rows_that_are(found, what)
        rows = choose(found, number, seed=seed).tolist()
        assert len(rows) == len(set(rows)) == min(number, len(all_rows))
        assert set(rows) <= set(all_rows)
        assert rows == choose(found, number, seed=seed).tolist()


def test_another_seed_draws_others_and_every_row_can_be_drawn() -> None:
    found = one_label(0, 60)
    drawn = [tuple(gallery.random_wrong(found, 3, seed=seed)) for seed in range(200)]
    assert len(set(drawn)) > 100
    assert {row for rows in drawn for row in rows} == set(rows_that_are(found, "wrong"))


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, number=st.integers(0, 40))
def test_most_wrong_gave_the_truth_the_least(seed: int, number: int) -> None:
    found = one_label(seed)
    keyed = [(found.probabilities[row, found.labels[row]], row) for row in
             rows_that_are(found, "wrong")]  # fmt: skip
    assert gallery.most_wrong(found, number).tolist() == [row for _, row in sorted(keyed)[:number]]


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_most_wrong_of_many_labels_has_the_widest_gap(seed: int) -> None:
    found = many_labels(seed)
    keyed = []
    for row in rows_that_are(found, "wrong"):
        gaps = [abs(p - y) for p, y in zip(found.probabilities[row], found.labels[row],
                                           strict=True)]  # fmt: skip
        keyed.append((-max(gaps), row))
        worst = gallery.most_mistaken(found, row)
        assert gaps[worst] == max(gaps)
        assert worst == gaps.index(max(gaps))
    assert gallery.most_wrong(found, 7).tolist() == [row for _, row in sorted(keyed)[:7]]


@pytest.mark.parametrize("make", [one_label, many_labels])
@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, k=st.integers(0, 2), number=st.integers(0, 40))
def test_most_sure_are_called_so(make: object, seed: int, k: int, number: int) -> None:
    found = make(seed)  # type: ignore[operator]
    if found.is_multi_label:
        called = [row for row in range(len(found.rows)) if found.probabilities[row, k] > 0.5]
    else:
        called = [row for row in range(len(found.rows)) if found.predicted[row] == k]
    keyed = sorted((-found.probabilities[row, k], row) for row in called)
    assert gallery.most_sure(found, number)[k].tolist() == [row for _, row in keyed[:number]]


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, number=st.integers(0, 40))
def test_most_uncertain(seed: int, number: int) -> None:
    one, many = one_label(seed), many_labels(seed)
    keyed = sorted((max(probabilities), row) for row, probabilities in enumerate(one.probabilities))
    assert gallery.most_uncertain(one, number).tolist() == [row for _, row in keyed[:number]]
    keyed = sorted(
        (min(abs(probabilities - 0.5)), row) for row, probabilities in enumerate(many.probabilities)
    )
    assert gallery.most_uncertain(many, number).tolist() == [row for _, row in keyed[:number]]
