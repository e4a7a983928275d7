from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from warmstart.data.folders import read_folders
from warmstart.data.split import Draw
from warmstart.errors import DataError, SettingError

Make = Callable[..., Path]
PHOTOS = Path(__file__).parents[3].parent / "shared/data/dogscats"


def many(folder: str, number: int) -> list[str]:
    return [f"{folder}/{i}.jpg" for i in range(number)]


def test_train_valid_and_test_without_labels(make: Make) -> None:
    names = [
        "train/dog/b.jpg",
        "valid/cat/c.PNG",
        "train/cat/a.jpg",
        "valid/dog/d.jpg",
        "test/e.jpg",
    ]
    root = make(*names)
    table = read_folders(root)
    assert table.names == tuple(sorted(names))
    assert table.splits.tolist() == ["test", "train", "train", "valid", "valid"]
    assert table.labels.tolist() == [-1, 0, 1, 0, 1]
    assert table.classes == ("cat", "dog")
    assert table.exclusions == ()
    assert table.notes == ()
    assert table.path(0) == root / "test/e.jpg"


def test_class_folders_alone_are_split_by_class(make: Make) -> None:
    table = read_folders(make(*many("cat", 10), *many("dog", 30)), draw=Draw(0.3))
    assert table.counts()["valid"] == {"cat": 3, "dog": 9}
    assert table.counts()["train"] == {"cat": 7, "dog": 21}


def test_another_seed_draws_other_rows(make: Make) -> None:
    root = make(*many("cat", 20), *many("dog", 20))
    drawn = [read_folders(root, draw=Draw(seed=seed)).rows("valid").tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_missing_valid_folder_is_drawn_from_train(make: Make) -> None:
    table = read_folders(make(*many("train/cat", 5), *many("train/dog", 5)))
    assert table.counts()["valid"] == {"cat": 1, "dog": 1}


def test_a_test_with_class_folders_keeps_its_labels(make: Make) -> None:
    root = make(*many("train/cat", 2), *many("train/dog", 2), "test/dog/x.jpg", "test/y.jpg")
    table = read_folders(root)
    assert table.labels[table.rows("test")].tolist() == [1, -1]


def test_a_test_with_other_folders_has_no_labels_and_a_note(make: Make) -> None:
    root = make(*many("train/cat", 2), *many("train/dog", 2), "test/unknown/x.jpg")
    table = read_folders(root)
    assert table.labels[table.rows("test")].tolist() == [-1]
    assert any("unknown" in note for note in table.notes)


def test_nested_images_belong_to_the_class_folder(make: Make) -> None:
    table = read_folders(make("cat/a/b/1.jpg", "cat/2.jpg", "dog/3.jpg", "dog/cat/4.jpg"))
    named = dict(zip(table.names, table.labels.tolist(), strict=True))
    assert named == {"cat/a/b/1.jpg": 0, "cat/2.jpg": 0, "dog/3.jpg": 1, "dog/cat/4.jpg": 1}


def test_what_is_no_row_is_named(make: Make) -> None:
    root = make(
        *many("train/cat", 2), *many("train/dog", 2), "train/loose.jpg", "train/cat/notes.txt",
        "train/cat/.hidden.jpg", "models/w.bin", ".git/x.jpg", "readme.md", "top.jpg",
    )  # fmt: skip
    reasons = {item.name: item.reason for item in read_folders(root).exclusions}
    assert reasons == {
        ".git/": "a hidden folder",
        "models/": "outside train",
        "readme.md": "not an image suffix: .md",
        "top.jpg": "in no part's folder",
        "train/cat/.hidden.jpg": "a hidden file",
        "train/cat/notes.txt": "not an image suffix: .txt",
        "train/loose.jpg": "not in a class folder",
    }


def test_a_class_of_one_image_stays_in_train_and_is_noted(make: Make) -> None:
    table = read_folders(make("cat/1.jpg", *many("dog", 5)))
    assert table.counts()["train"]["cat"] == 1
    assert any("cat (1 in train)" in note for note in table.notes)


def test_a_class_without_valid_images_is_noted(make: Make) -> None:
    root = make(*many("train/cat", 2), *many("train/dog", 2), "valid/cat/9.jpg", "valid/dog/")
    assert any("dog (2 in train)" in note for note in read_folders(root).notes)


@pytest.mark.parametrize("valid_pct", [0.0, 1.0, -0.1, 20.0, float("nan")])
def test_a_share_outside_0_to_1_is_refused(make: Make, valid_pct: float) -> None:
    with pytest.raises(SettingError, match="valid_pct"):
        read_folders(make(*many("cat", 5), *many("dog", 5)), draw=Draw(valid_pct))


@pytest.mark.parametrize("split", ["valid", "test"])
def test_a_class_that_train_lacks_is_an_error_that_names_it(make: Make, split: str) -> None:
    train = [*many("train/cat", 2), *many("train/dog", 2)]
    root = make(*train, f"{split}/cat/1.jpg", f"{split}/emu/1.jpg")
    with pytest.raises(DataError, match=rf"{split} has 1 class.*emu"):
        read_folders(root)


@pytest.mark.parametrize(
    "names",
    [("Cat/1.jpg", "cat/1.jpg"), ("train/cat/1.jpg", "train/dog/1.jpg", "valid/Cat/1.jpg"),
     ("caf\u00e9/1.jpg", "cafe\u0301/1.jpg")],
)  # fmt: skip
def test_two_spellings_of_a_class_are_refused(make: Make, names: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="spelled in several ways"):
        read_folders(make(*names, *many("cow", 0)))


def test_other_names_of_the_parts(make: Make) -> None:
    fit = [*many("fit/cat", 2), *many("fit/dog", 2)]
    root = make(*fit, "val/cat/1.jpg", "val/dog/1.jpg", "test/1.jpg")
    table = read_folders(root, names=("fit", "val", None))
    assert len(table.rows("valid")) == 2
    assert len(table.rows("test")) == 0
    assert [item.name for item in table.exclusions] == ["test/"]


def test_one_order_of_classes_for_all_splits(make: Make) -> None:
    root = make(*(f"{part}/{name}/1.jpg" for part in ("train", "valid", "test") for name in "cab"))
    table = read_folders(root)
    for row, name in enumerate(table.names):
        assert table.classes[table.labels[row]] == name.split("/")[1]
    assert np.unique(table.splits).tolist() == ["test", "train", "valid"]


@pytest.mark.skipif(not PHOTOS.is_dir(), reason=f"needs the photos in {PHOTOS}")
def test_real_photos() -> None:
    table = read_folders(PHOTOS)
    assert table.counts() == {
        "train": {"cats": 500, "dogs": 500},
        "valid": {"cats": 150, "dogs": 150},
        "test": {"cats": 0, "dogs": 0, "(no label)": 99},
    }
    assert table.exclusions == ()
    assert all(table.path(row).is_file() for row in range(len(table)))
