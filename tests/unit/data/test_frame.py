import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import polars
import pytest

from warmstart.data.columns import Columns
from warmstart.data.frame import read_frame
from warmstart.errors import DataError, SettingError

Make = Callable[..., Path]
LIBRARIES = pytest.mark.parametrize("library", [pandas, polars])


@pytest.fixture
def root(make: Make) -> Path:
    return make("a.jpg", "b.jpg", "c.jpg", "d.jpg")


@LIBRARIES
def test_both_libraries_give_the_same_table(root: Path, library: Any) -> None:
    frame = library.DataFrame(
        {"y": ["dog", "cat", "dog", None], "n": ["b.jpg", "a.jpg", "c.jpg", "d.jpg"],
         "s": ["train", "train", "valid", "test"]}
    )  # fmt: skip
    table = read_frame(frame, root, Columns("n", "y", "s"))
    assert table.names == ("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    assert table.labels.tolist() == [0, 1, 1, -1]
    assert table.splits.tolist() == ["train", "train", "valid", "test"]


@LIBRARIES
def test_whole_numbers_stay_whole_when_one_is_missing(root: Path, library: Any) -> None:
    splits = ["train", "train", "valid", "test"]
    names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    frame = library.DataFrame({"n": names, "y": [7, 8, 7, None], "s": splits})
    assert read_frame(frame, root, Columns(split="s")).classes == ("7", "8")


@LIBRARIES
def test_lists_are_many_labels(root: Path, library: Any) -> None:
    names = ["a.jpg", "b.jpg", "c.jpg"]
    frame = library.DataFrame({"n": names, "y": [["x", "y"], [], ["y"]]})
    table = read_frame(frame, root, val_idxs=[2])
    assert table.labels.tolist() == [[1, 1], [0, 0], [0, 1]]


def test_the_index_of_pandas_counts_for_nothing(root: Path) -> None:
    frame = pandas.DataFrame(
        {"n": ["a.jpg", "b.jpg", "c.jpg"], "y": ["x", "y", "x"]}, index=[9, 9, 0]
    )
    table = read_frame(frame, root, val_idxs=[2])
    assert [table.names[row] for row in table.rows("valid")] == ["c.jpg"]


@pytest.mark.parametrize("missing", [None, math.nan, pandas.NA, pandas.NaT])
def test_a_missing_label_is_an_error_that_names_the_row(root: Path, missing: object) -> None:
    frame = pandas.DataFrame({"n": ["a.jpg", "b.jpg"], "y": ["x", missing]}, dtype=object)
    with pytest.raises(DataError, match=r"an empty label: 'b.jpg' \(row 1\)"):
        read_frame(frame, root)


@LIBRARIES
def test_an_empty_frame_and_a_missing_column(root: Path, library: Any) -> None:
    with pytest.raises(DataError, match="no rows"):
        read_frame(library.DataFrame({"n": [], "y": []}), root)
    with pytest.raises(SettingError, match="no column 'label'"):
        read_frame(library.DataFrame({"n": ["a.jpg"], "y": ["x"]}), root, Columns(label="label"))


def test_what_is_no_frame_is_refused(root: Path) -> None:
    with pytest.raises(SettingError, match="the frame is a list"):
        read_frame([("a.jpg", "x")], root)
