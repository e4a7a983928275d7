"""Doubtful pictures first, and no two that would teach the same."""

import numpy as np

from warmstart.metrics.labelling_order import labelling_order


def test_every_row_once_and_the_same_again() -> None:
    random = np.random.default_rng(0)
    shares, features = random.dirichlet(np.ones(4), 300), random.normal(size=(300, 8))
    order = labelling_order(shares, features, num_picked=50)
    assert sorted(order) == list(range(300))
    assert np.array_equal(order, labelling_order(shares, features, num_picked=50))
    assert not np.array_equal(order, labelling_order(shares, features, num_picked=50, seed=1))


def test_sure_rows_come_last() -> None:
    shares = np.array([[1.0, 0.0]] * 5 + [[0.55, 0.45]] * 3)
    features = np.random.default_rng(0).normal(size=(8, 16))
    assert set(labelling_order(shares, features)[:3]) == {5, 6, 7}


def test_copies_are_not_asked_for_again_before_others() -> None:
    """By margin alone, the eleven copies of the most doubtful row would come first."""
    random = np.random.default_rng(0)
    others = random.normal(size=(4, 16))
    features = np.concatenate([np.repeat(random.normal(size=(1, 16)), 11, axis=0), others])
    shares = np.array([[0.5, 0.5]] * 11 + [[0.6, 0.4]] * 4)
    first = labelling_order(shares, features, num_picked=5)[:5]
    assert sum(row < 11 for row in first) == 1
    assert {11, 12, 13, 14} <= set(first)


def test_what_was_not_drawn_follows_by_margin() -> None:
    random = np.random.default_rng(0)
    high = random.uniform(0.5, 1, 40)
    shares = np.stack([high, 1 - high], axis=1)
    order = labelling_order(shares, random.normal(size=(40, 4)), num_picked=10)
    assert (np.diff(high[order[10:]]) >= 0).all()


def test_one_class_one_row_and_none() -> None:
    assert labelling_order(np.ones((3, 1)), np.ones((3, 2))).tolist() == [0, 1, 2]
    assert labelling_order(np.array([[0.4, 0.6]]), np.ones((1, 2))).tolist() == [0]
    assert labelling_order(np.empty((0, 2)), np.empty((0, 2))).tolist() == []
