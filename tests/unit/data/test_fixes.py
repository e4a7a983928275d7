from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from warmstart.data.fixes import Fix, read_fixes, with_fixes, write_fixes
from warmstart.data.folders import read_folders
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError

NAMES = [
    f"{part}/{i}.png"
    for part in ("train/cat", "train/dog", "valid/cat", "valid/dog")
    for i in (1, 2)
]


@pytest.fixture
def table(make: Callable[..., Path]) -> ImageTable:
    return read_folders(make(*NAMES))


def write(folder: Path, *lines: str, header: str = "name,action,label") -> Path:
    path = folder / "fixes.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_drop_relabel_and_look(table: ImageTable, tmp_path: Path) -> None:
    path = write(
        tmp_path, "train/cat/1.png,drop,", "train/dog/1.png,relabel,cat", "train/dog/2.png,look,cat"
    )
    fixed = with_fixes(table, path)
    assert "train/cat/1.png" not in fixed.names
    assert ("train/cat/1.png", "dropped by fixes.csv") in [
        (item.name, item.reason) for item in fixed.exclusions
    ]
    label = {name: fixed.classes[fixed.labels[row]] for row, name in enumerate(fixed.names)}
    assert label["train/dog/1.png"] == "cat"
    assert label["train/dog/2.png"] == "dog"
    assert len(fixed) + 1 == len(table)
    assert fixed.notes[-1] == (
        "fixes.csv: 1 dropped, 1 relabelled (first: train/dog/1.png); 1 to look at, which changes "
        "nothing"
    )
    assert table.labels[list(table.names).index("train/dog/1.png")] == 1  # the old one is as it was


def test_what_is_written_is_read(tmp_path: Path) -> None:
    fixes = [Fix('a, "b".jpg', "drop", reason="x; y"), Fix("ü.jpg", "look", "dog", "z", "0.97")]
    write_fixes(tmp_path / "new" / "fixes.csv", fixes)
    assert [fix for _, fix in read_fixes(tmp_path / "new" / "fixes.csv")] == fixes


def test_nothing_to_fix(table: ImageTable, tmp_path: Path) -> None:
    write_fixes(tmp_path / "fixes.csv", [])
    fixed = with_fixes(table, tmp_path / "fixes.csv")
    assert fixed.names == table.names
    assert fixed.notes[-1] == "fixes.csv: 0 dropped, 0 relabelled"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("train/cat/9.png,drop,", "line 3: there is no picture 'train/cat/9.png'"),
        ("train/cat/9.png,look,", "line 3: there is no picture 'train/cat/9.png'"),
        ("train/cat/1.png,relabel,cow", "line 3: the class 'cow' is unknown"),
        ("train/cat/1.png,relabel,", "line 3: the class '' is unknown"),
        ("train/cat/1.png,remove,", "line 3: the action 'remove' is unknown"),
        ("train/dog/1.png,drop,", "lines 2 and 3 are both about train/dog/1.png"),
        ("train/dog/2.png", "line 3 has 1 cells"),
    ],
)
def test_a_wrong_line_is_named(table: ImageTable, tmp_path: Path, line: str, says: str) -> None:
    path = write(tmp_path, "train/dog/1.png,look,", line)
    with pytest.raises(DataError, match=says):
        with_fixes(table, path)


def test_columns_may_be_missing_or_elsewhere(table: ImageTable, tmp_path: Path) -> None:
    path = write(tmp_path, "mine,drop,train/cat/1.png", header="comment,action,name")
    assert len(with_fixes(table, path)) == len(table) - 1
    with pytest.raises(DataError, match="has no column action"):
        with_fixes(table, write(tmp_path, "a,drop", header="name,what"))


def test_a_class_that_is_emptied_is_an_error(table: ImageTable, tmp_path: Path) -> None:
    path = write(tmp_path, "train/cat/1.png,drop,", "train/cat/2.png,relabel,dog")
    with pytest.raises(DataError, match="there are no training rows of cat"):
        with_fixes(table, path)
    path = write(tmp_path, *(f"{name},drop," for name in NAMES if name.startswith("valid")))
    with pytest.raises(DataError, match="there are no validation rows"):
        with_fixes(table, path)


def test_a_class_that_no_longer_validates_is_noted_once(table: ImageTable, tmp_path: Path) -> None:
    path = write(tmp_path, *(f"valid/cat/{i}.png,drop," for i in (1, 2)))
    once = with_fixes(table, path)
    assert [note for note in once.notes if "no validation image" in note] == [
        "1 class(es) have no validation image: cat (2 in train)"
    ]


def test_many_labels_cannot_be_relabelled(tmp_path: Path) -> None:
    table = ImageTable(
        tmp_path, ("a", "b"), np.array(["train", "valid"]), np.eye(2, dtype=np.int64), ("x", "y")
    )
    with pytest.raises(SettingError, match="line 2: relabel gives one label"):
        with_fixes(table, write(tmp_path, "a,relabel,y"))
