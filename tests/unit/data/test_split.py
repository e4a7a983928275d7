import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from warmstart.data.split import Draw, draw_valid, num_drawn


def names_of(number: int) -> list[str]:
    return [f"{row}.jpg" for row in range(number)]


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    valid_pct=st.floats(0.01, 0.99),
    seed=st.integers(0, 9),
)
def test_each_class_is_drawn_from_at_its_share(
    labels: list[int], valid_pct: float, seed: int
) -> None:
    array = np.array(labels, np.int64)
    chosen = draw_valid(names_of(len(labels)), array, None, Draw(valid_pct, seed))
    for label in set(labels):
        number = labels.count(label)
        assert chosen[array == label].sum() == num_drawn(number, valid_pct)
        assert not chosen[array == label].all()


@given(labels=st.lists(st.integers(0, 2), min_size=2, max_size=40), shuffle=st.randoms())
def test_the_choice_does_not_depend_on_the_order(labels: list[int], shuffle: random.Random) -> None:
    names, array = names_of(len(labels)), np.array(labels, np.int64)
    order = list(range(len(labels)))
    shuffle.shuffle(order)
    one = draw_valid(names, array, None, Draw())
    other = draw_valid([names[row] for row in order], array[order], None, Draw())
    assert one[order].tolist() == other.tolist()


def test_added_files_move_few_rows() -> None:
    labels = np.zeros(1000, np.int64)
    before = draw_valid(names_of(1000), labels, None, Draw())
    after = draw_valid(names_of(1010), np.zeros(1010, np.int64), None, Draw())[:1000]
    assert (before != after).sum() <= 10


def test_the_seed_counts() -> None:
    labels = np.zeros(100, np.int64)
    one, other = (draw_valid(names_of(100), labels, None, Draw(seed=seed)) for seed in (1, 2))
    assert one.sum() == other.sum() == 20
    assert (one & other).sum() < 15


@given(
    rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=60),
    shuffle=st.randoms(),
)
def test_groups_are_never_parted_and_no_class_is_lost(
    rows: list[tuple[int, int]], shuffle: random.Random
) -> None:
    shuffle.shuffle(rows)
    labels = np.array([label for label, _ in rows], np.int64)
    groups = [f"g{group}" for _, group in rows]
    chosen = draw_valid(names_of(len(rows)), labels, groups, Draw(0.3))
    for group in set(groups):
        assert len(set(chosen[np.array(groups) == group].tolist())) == 1
    assert set(labels[~chosen].tolist()) == set(labels.tolist())
    by_group = dict(zip(groups, chosen.tolist(), strict=True))
    order = sorted(range(len(rows)), key=lambda row: groups[row])
    again = draw_valid(
        [f"{row}.jpg" for row in order], labels[order], [groups[row] for row in order], Draw(0.3)
    )
    assert [by_group[groups[row]] for row in order] == again.tolist()


def test_groups_come_near_to_the_share_of_each_class() -> None:
    rng = np.random.default_rng(0)
    groups = [f"patient {number}" for number in rng.integers(0, 60, 1200)]
    labels = rng.choice(3, 1200, p=[0.7, 0.2, 0.1]).astype(np.int64)
    chosen = draw_valid(names_of(1200), labels, groups, Draw(0.2))
    for label in range(3):
        assert chosen[labels == label].mean() == pytest.approx(0.2, abs=0.05)


def multi(rows: list[list[int]], num_classes: int) -> NDArray[np.int64]:
    labels = np.zeros((len(rows), num_classes), np.int64)
    for row, own in enumerate(rows):
        labels[row, own] = 1
    return labels


@given(rows=st.lists(st.lists(st.integers(0, 4), max_size=3, unique=True), min_size=2, max_size=50))
def test_many_labels_keep_every_class_in_train(rows: list[list[int]]) -> None:
    labels = multi(rows, 5)
    chosen = draw_valid(names_of(len(rows)), labels, None, Draw(0.3))
    assert ((labels.sum(axis=0) > 0) == (labels[~chosen].sum(axis=0) > 0)).all()
    assert chosen.sum() <= num_drawn(len(rows), 0.3)


def test_many_labels_meet_the_share_where_they_can() -> None:
    labels = multi([[row % 3, 3] if row % 2 else [] for row in range(100)], 4)
    assert draw_valid(names_of(100), labels, None, Draw(0.25)).sum() == 25
