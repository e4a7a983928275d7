"""A2 and A3: labels in the forms that people use; what is doubtful is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pytest
import torch

from warmstart.data.arrays import from_arrays
from warmstart.data.columns import Columns
from warmstart.data.csv_table import read_csv
from warmstart.data.folders import read_folders
from warmstart.data.frame import read_frame
from warmstart.data.label_forms import one_hot_columns, read_labels
from warmstart.data.path_labels import read_labelled
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError

Make = Callable[..., Path]
NAMES = [f"{letter}.jpg" for letter in "abcdefgh"]


@pytest.fixture
def root(make: Make) -> Path:
    return make(*NAMES)


def labels(*cells: object, label_sep: str | None = None) -> list[tuple[str, ...] | None]:
    return list(read_labels(cells, [f"row {i}" for i in range(len(cells))], label_sep).rows)


def csv(root: Path, text: str, columns: Columns | None = None, **more: Any) -> ImageTable:
    path = root.parent / "labels.csv"
    path.write_text(text)
    return read_csv(path, root, columns or Columns(), val_idxs=[4, 5, 6, 7], **more)


def named(table: ImageTable) -> dict[str, list[str]]:
    hot = table.labels if table.is_multi_label else np.eye(len(table.classes))[table.labels]
    return {
        name: [table.classes[k] for k in np.flatnonzero(row)]
        for name, row in zip(table.names, hot, strict=True)
    }


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ((b"cat", b"dog"), ["cat", "dog"]),
        ((bytearray("é", "utf-8"), np.bytes_(b"dog")), ["é", "dog"]),
        ((True, False), ["True", "False"]),
        ((np.bool_(True), np.bool_(False)), ["True", "False"]),
        ((np.int64(3), 3.0), ["3", "3"]),
        ((np.float32(3), torch.tensor(4)), ["3", "4"]),
        ((np.str_("cat"), np.array("dog")), ["cat", "dog"]),
        ((" cat", "dog\t"), ["cat", "dog"]),
    ],
)
def test_one_class_in_any_form(cells: tuple[object, ...], expected: list[str]) -> None:
    assert labels(*cells) == [(name,) for name in expected]


@pytest.mark.parametrize(
    "cells",
    [
        ([0, 1, 0], [1, 1, 0], [0, 0, 0]),
        ((0, 1, 0), (1, 1, 0), (0, 0, 0)),
        ([0.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]),
        ([False, True, False], [True, True, False], [False, False, False]),
        (np.array([0, 1, 0]), np.array([1, 1, 0]), np.array([0, 0, 0])),
        (torch.tensor([0, 1, 0]), torch.tensor([1, 1, 0]), torch.tensor([0, 0, 0])),
        (polars.Series([0, 1, 0]), polars.Series([1, 1, 0]), polars.Series([0, 0, 0])),
        (["0", "1", "0"], ["1", "1", "0"], ["0", "0", "0"]),
        ("[0, 1, 0]", "[1, 1, 0]", "[0, 0, 0]"),
        ("[0 1 0]", "[1 1 0]", "[0 0 0]"),
        ("[0. 1. 0.]", "[1. 1. 0.]", "[0. 0. 0.]"),
        ("(0, 1, 0)", "(1, 1, 0)", "(0, 0, 0)"),
    ],
)
def test_multi_hot_cells_are_positions(cells: tuple[object, ...]) -> None:
    assert labels(*cells) == [("1",), ("0", "1"), ()]


def test_multi_hot_texts_need_the_separator() -> None:
    assert labels("0 1 0", "1 1 0", label_sep=" ") == [("1",), ("0", "1")]
    assert labels("1,0", "0,1", label_sep=",") == [("0",), ("1",)]


@pytest.mark.parametrize(
    "cells",
    [
        (["cat", "red"], ["dog"], []),
        ({"red", "cat"}, frozenset({"dog"}), set()),
        ({"cat": 1, "red": True, "dog": 0}, {"dog": "1"}, {"cat": 0}),
        ("['cat', 'red']", "['dog']", "[]"),
        ('["cat", "red"]', '["dog"]', "[]"),
        ("{'cat', 'red'}", "{'dog'}", "()"),
        ("[cat, red]", "[dog]", "[]"),
        ([b"cat", b"red"], [b"dog"], []),
        (np.array(["cat", "red"]), np.array(["dog"]), np.array([], str)),
    ],
)
def test_lists_of_names(cells: tuple[object, ...]) -> None:
    assert [set(row or ()) for row in labels(*cells)] == [{"cat", "red"}, {"dog"}, set()]


def test_lists_of_class_numbers_stay_what_they_are() -> None:
    assert labels([0], [0, 1], [2]) == [("0",), ("0", "1"), ("2",)]


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ([0.2, 0.8], r"row 0 is a list of numbers that are not 0 and 1: \(0.2, 0.8\)"),
        ({"cat": 0.5}, "a mapping with other values"),
        (b"\xff", "not UTF-8"),
        ([b"\xff"], "not UTF-8"),
        (object(), "a cell is a object"),
        ([["cat"], ["dog"]], "lists within a list"),
        (np.zeros((2, 2)), "lists within a list"),
    ],
)
def test_what_cannot_be_understood_is_refused(cell: object, what: str) -> None:
    with pytest.raises(DataError, match=what):
        labels(cell)


HOT = "name,cat,dog,emu\n" + "\n".join(
    f"{name},{row}"
    for name, row in zip(NAMES, ["1,0,0", "0,1,0", "0,1,0", "0,0,1"] * 2, strict=True)
)


@pytest.mark.parametrize("yes_no", [("1", "0"), ("True", "False"), ("1.0", "0.0")])
def test_a_column_for_each_class_is_read(root: Path, yes_no: tuple[str, str]) -> None:
    text = HOT.replace("1", "Y").replace("0", yes_no[1]).replace("Y", yes_no[0])
    one_more = text.replace(f"d.jpg,{yes_no[1]},", f"d.jpg,{yes_no[0]},")
    table = csv(root, one_more)
    assert table.is_multi_label  # the last has two
    assert named(table)["d.jpg"] == ["cat", "emu"]
    assert any("columns cat, dog, emu hold 0 and 1" in note for note in table.notes)


def test_one_hot_columns_are_one_class(root: Path) -> None:
    for columns in (Columns(), Columns(label=["cat", "dog", "emu"]), Columns(label="dog,emu,cat")):
        table = csv(root, HOT, columns)
        assert not table.is_multi_label
        assert [of for _, of in sorted(named(table).items())][:4] == [
            ["cat"],
            ["dog"],
            ["dog"],
            ["emu"],
        ]
        assert any("each image has one of them" in note for note in table.notes)
    frame = pandas.read_csv(root.parent / "labels.csv")
    assert named(read_frame(frame, root, val_idxs=[4, 5, 6, 7])) == named(table)


def test_some_columns_of_0_and_1_are_asked_about(root: Path) -> None:
    rows = ["1,0,9", "0,1,8", "1,0,7", "1,1,6"] * 2
    lines = [f"{name},{row}" for name, row in zip(NAMES, rows, strict=True)]
    text = "\n".join(["name,cat,dog,width", *lines])
    with pytest.raises(SettingError) as caught:
        csv(root, text)
    assert caught.value.flags == ("--label-column", "cat,dog")
    assert named(csv(root, text, Columns(label="cat,dog")))["d.jpg"] == ["cat", "dog"]
    with pytest.raises(DataError, match="other values than 0 and 1 in cat, width: line 2"):
        csv(root, text, Columns(label=("cat", "width")))


def test_arrays_take_the_same_forms() -> None:
    x = np.zeros((3, 4, 4, 3), np.uint8)
    forms: list[Any] = [
        ["cat", "dog", " cat"],
        [b"cat", b"dog", b"cat"],
        np.array([b"cat", b"dog", b"cat"], object),
        np.array(["cat", "dog", "cat"]),
        pandas.Series(["cat", "dog", "cat"], dtype="category"),
        polars.Series(["cat", "dog", "cat"]),
    ]
    for y in forms:
        table = from_arrays((x, y), (x, y))
        assert table.classes == ("cat", "dog")
        assert table.labels[table.rows("train")].tolist() == [0, 1, 0]
    many: list[Any] = [[["cat"], ["dog", "cat"], []], [{"cat"}, {"dog", "cat"}, set()]]
    for y in many:
        table = from_arrays((x, y), (x, y))
        assert table.labels[table.rows("valid")].tolist() == [[1, 0], [1, 1], [0, 0]]
    pairs = from_arrays((x, [["a", "b"], ["b", "c"], ["c", "a"]]), (x, [["a", "b"]] * 3))
    assert pairs.labels[pairs.rows("train")].tolist() == [[1, 1, 0], [0, 1, 1], [1, 0, 1]]
    flags = from_arrays((x, [True, False, True]), (x, [True] * 3), classes=["no", "yes"])
    assert flags.labels[flags.rows("train")].tolist() == [1, 0, 1]
    with pytest.raises(DataError, match="missing label"):
        from_arrays((x, ["cat", " ", "dog"]), (x, ["cat"] * 3))


def test_names_take_the_same_forms(root: Path) -> None:
    assert read_labelled(root, lambda path: path.stem.encode() > b"b").classes == ("False", "True")
    assert read_labelled(root, lambda path: np.int64(path.stem > "b")).classes == ("0", "1")
    assert read_labelled(root, lambda path: b"x" if path.stem > "b" else b"y").classes == ("x", "y")
    hot = read_labelled(root, lambda path: [path.stem > "b", 1, 0])
    assert hot.classes == ("0", "1")


DOUBTS = {
    "blanks": (["daisy", " daisy", "rose", "rose "], "label(s) have blanks around them"),
    "nan": (
        ["nan", "rose", "nan", "rose"],
        "read as classes: 'nan' (",
    ),
    "None": (["None", "rose", "None", "rose"], "'None' ("),
    "N/A": (["N/A", "rose", "N/A", "rose"], "'N/A' ("),
    "tags": (["daisy yellow", "daisy", "daisy", "yellow"], "pass label_sep=' '"),
    "commas": (["daisy,red", "rose,red", "daisy,red", "rose,red"], "pass label_sep=','"),
    "semicolons": (["daisy;red", "rose;red", "daisy;red", "rose;red"], "pass label_sep=';'"),
    "bars": (["daisy|red", "rose|red", "daisy|red", "rose|red"], "pass label_sep='|'"),
    "unseen": (["daisy", "daisy\u200b", "rose", "rose"], "label(s) have blanks around them"),
    "signs": (["big cat", "Big_cat", "big cat", "Big_cat"], "case, blanks, - and _ only"),
    "numbers": (["1", "1.0", "1", "1.0"], "the spelling of numbers only"),
    "case": (["HAPPINESS", "happiness", "HAPPINESS", "happiness"], "differ in case only"),
    "splits": (["train", "Valid", "train", "Valid"], "words for parts"),
    "names": (["a.jpg", "b.png", "a.jpg", "b.png"], "names of pictures"),
    "measures": (["0.25", "0.5", "0.25", "0.5"], "measures"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_what_is_doubtful_is_said_by_every_reader(root: Path, doubt: str) -> None:
    cells, what = DOUBTS[doubt]
    cells = cells * 2
    lines = [f'{name},"{cell}"' for name, cell in zip(NAMES, cells, strict=True)]
    frame = {"name": NAMES, "label": cells}
    of = dict(zip(NAMES, cells, strict=True))
    x = np.zeros((8, 4, 4, 3), np.uint8)
    tables = [
        csv(root, "\n".join(["name,label", *lines])),
        read_frame(pandas.DataFrame(frame), root, val_idxs=[4, 5, 6, 7]),
        read_frame(polars.DataFrame(frame), root, val_idxs=[4, 5, 6, 7]),
        read_labelled(root, lambda path: of[path.name]),
        from_arrays((x, cells), (x, cells)),
    ]
    for table in tables:
        assert any(what in note for note in table.notes), table.notes


@pytest.mark.parametrize(
    "cells",
    [
        ["golden retriever", "labrador retriever", "poodle", "beagle"],
        ["cat", "dog", "cat", "dog"],
        ["0", "1", "2", "1"],
        ["T-shirt/top", "Ankle boot", "Bag", "Bag"],
    ],
)
def test_ordinary_labels_raise_no_doubt(cells: list[str]) -> None:
    x = np.zeros((16, 4, 4, 3), np.uint8)
    assert from_arrays((x, cells * 4), (x, cells * 4)).notes == ()


def test_doubtful_folders_are_said(make: Make) -> None:
    notes = read_folders(make(*(f"{kind}/{i}.jpg" for kind in ("nan", " cat") for i in "12"))).notes
    assert any("'nan' (2)" in note for note in notes)
    assert any("begin or end with blanks: ' cat'" in note for note in notes)


def test_a_separator_that_no_label_holds_is_said(root: Path) -> None:
    rows = zip(NAMES, ["x y", "z"] * 4, strict=True)
    text = "\n".join(["name,label", *(f"{name},{cell}" for name, cell in rows)])
    notes = csv(root, text, Columns(label_sep=";")).notes
    assert any("no row has two labels with ';' between them" in note for note in notes)


def test_cells_of_blanks_are_empty_in_columns_of_0_and_1() -> None:
    labels = one_hot_columns([["1", " "], ["0", "\u200b"]], ["cat", "dog"], ["row 0", "row 1"])
    assert labels.rows == (("cat",), None)
