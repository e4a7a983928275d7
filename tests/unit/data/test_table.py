from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from warmstart.data.table import Exclusion, ImageTable
from warmstart.errors import SettingError


@pytest.fixture
def table() -> ImageTable:
    return ImageTable(
        root=Path("root"),
        names=("a", "b", "c", "d"),
        splits=np.array(["train", "train", "valid", "test"]),
        labels=np.array([0, 1, 1, -1], np.int64),
        classes=("cat", "dog"),
        exclusions=(Exclusion("x.txt", "not an image"), Exclusion("y.txt", "not an image")),
        groups=("g", "g", "h", "i"),
        memory={"b": np.full((2, 3), 7, np.uint8), "c": np.zeros((2, 3, 3), np.uint8)},
        notes=("mind this",),
    )


def test_rows_of_a_split(table: ImageTable) -> None:
    assert len(table) == 4
    assert table.rows("train").tolist() == [0, 1]
    assert not table.is_multi_label


def test_pixels_in_memory_come_as_rgb(table: ImageTable) -> None:
    grey, colour = table.array(1), table.array(2)
    assert grey is not None
    assert colour is not None
    assert grey.shape == colour.shape == (2, 3, 3)
    assert (grey == 7).all()
    assert table.array(0) is None
    assert table.path(0) == Path("root/a")
    with pytest.raises(SettingError, match="in memory"):
        table.path(1)


def test_memory_cannot_be_changed(table: ImageTable) -> None:
    with pytest.raises(TypeError):
        table.memory["a"] = np.zeros((1, 1), np.uint8)  # type: ignore[index]


def test_without_keeps_every_column_in_step(table: ImageTable) -> None:
    left = table.without((Exclusion("b", "unreadable"),))
    assert left.names == ("a", "c", "d")
    assert left.splits.tolist() == ["train", "valid", "test"]
    assert left.labels.tolist() == [0, 1, -1]
    assert left.groups == ("g", "h", "i")
    assert set(left.memory) == {"c"}
    assert left.exclusions[-1] == Exclusion("b", "unreadable")
    assert left.notes == table.notes


def test_counts(table: ImageTable) -> None:
    assert table.counts() == {
        "train": {"cat": 1, "dog": 1},
        "valid": {"cat": 0, "dog": 1},
        "test": {"cat": 0, "dog": 0, "(no label)": 1},
    }


def test_counts_of_many_labels(table: ImageTable) -> None:
    labels = np.array([[1, 1], [0, 1], [0, 0], [-1, -1]], np.int64)
    many = replace(table, labels=labels)
    assert many.is_multi_label
    assert many.counts() == {
        "train": {"cat": 1, "dog": 2},
        "valid": {"cat": 0, "dog": 0},
        "test": {"cat": 0, "dog": 0, "(no label)": 1},
    }


def test_summary_names_what_is_left_out_and_noted(table: ImageTable) -> None:
    assert table.summary().splitlines() == [
        "train: 2 images (cat 1, dog 1)",
        "valid: 1 images (dog 1)",
        "test: 1 images ((no label) 1)",
        "left out: 2 × not an image (first: x.txt)",
        "note: mind this",
    ]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"names": ("a", "b", "c")}, "do not fit"),
        ({"names": ("a", "b", "c", "a")}, "'a' is in 2 rows"),
        ({"groups": ("g",)}, "1 groups"),
        ({"splits": np.array(["train", "val", "valid", "test"])}, "unknown splits: val"),
        ({"labels": np.array([0, 1, 2, 0], np.int64)}, "from 0 to 2"),
        ({"labels": np.array([0, 1, -2, 0], np.int64)}, "from -2 to 1"),
        ({"labels": np.zeros((4, 3), np.int64)}, r"\(4, 3\) do not fit 2"),
        ({"labels": np.full((4, 2), 2, np.int64)}, "from 2 to 2"),
        ({"classes": ("cat", "cat")}, "class occurs twice"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    table: ImageTable, change: dict[str, object], what: str
) -> None:
    with pytest.raises(SettingError, match=what):
        replace(table, **change)  # type: ignore[arg-type]
