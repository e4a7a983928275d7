import re
from collections.abc import Callable
from pathlib import Path

import pytest

from warmstart.data.folders import read_folders
from warmstart.data.table import SPLITS
from warmstart.errors import DataError, SettingError

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
    [
        ("pets.zip", "unzip pets.zip"),
        ("pets.tar.gz", "tar xf pets.tar.gz"),
        ("a.csv", "from_csv"),
        ("a.xlsx", "as a CSV"),
        ("a.jpg", "pass the folder that holds the class folders"),
    ],
)
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
        (["cat/1.jpg", "dog/1.jpg", "emu/"], "class folder.* no image: emu; the first is .*emu"),
        (["cat/1.jpg", "dog/1.jpg", "emu/1.cr2"], r"emu\. It holds 1 × .*cr2"),
        ([*PARTS, "valid/"], "valid has no class folder with images"),
        (["valid/cat/1.jpg", "test/1.jpg"], "no train folder"),
        (["Train/1.jpg", "Test/1.jpg"], "Train has no class folder with images"),
        ([*PARTS, "val/cat/1.jpg", "dev/cat/1.jpg"], "folders dev and val, and none named valid"),
    ],
)
def test_each_wrong_layout_has_its_error(make: Make, names: list[str], what: str) -> None:
    error = error_of(make(*names))
    assert re.search(what, error.what), error.what
    assert error.fix


@pytest.mark.parametrize("valid", ["val", "validation", "dev", "Valid", "VAL"])
@pytest.mark.parametrize("train", ["train", "training", "Train"])
@pytest.mark.parametrize("test", ["test", "testing", "Test"])
def test_other_usual_names_of_the_parts_are_taken_and_said(
    make: Make, train: str, valid: str, test: str
) -> None:
    """C3: nobody has to rename a folder."""
    names = {f"{train}/cat/1.jpg", f"{train}/dog/1.jpg", f"{valid}/cat/2.jpg", f"{test}/3.jpg"}
    table = read_folders(make(*names, "notes/readme.md"))
    of_split = {split: [table.names[row] for row in table.rows(split)] for split in SPLITS}
    assert of_split == {
        "train": [f"{train}/cat/1.jpg", f"{train}/dog/1.jpg"],
        "valid": [f"{valid}/cat/2.jpg"],
        "test": [f"{test}/3.jpg"],
    }
    told = [note for note in table.notes if "are read from the folder" in note]
    used = zip(SPLITS, (train, valid, test), strict=True)
    assert told == [
        f"{usual} images are read from the folder {name}" for usual, name in used if usual != name
    ]


def test_one_folder_may_validate_that_is_called_test(make: Make) -> None:
    table = read_folders(make(*PARTS, "test/cat/1.jpg"), names=("train", "test", "test"))
    assert [table.names[row] for row in table.rows("valid")] == ["test/cat/1.jpg"]
    assert len(table.rows("test")) == 0
    assert any("the folder test is read as valid" in note for note in table.notes)


def test_one_folder_cannot_train_and_judge(make: Make) -> None:
    with pytest.raises(SettingError, match="trn_name and val_name are both 'train'"):
        read_folders(make(*PARTS), names=("train", "train", "test"))


def test_the_usual_name_goes_before_others_which_are_named(make: Make) -> None:
    table = read_folders(make(*PARTS, "valid/cat/1.jpg", "val/cat/2.jpg"))
    assert [table.names[row] for row in table.rows("valid")] == ["valid/cat/1.jpg"]
    assert [item.name for item in table.exclusions] == ["val/"]


def test_the_fix_for_two_other_names_works(make: Make) -> None:
    root = make(*PARTS, "val/cat/1.jpg", "dev/cat/2.jpg")
    assert 'pass val_name="dev"' in error_of(root).fix
    assert len(read_folders(root, names=("train", "dev", "test")).rows("valid")) == 1


def test_classes_may_be_called_like_parts(make: Make) -> None:
    names = [f"{name}/{i}.jpg" for name in ("training", "testing", "resting") for i in (1, 2)]
    assert read_folders(make(*names)).classes == ("resting", "testing", "training")


def test_a_name_that_was_given_must_be_there(make: Make) -> None:
    with pytest.raises(DataError, match="no folder fit"):
        read_folders(make("cat/1.jpg", "dog/1.jpg"), names=("fit", "valid", None))


def test_a_class_named_like_a_part_is_a_class(make: Make) -> None:
    table = read_folders(make("test/1.jpg", "test/2.jpg", "exam/1.jpg", "exam/2.jpg"))
    assert table.classes == ("exam", "test")
