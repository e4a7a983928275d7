import re
from collections.abc import Callable
from pathlib import Path

import pytest

from warmstart.data.folders import read_folders
from warmstart.errors import DataError

Make = Callable[..., Path]
PARTS = ("train/cat/1.jpg", "train/dog/1.jpg", "train/cat/2.jpg")


def error_of(root: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        read_folders(root)
    return caught.value


def test_a_misspelled_folder_is_guessed(make: Make) -> None:
    root = make(*PARTS)
    assert error_of(root.with_name("pet")).fix == f"did you mean {root}?"


def test_one_level_too_high(make: Make) -> None:
    root = make(*PARTS)
    assert error_of(root.parent).fix == f"point one level deeper: {root}"


def test_one_level_too_deep(make: Make) -> None:
    root = make(*PARTS)
    assert error_of(root / "train/cat").fix == f"point at the folder above: {root}"


def test_a_single_class_folder_among_others(make: Make) -> None:
    root = make("cat/1.jpg", "dog/1.jpg")
    assert error_of(root / "cat").fix.endswith(f"point at the folder above: {root}")


def test_the_train_folder_alone_is_read_with_a_note(make: Make) -> None:
    root = make(*PARTS, "valid/cat/1.jpg")
    (note,) = [note for note in read_folders(root / "train").notes if "beside" in note]
    assert note.startswith("valid beside")
    assert str(root) in note


@pytest.mark.parametrize(
    ("name", "fix"),
    [("pets.zip", "unzip pets.zip"), ("pets.tar.gz", "tar xf pets.tar.gz"), ("a.csv", "from_csv"),
     ("a.jpg", "pass the folder that holds the class folders")],
)  # fmt: skip
def test_a_file_is_no_folder(make: Make, name: str, fix: str) -> None:
    error = error_of(make(name) / name)
    assert "is a file" in error.what
    assert fix in error.fix


@pytest.mark.parametrize(
    ("names", "what"),
    [
        (["x/"], "no class folder with images"),
        ([".DS_Store"], "neither class folders nor images"),
        (["1.jpg", "2.jpg"], "images but no class folders"),
        (["cat/1.jpg"], r"1 class\(es\): cat"),
        (["train/1.jpg", "train/2.jpg"], "and 2 image.* in none"),
        (["cat/1.jpg", "dog/1.jpg", "emu/"], "class folder.* no image; the first: .*emu"),
        (["cat/1.jpg", "dog/1.jpg", "emu/1.heic"], r"emu \(it has 1 other .*heic"),
        ([*PARTS, "valid/"], "valid has no class folder with images"),
        (["valid/cat/1.jpg", "test/1.jpg"], "no train folder"),
        (["Train/cat/1.jpg", "Test/1.jpg"], "none named train"),
        ([*PARTS, "val/cat/1.jpg"], "a folder val, and none named valid"),
        ([*PARTS, "valid/cat/1.jpg", "Test/1.jpg"], "a folder Test, and none named test"),
    ],
)
def test_each_wrong_layout_has_its_error(make: Make, names: list[str], what: str) -> None:
    error = error_of(make(*names))
    assert re.search(what, error.what), error.what
    assert error.fix


def test_the_fix_for_other_names_works(make: Make) -> None:
    root = make(*PARTS, "val/cat/1.jpg", "test/1.jpg")
    assert 'pass val_name="val"' in error_of(root).fix
    assert len(read_folders(root, names=("train", "val", "test")).rows("valid")) == 1


def test_all_parts_under_other_names(make: Make) -> None:
    fix = error_of(make("Train/cat/1.jpg", "validation/cat/1.jpg")).fix
    assert fix == 'pass trn_name="Train", val_name="validation".'


def test_a_name_that_was_given_must_be_there(make: Make) -> None:
    with pytest.raises(DataError, match="no folder fit"):
        read_folders(make("cat/1.jpg", "dog/1.jpg"), names=("fit", "valid", None))


def test_a_class_named_like_a_part_is_a_class(make: Make) -> None:
    table = read_folders(make("test/1.jpg", "test/2.jpg", "exam/1.jpg", "exam/2.jpg"))
    assert table.classes == ("exam", "test")
