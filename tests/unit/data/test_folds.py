import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.data.folds import classes_in_one_fold, draw_folds
from warmstart.errors import SettingError


def names_of(number: int) -> list[str]:
    return [f"{row}.jpg" for row in range(number)]


labels_and_k = {
    "labels": st.lists(st.integers(0, 4), min_size=6, max_size=60),
    "k": st.integers(2, 6),
    "seed": st.integers(0, 9),
}


@given(**labels_and_k)
def test_each_class_is_spread_evenly(labels: list[int], k: int, seed: int) -> None:
    folds = draw_folds(names_of(len(labels)), np.array(labels), k, seed=seed)
    assert sorted(set(folds.tolist())) == list(range(k))
    for label in set(labels):
        counts = np.bincount(folds[np.array(labels) == label], minlength=k)
        assert counts.max() - counts.min() <= 1


@given(**labels_and_k, shuffle=st.randoms())
def test_folds_do_not_depend_on_the_order(
    labels: list[int], k: int, seed: int, shuffle: random.Random
) -> None:
    names, array = names_of(len(labels)), np.array(labels)
    order = list(range(len(labels)))
    shuffle.shuffle(order)
    one = draw_folds(names, array, k, seed=seed)
    other = draw_folds([names[row] for row in order], array[order], k, seed=seed)
    assert one[order].tolist() == other.tolist()


@given(**labels_and_k, groups=st.lists(st.integers(0, 9), min_size=60, max_size=60))
def test_a_group_is_never_parted(labels: list[int], k: int, seed: int, groups: list[int]) -> None:
    units = [f"patient {group}" for group in groups[: len(labels)]]
    if len(set(units)) < max(3, k):
        with pytest.raises(SettingError, match="must stay together"):
            draw_folds(units, np.array(labels), k, seed=seed)
        return
    folds = draw_folds(units, np.array(labels), k, seed=seed)
    assert all(len({f for f, u in zip(folds, units, strict=True) if u == unit}) == 1
               for unit in units)  # fmt: skip
    assert sorted(set(folds.tolist())) == list(range(k))


def test_groups_of_one_class_are_shared_out() -> None:
    """20 patients of each of two classes, with 1 to 4 pictures."""
    units = [f"{label}-{patient}" for label in (0, 1) for patient in range(20)
             for _ in range(1 + patient % 4)]  # fmt: skip
    labels = np.array([int(unit[0]) for unit in units])
    folds = draw_folds(units, labels, 5)
    counts = np.array([np.bincount(labels[folds == fold]) for fold in range(5)])
    assert (np.ptp(counts, axis=0) <= 1).all()


def test_rare_labels_of_many_are_shared_out() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((300, 4)) < [0.5, 0.2, 0.05, 0.02]).astype(np.int64)
    folds = draw_folds(names_of(300), labels, 5)
    counts = np.array([labels[folds == fold].sum(axis=0) for fold in range(5)])
    assert (np.ptp(counts, axis=0) <= [2, 2, 1, 1]).all()
    assert np.ptp(np.bincount(folds)) <= 2


def test_another_seed_deals_anew() -> None:
    labels = np.arange(40) % 2
    drawn = {tuple(draw_folds(names_of(40), labels, 4, seed=seed)) for seed in range(5)}
    assert len(drawn) == 5


@pytest.mark.parametrize("k", [1, 0, -2, True])
def test_numbers_of_folds_that_have_no_meaning(k: int) -> None:
    with pytest.raises(SettingError, match="is no number of folds"):
        draw_folds(names_of(9), np.zeros(9, np.int64), k)


def test_a_class_that_cannot_be_learned_is_named() -> None:
    folds, labels = np.array([0, 0, 1, 1, 0]), np.array([0, 1, 0, 1, 2])
    assert classes_in_one_fold(folds, labels, ("a", "b", "lone", "absent")) == ["lone"]
