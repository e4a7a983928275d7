"""C5: words for splits, as columns of strangers have them."""

from collections.abc import Callable
from pathlib import Path

import pandas
import pytest

from warmstart.data.columns import Columns
from warmstart.data.csv_table import read_csv
from warmstart.data.frame import read_frame
from warmstart.data.split import resolve_splits
from warmstart.errors import DataError

WORDS = [
    ("split", ["Train", "Train", "Val"], "train train valid"),
    ("split", ["TRAINING", "validation", "testing"], "train valid test"),
    ("split", [" train ", "dev", "Test "], "train valid test"),
    ("split", ["trn", "val", "tst"], "train valid test"),
    ("split", ["train", "valid", "test"], "train valid test"),
    ("is_valid", ["True", "False", "true"], "valid train valid"),
    ("Is Valid", ["1", "0", "0"], "valid train train"),
    ("valid", ["1.0", "0.0", "0.0"], "valid train train"),
    ("is_val", ["yes", "no", "no"], "valid train train"),
    ("is_train", ["True", "True", "False"], "train train valid"),
    ("is_training_img", ["1", "0", "1"], "train valid train"),
    ("is_test", ["0", "0", "1"], "train train test"),
    ("split", ["False", "False", "True"], "train train valid"),
    ("s", ["0", "0", "1"], "train train valid"),
    ("partition", ["0", "1", "2"], "train valid test"),
]


@pytest.mark.parametrize(("title", "cells", "expected"), WORDS)
def test_usual_words_are_understood_and_said(title: str, cells: list[str], expected: str) -> None:
    splits, notes = resolve_splits(cells, title)
    assert splits == expected.split()
    assert bool(notes) == (cells != expected.split())


@pytest.mark.parametrize(
    ("title", "cells", "bad"),
    [
        ("split", ["True", "True", "False"], [0, 1, 2]),
        ("split", ["train", "hold", ""], [1, 2]),
        ("fold", ["0", "1", "3"], [0, 1, 2]),
        ("is_valid", ["True", "", "False"], [1]),
    ],
)
def test_what_cannot_be_understood_has_no_split(
    title: str, cells: list[str], bad: list[int]
) -> None:
    splits, _ = resolve_splits(cells, title)
    assert [row for row, split in enumerate(splits) if split is None] == bad


def test_a_table_and_a_frame_take_them(make: Callable[..., Path]) -> None:
    root = make(*(f"{i}.jpg" for i in range(6)))
    flags = [False, False, False, False, True, True]
    rows = {"name": [f"{i}.jpg" for i in range(6)], "label": ["x", "y"] * 3, "is_valid": flags}
    frame = pandas.DataFrame(rows)
    frame.to_csv(root.parent / "t.csv", index=False)
    for table in (
        read_csv(root.parent / "t.csv", root, Columns(split="is_valid")),
        read_frame(frame, root, Columns(split="is_valid")),
    ):
        assert table.rows("valid").tolist() == [4, 5]
        assert any("yes is read as valid" in note for note in table.notes)
    with pytest.raises(DataError, match="unknown split: 'True'"):
        read_frame(frame.assign(s=~frame.is_valid), root, Columns(split="s"))
