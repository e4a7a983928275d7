"""Heads of nested subsets: who trains, who judges, and that they are the heads they should be."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from warmstart.metrics.learning_curve import SubsetErrors
from warmstart.training import nested_subsets
from warmstart.training.logistic import LogisticProblem
from warmstart.training.nested_subsets import SubsetRows, num_chains, subset_errors


def subset_rows(num_rows: int = 90, num_classes: int = 3, seed: int = 0) -> SubsetRows:
    random = np.random.default_rng(seed)
    labels = np.arange(num_rows) % num_classes
    found = np.abs(
        random.normal(size=(num_classes, 12))[labels] + random.normal(size=(num_rows, 12))
    )
    found = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    units = [f"{number:03}" for number in random.permutation(num_rows)]
    return SubsetRows(found, labels, np.ones(num_rows), units, num_classes)


def at(rows: SubsetRows, order: np.ndarray) -> SubsetRows:
    return replace(
        rows, features=rows.features[order], targets=rows.targets[order],
        weights=rows.weights[order], units=[rows.units[i] for i in order],
    )  # fmt: skip


def same(one: SubsetErrors, other: SubsetErrors) -> bool:
    return np.array_equal(one.wrong, other.wrong, equal_nan=True) and bool(
        (one.trained == other.trained).all()
    )


def test_each_subset_holds_the_smaller_one_and_judges_all_else() -> None:
    sizes = subset_errors(subset_rows(), 10.0, seed=0)
    assert [size.num_rows for size in sizes] == [9, 18, 36, 72]
    for size in sizes:
        assert (np.isnan(size.wrong) == size.trained).all()
        assert set(np.unique(size.wrong[~size.trained])) <= {0.0, 1.0}
        assert (~size.trained).any(axis=0).all()  # every row is judged
    for small, large in pairwise(sizes):
        assert (large.trained | ~small.trained).all()
        assert large.trained.sum() > small.trained.sum()


def test_the_heads_are_those_of_their_rows_alone() -> None:
    rows = subset_rows()
    for size in subset_errors(rows, 30.0, seed=0):
        for trained, wrong in zip(size.trained, size.wrong, strict=True):
            alone = LogisticProblem(rows.features[trained], rows.targets[trained], 3).fit(30.0)
            answers = (rows.features @ alone.weight.T + alone.bias).argmax(axis=1)
            differ = wrong[~trained] != (answers != rows.targets)[~trained]
            assert differ.mean() <= 0.03  # a row on the border, by the coarser tolerance


def test_rows_of_one_unit_train_together() -> None:
    rows = subset_rows()
    grouped = replace(rows, units=[f"{number // 3:03}" for number in range(90)])
    for size in subset_errors(grouped, 10.0, seed=0):
        assert (size.trained.reshape(-1, 30, 3).sum(axis=2) % 3 == 0).all()


def test_neither_order_nor_chance_count_but_the_seed_does() -> None:
    rows = subset_rows()
    order = np.random.default_rng(1).permutation(90)
    first, again = (subset_errors(rows, 10.0, seed=0) for _ in range(2))
    for one, other, moved in zip(
        first, again, subset_errors(at(rows, order), 10.0, seed=0), strict=True
    ):
        assert same(one, other)
        assert same(moved, SubsetErrors(0, one.wrong[:, order], one.trained[:, order]))
    other_seed = subset_errors(rows, 10.0, seed=1)
    assert not same(first[0], other_seed[0])


def test_views_train_together_and_answer_together() -> None:
    rows = subset_rows()
    views = replace(
        rows, features=np.tile(rows.features, (2, 1)), targets=np.tile(rows.targets, 2),
        weights=np.full(180, 0.5),
    )  # fmt: skip
    for one, other in zip(
        subset_errors(rows, 10.0, seed=0), subset_errors(views, 10.0, seed=0), strict=True
    ):
        assert (one.trained == other.trained).all()
        assert np.nanmean(one.wrong != other.wrong) - one.trained.mean() < 0.02
        assert one.num_rows == other.num_rows


def test_a_size_whose_subsets_lack_classes_is_left_out() -> None:
    rows = subset_rows(90)
    targets = rows.targets.copy()
    targets[:] = np.arange(90) % 2
    targets[:6] = 2  # 6 of a third class: one tenth or two of ten have none of it
    sizes = subset_errors(replace(rows, targets=targets), 10.0, seed=0)
    assert [size.num_rows for size in sizes][-1] == 72
    assert all(size.num_rows >= 18 for size in sizes)


@pytest.mark.parametrize(
    ("shape", "num_classes", "expected"),
    [((700, 1280), 5, 10), ((5000, 1280), 10, 2), ((2000, 1280), 5, 4), ((50_000, 1280), 10, 0)],
)
def test_many_rows_get_fewer_chains_and_very_many_none(
    shape: tuple[int, int], num_classes: int, expected: int
) -> None:
    features = np.broadcast_to(np.float32(0), shape)
    rows = SubsetRows(features, np.zeros(shape[0], np.int64), np.ones(1), "", num_classes)
    assert num_chains(rows) == expected


def test_two_chains_begin_on_both_sides_of_the_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested_subsets, "CHAINS_WORK", 1)
    (first, *_, last) = subset_errors(subset_rows(), 10.0, seed=0)
    assert first.wrong.shape == last.wrong.shape == (2, 90)
    assert not (first.trained[0] & first.trained[1]).any()


def test_a_weight_of_nothing_is_a_row_that_does_not_train() -> None:
    """The weights reach the solver in the order of its rows."""
    rows = subset_rows()
    flipped = np.where(np.arange(90) < 30, (rows.targets + 1) % 3, rows.targets)
    weights = np.where(np.arange(90) < 30, 0.0, 1.0)
    weighted = subset_errors(replace(rows, targets=flipped, weights=weights), 30.0, seed=0)[-1]
    plain = subset_errors(replace(rows, targets=flipped), 30.0, seed=0)[-1]
    right = slice(30, 90)
    assert np.nanmean(weighted.wrong[:, right]) < np.nanmean(plain.wrong[:, right])
