from pathlib import Path

import numpy as np
import pytest

import warmstart.checkup.mislabelled as module
from warmstart.checkup.mislabelled import (
    dealt,
    find_mislabelled,
    judged_out_of_fold,
    label_issues,
)
from warmstart.data.table import ImageTable

WHOLE = ((0, 12),)


def test_another_class_must_be_three_times_as_likely() -> None:
    probabilities = np.array([[0.2, 0.5, 0.3], [0.1, 0.31, 0.59], [0.1, 0.29, 0.61]])
    rows, suggested, gaps = label_issues(probabilities, np.array([1, 0, 0]))
    assert rows.tolist() == [2, 1]  # of 0.61 against 0.1 and 0.59 against 0.1
    assert suggested.tolist() == [2, 2]
    assert np.allclose(np.tanh(gaps / 2), [0.51 / 0.71, 0.49 / 0.69])
    rows, _, _ = label_issues(np.array([[0.26, 0.74], [0.24, 0.76]]), np.array([0, 0]))
    assert rows.tolist() == [1]


def test_the_surest_come_first_and_unknown_rows_are_passed_over() -> None:
    probabilities = np.array(
        [[0.6, 0.4], [0.2, 0.8], [0.05, 0.95], [0.4, 0.6], [np.nan, np.nan], [0.0, 1.0]]
    )
    rows, _, gaps = label_issues(probabilities, np.array([0, 0, 0, 1, 0, -1]))
    assert rows.tolist() == [2, 1]
    assert (np.diff(gaps) < 0).all()


def test_labels_that_are_impossible_come_before_all_others_in_order() -> None:
    tiny = np.array([[1e-300, 1.0], [1e-20, 1.0], [1e-30, 1.0]])
    rows, _, gaps = label_issues(tiny, np.array([0, 0, 0]))
    assert rows.tolist() == [0, 2, 1]  # though their margins round to the same number
    assert np.tanh(gaps / 2).tolist() == [1, 1, 1]


def test_the_likeliest_class_is_no_issue() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.2, 0.3, 0.5]])
    rows, suggested, _ = label_issues(probabilities, np.array([0, 1, 2]))
    assert (rows.tolist(), suggested.tolist()) == ([1], [2])


def test_one_class_has_no_other() -> None:
    assert len(label_issues(np.ones((3, 1)), np.zeros(3, np.int64))[0]) == 0


def clouds(num_rows: int) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(num_rows) % 3
    centres = np.eye(3, 12) * 6
    return centres[labels] + np.random.default_rng(0).normal(size=(num_rows, 12)), labels


def test_planted_labels_are_found() -> None:
    rows, labels = clouds(150)
    given = labels.copy()
    given[[4, 70]] = (labels[[4, 70]] + 1) % 3
    found, suggested, _ = label_issues(
        judged_out_of_fold(rows, given, [str(i) for i in range(150)], 3, WHOLE)[0], given
    )
    assert set(found.tolist()) >= {4, 70}
    assert len(found) <= 4
    assert dict(zip(found, suggested, strict=True))[4] == labels[4]


def table_of(labels: np.ndarray) -> ImageTable:
    names = tuple(f"{i:04d}.jpg" for i in range(len(labels)))
    return ImageTable(Path(), names, np.full(len(labels), "train"), labels, ("a", "b", "c"))


def test_labels_of_many_rows_are_judged_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, labels = clouds(300)
    given = labels.copy()
    given[[4, 70, 205]] = (labels[[4, 70, 205]] + 1) % 3
    places, turns = np.arange(300), np.random.default_rng(3).integers(0, 2**63, 300)
    work = table_of(given), places, rows, places, turns.astype(np.uint64), WHOLE
    whole, notes = find_mislabelled(*work)
    assert notes == ()
    monkeypatch.setattr(module, "MANY_ROWS", 100)
    monkeypatch.setattr(module, "ROWS_OF_A_CLASS", 1)
    found, notes = find_mislabelled(*work)
    assert "judged in 3 parts of about 100 pictures" in notes[0]
    for told in (whole, found):
        assert {row.name for row in told} >= {"0004.jpg", "0070.jpg", "0205.jpg"}
        assert len(told) <= 5
        margins = [row.margin for row in told]
        assert margins == sorted(margins, reverse=True)


def test_units_are_dealt_whole_evenly_and_in_any_order_of_rows() -> None:
    random = np.random.default_rng(4)
    units, labels = random.integers(0, 200, 500), random.integers(0, 3, 500)
    turns = random.integers(0, 2**63, 500).astype(np.uint64)
    parts = dealt(units, labels, turns, 4)
    assert all(len(set(parts[units == unit].tolist())) == 1 for unit in set(units.tolist()))
    assert np.bincount(parts, minlength=4).min() > 80
    order = random.permutation(500)
    assert dealt(units[order], labels[order], turns[order], 4).tolist() == parts[order].tolist()
    assert set(dealt(units[:1], labels[:1], turns[:1], 4).tolist()) == {0}


def test_duplicates_of_one_unit_do_not_vouch_for_each_other() -> None:
    rows, labels = clouds(60)
    rows = np.concatenate([rows, np.repeat(rows[:1], 8, axis=0)])
    given = np.concatenate([labels, np.full(8, 1)])
    given[0] = 1
    apart = [str(i) for i in range(len(rows))]
    together = apart[:60] + ["0"] * 8
    vouched = judged_out_of_fold(rows, given, apart, 3, WHOLE)[0][0, 1]
    alone = judged_out_of_fold(rows, given, together, 3, WHOLE)[0][0, 1]
    assert alone < vouched


def test_a_class_of_one_unit_is_not_judged() -> None:
    rows, labels = clouds(30)
    labels = np.append(labels, 3)
    units = [str(i) for i in range(31)]
    found = judged_out_of_fold(np.concatenate([rows, rows[:1]]), labels, units, 4, WHOLE)[0]
    assert np.isnan(found[-1]).all()
    assert np.allclose(found[:30].sum(axis=1), 1)


def test_rows_whose_fold_knows_one_class_only_are_not_judged() -> None:
    rows, _ = clouds(12)
    labels = np.array([0] * 11 + [1])
    found = judged_out_of_fold(rows, labels, [str(i) for i in range(12)], 2, WHOLE)[0]
    assert 2 <= np.isnan(found).all(axis=1).sum() < 12  # the fold of the one row
    assert np.isnan(found[11]).all()


def test_few_rows_are_judged_too() -> None:
    rows, labels = clouds(6)
    found = judged_out_of_fold(rows, labels, [str(i) for i in range(6)], 3, WHOLE)[0]
    assert found.argmax(axis=1).tolist() == labels.tolist()


@pytest.mark.parametrize("num_useful", [0, 1])
def test_many_rows_are_judged_fold_by_fold(
    monkeypatch: pytest.MonkeyPatch, num_useful: int
) -> None:
    rows, labels = clouds(60)
    units = [str(i) for i in range(60)]
    usual = judged_out_of_fold(rows, labels, units, 3, WHOLE)[0]
    monkeypatch.setattr(module, "num_useful_folds", lambda *_: num_useful)
    found = judged_out_of_fold(rows, labels, units, 3, WHOLE)[0]
    assert np.allclose(found.sum(axis=1), 1)
    assert (found.argmax(axis=1) == usual.argmax(axis=1)).all()
