from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from warmstart.data.arrays import from_arrays
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError, WarmstartError


def images(number: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (number, 4, 5, 3), np.uint8)


def read(y: Any, y_valid: Any = None, **more: Any) -> ImageTable:
    y_valid = y[:2] if y_valid is None else y_valid
    return from_arrays((images(len(y)), y), (images(len(y_valid)), y_valid), **more)


def test_rows_keep_the_order_of_the_arrays() -> None:
    x = images(12)
    y = np.arange(12) % 3
    table = from_arrays((x, y), (x[:3], y[:3]), test=x[3:5])
    assert table.names[:3] == ("test/0", "test/1", "train/00")
    train = table.rows("train")
    assert table.labels[train].tolist() == y.tolist()
    for position, row in enumerate(train):
        found = table.array(int(row))
        assert found is not None
        assert (found == x[position]).all()
    assert table.labels[table.rows("test")].tolist() == [-1, -1]


def test_digits_of_scikit_learn_after_the_fix_that_the_error_tells() -> None:
    digits = load_digits()
    x, y = digits.images, digits.target
    with pytest.raises(SettingError) as caught:
        from_arrays((x[100:], y[100:]), (x[:100], y[:100]))
    assert caught.value.fix == 'pass (x_train / 16 * 255).round().astype("uint8").'
    x = (x / 16 * 255).round().astype("uint8")
    table = from_arrays((x[100:], y[100:]), (x[:100], y[:100]))
    assert table.classes == tuple("0123456789")
    assert len(table.rows("train")) == 1697
    grey = table.array(int(table.rows("valid")[0]))
    assert grey is not None
    assert grey.shape == (8, 8, 3)
    assert (grey[..., 1] == x[0]).all()


def test_integers_are_ordered_as_numbers() -> None:
    assert read([10, 9, 100, 9]).classes == ("9", "10", "100")


@pytest.mark.parametrize("y", [["b", "a", "b"], np.array(["b", "a", "b"], object)])
def test_texts_are_classes(y: Any) -> None:
    table = read(y)
    assert table.classes == ("a", "b")
    assert table.labels[table.rows("train")].tolist() == [1, 0, 1]


def test_integers_are_positions_in_given_classes() -> None:
    table = read([1, 0, 1], classes=["zebra", "ant"])
    assert table.classes == ("zebra", "ant")
    assert table.labels[table.rows("train")].tolist() == [1, 0, 1]


def test_texts_take_the_order_of_given_classes() -> None:
    table = read(["ant", "zebra", "ant"], classes=["zebra", "ant"])
    assert table.labels[table.rows("train")].tolist() == [1, 0, 1]


def test_letters_may_differ_in_case_only_with_a_note() -> None:
    table = read(["a", "A", "b"])
    assert table.classes == ("A", "a", "b")
    assert any("A and a" in note for note in table.notes)


@pytest.mark.parametrize("dtype", ["int64", "bool", "float32"])
def test_many_labels(dtype: str) -> None:
    y = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 1]], dtype)
    table = read(y, classes=["a", "b", "c"])
    assert table.is_multi_label
    assert table.labels[table.rows("train")].tolist() == y.astype(int).tolist()


def test_one_hot_rows_are_many_labels_with_a_note() -> None:
    assert any("argmax" in note for note in read(np.eye(3, dtype=int)).notes)


def test_a_later_change_of_the_arrays_changes_no_image() -> None:
    x = images(4)
    before = x[0].copy()
    table = from_arrays((x, [0, 1, 0, 1]), (x, [0, 1, 0, 1]))
    x[:] = 0
    found = table.array(int(table.rows("train")[0]))
    assert found is not None
    assert (found == before).all()
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0


U8 = np.uint8


@pytest.mark.parametrize(
    ("x", "fix"),
    [
        (np.full((3, 4, 4, 3), 2.0), "(x_train / 2 * 255)"),
        (np.full((3, 4, 4), 200), 'x_train.round().astype("uint8")'),
        (np.full((3, 4, 4, 3), -0.5), "undo the normalising"),
        (np.full((3, 4, 4), 1000, np.uint16), "(x_train / 1000 * 255)"),
        (np.zeros((3, 3, 4, 4), U8), "x_train.transpose(0, 2, 3, 1)"),
        (np.zeros((3, 4), U8), "stack the images"),
        (np.zeros((3, 0, 4), U8), "at least one image"),
    ],
)
def test_pixels_of_another_form_are_refused_with_what_to_type(x: Any, fix: str) -> None:
    with pytest.raises(SettingError) as caught:
        from_arrays((x, [0, 1, 0]), (images(2), [0, 1]))
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("y", "y_valid", "what"),
    [
        ([0, 1, 0], [0, 1, 0, 1], "fine"),
        ([0, 1, 2], [0, 3], "valid has 1 class.*: 3"),
        ([0.0, 1.0, 0.0], [0, 1], "of float64"),
        ([0, float("nan"), 1], [0, 1], r"train has 1 missing label\(s\), in rows: 1"),
        ([["a"], ["b"], ["c"]], [0, 1], r"shape \(3, 1\)"),
        (["a", None, "b"], ["a"], r"missing label\(s\), in rows: 1"),
        ([[0, 2], [1, 0]], [[0, 1]], "other values than 0 and 1"),
        ([[0, 1], [1, 0]], [0, 1], "different numbers of columns"),
        ([[0, 1, 0], [1, 0, 0]], [[0, 0, 1]], "valid has 1 class.*: 2"),
        ([0, 0, 0], [0, 0], r"1 class\(es\)"),
    ],
)
def test_labels_that_do_not_fit_are_refused(y: Any, y_valid: Any, what: str) -> None:
    if what == "fine":
        assert len(read(y, y_valid)) == 7
        return
    with pytest.raises(WarmstartError, match=what):
        read(y, y_valid)


def test_a_length_that_does_not_fit_is_refused() -> None:
    with pytest.raises(SettingError, match=r"shape \(2,\), and its x 3 images"):
        from_arrays((images(3), [0, 1]), (images(2), [0, 1]))


def test_classes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="classes does not name: 2"):
        read([0, 1, 2], classes=["a", "b"])
    with pytest.raises(SettingError, match="3 names, 2 of them different"):
        read([0, 1, 2], classes=["a", "b", "a"])
    with pytest.raises(SettingError, match="1 names, 1 of them different"):
        read([[0, 1], [1, 1]], classes=["a"])


@pytest.mark.parametrize("empty", [None, "", " ", "\u200b", " \ufeff "])
def test_a_label_of_blanks_that_nobody_sees_is_missing(empty: object) -> None:
    with pytest.raises(DataError, match=r"1 missing label\(s\), in rows: 2"):
        read(np.array(["cat", "dog", empty, "cat"], object), ["cat", "dog"])
