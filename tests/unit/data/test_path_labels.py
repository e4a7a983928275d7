from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from warmstart.data.path_labels import read_labelled
from warmstart.data.split import Draw
from warmstart.data.table import Exclusion
from warmstart.errors import DataError, SettingError

Make = Callable[..., Path]


@pytest.fixture
def root(make: Make) -> Path:
    return make(*(f"{kind}_{i}.jpg" for kind in ("cat", "dog") for i in range(5)), "read.me")


def test_a_pattern_tells_the_class(root: Path) -> None:
    table = read_labelled(root, r"([^/]+)_\d+\.jpg$")
    assert table.classes == ("cat", "dog")
    assert [table.classes[label] for label in table.labels] == [name[:3] for name in table.names]
    assert table.counts()["valid"] == {"cat": 1, "dog": 1}
    assert table.exclusions == (Exclusion("read.me", "not an image suffix: .me"),)


def test_a_function_of_the_path_tells_the_class(root: Path) -> None:
    assert read_labelled(root, lambda path: path.name[:3]).classes == ("cat", "dog")
    assert read_labelled(root, lambda path: path.name[0] == "c").classes == ("False", "True")


def test_a_function_may_give_many_classes(root: Path) -> None:
    table = read_labelled(root, lambda path: [path.name[:3], "pet", "pet"])
    assert table.classes == ("cat", "dog", "pet")
    assert table.labels.sum(axis=1).tolist() == [2] * 10


def test_groups_out_of_names_are_not_parted(make: Make) -> None:
    root = make(*(f"p{p}/{kind}_{i}.jpg" for p in range(5) for kind in "ab" for i in range(3)))
    table = read_labelled(root, r"/([ab])_", group_of=r"^(p\d)/", draw=Draw(0.4))
    valid = {table.names[row].split("/")[0] for row in table.rows("valid")}
    train = {table.names[row].split("/")[0] for row in table.rows("train")}
    assert len(valid) == 2
    assert not valid & train


@pytest.mark.parametrize(
    ("label_of", "what"),
    [
        (r"^(cat)_", "for 5 of 10 images: dog_0.jpg"),
        (lambda path: None if "3" in path.name else "x", "for 2 of 10 images: cat_3.jpg"),
        (lambda path: ["x"] if "3" in path.name else "y", "a list only for some"),
        (lambda path: 0.5, "for 10 of 10"),
    ],
)
def test_an_image_without_a_class_is_named(root: Path, label_of: Any, what: str) -> None:
    with pytest.raises(DataError, match=what):
        read_labelled(root, label_of)


@pytest.mark.parametrize("pattern", ["(a)(b)", "cat", "(cat"])
def test_a_pattern_that_is_none_is_refused(root: Path, pattern: str) -> None:
    with pytest.raises(SettingError):
        read_labelled(root, pattern)


def test_an_error_of_the_function_names_the_image(root: Path) -> None:
    with pytest.raises(IndexError) as caught:
        read_labelled(root, lambda path: path.name.split("-")[1])
    assert caught.value.__notes__ == [f"label_of was asked about {root / 'cat_0.jpg'}"]


def test_an_image_without_a_group_is_named(root: Path) -> None:
    with pytest.raises(DataError, match="no group for 8 image"):
        read_labelled(root, r"([^/]+)_", group_of=r"_(0)\.jpg")


def test_no_folder_and_no_image(root: Path, make: Make) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        read_labelled(root / "no", "(a)")
    with pytest.raises(DataError, match="has no image"):
        read_labelled(make("empty/x.txt") / "empty", "(a)")


@pytest.mark.parametrize("empty", [None, "", " ", "\u200b"])
def test_a_label_or_group_of_blanks_that_nobody_sees_is_none(root: Path, empty: Any) -> None:
    def label_of(path: Path) -> Any:
        return empty if path.name == "cat_0.jpg" else path.name[:3]

    with pytest.raises(DataError, match="no class, or a list only for some, for 1 of 10 images"):
        read_labelled(root, label_of)
    with pytest.raises(DataError, match=r"no group for 1 image\(s\): cat_0.jpg"):
        read_labelled(root, lambda path: path.name[:3], group_of=label_of)
