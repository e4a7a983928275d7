from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from warmstart.data.columns import DEFAULT_COLUMNS, Columns
from warmstart.data.csv_table import Dialect, read_csv, read_lines
from warmstart.data.faults import Faults
from warmstart.data.file_names import NamesBelow
from warmstart.data.split import Draw
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError

Make = Callable[..., Path]
IMAGES = ("a.jpg", "b.jpg", "c.jpg", "d.jpg")
ROWS = "name,label\na.jpg,cat\nb.jpg,dog\nc.jpg,cat\nd.jpg,dog\n"


@pytest.fixture
def root(make: Make) -> Path:
    return make(*IMAGES)


def read(
    root: Path, text: str | bytes, columns: Columns = DEFAULT_COLUMNS, **more: Any
) -> ImageTable:
    path = root.parent / "labels.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_csv(path, root, columns, **more)


def error_of(root: Path, text: str | bytes, columns: Columns = DEFAULT_COLUMNS) -> DataError:
    with pytest.raises(DataError) as caught:
        read(root, text, columns)
    return caught.value


def test_each_row_becomes_a_row(root: Path) -> None:
    table = read(root, ROWS, draw=Draw(0.5))
    assert table.names == IMAGES
    assert table.classes == ("cat", "dog")
    assert table.labels.tolist() == [0, 1, 0, 1]
    assert table.counts()["valid"] == {"cat": 1, "dog": 1}
    assert not table.is_multi_label
    assert table.exclusions == ()


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + ROWS.encode(),
        ROWS.replace("\n", "\r\n"),
        ROWS.replace("\n", "\n\n"),
        ROWS.rstrip("\n"),
        ROWS.replace("a.jpg,cat", '"a.jpg","cat"'),
        ROWS.replace("a.jpg", "./a.jpg").replace("b.jpg", "x/../b.jpg"),
    ],
)
def test_other_ways_to_write_the_same(root: Path, text: str | bytes) -> None:
    table = read(root, text)
    assert table.names == IMAGES
    assert table.labels.tolist() == [0, 1, 0, 1]


def test_no_header_another_delimiter_and_columns_by_position(root: Path) -> None:
    text = "1;cat;a.jpg\n2;dog;b.jpg\n3;cat;c.jpg\n4;dog;d.jpg"
    table = read(
        root, text, Columns(name=-1, label=1), dialect=Dialect(header=False, delimiter=";")
    )
    assert table.labels.tolist() == [0, 1, 0, 1]


def test_columns_by_title_with_folder_suffix_split_and_group(make: Make) -> None:
    root = make("img/1.jpg", "img/2.jpg", "img/3.jpg", "img/4.jpg", "img/5.jpg")
    rows = ["train,p,cat,1", "train,q,dog,2", "valid,r,cat,3", "test,s,,4", "test,,dog,5"]
    text = "\n".join(["fold,who,what,id", *rows])
    columns = Columns("id", "what", "fold", "who", folder="img", suffix=".jpg")
    table = read(root, text, columns)
    assert table.names == tuple(f"img/{number}.jpg" for number in range(1, 6))
    assert table.splits.tolist() == ["train", "train", "valid", "test", "test"]
    assert table.labels.tolist() == [0, 1, 0, -1, 1]
    assert table.groups == ("p", "q", "r", "s", "\nimg/5.jpg")


def test_unicode_names_quotes_and_absolute_paths(make: Make, tmp_path: Path) -> None:
    root = make("été, 日本.jpg", "b.jpg", 'say "hi".jpg')
    outside = tmp_path / "out.jpg"
    outside.touch()
    text = (
        f'n,l\n"été, 日本.jpg",chat\n{root / "b.jpg"},chien\n"say ""hi"".jpg",chat\n{outside},chien'
    )
    table = read(root, text)
    assert table.names == (str(outside), "b.jpg", 'say "hi".jpg', "été, 日本.jpg")
    assert all(table.path(row).is_file() for row in range(4))


@pytest.mark.parametrize("folder", ["img", "img/", "./img", "x/../img", "ABSOLUTE"])
def test_a_folder_may_be_written_in_any_way(make: Make, folder: str) -> None:
    root = make("img/a.jpg", "img/b.jpg", "img/c.jpg", "img/d.jpg", "img/e.jpg")
    folder = str(root / "img") if folder == "ABSOLUTE" else folder
    table = read(root, ROWS, Columns(folder=folder))
    assert table.names == ("img/a.jpg", "img/b.jpg", "img/c.jpg", "img/d.jpg")
    assert [item.name for item in table.exclusions] == ["img/e.jpg"]


def test_val_idxs_count_rows_as_written(root: Path) -> None:
    table = read(root, "n,l\nd.jpg,dog\nc.jpg,cat\nb.jpg,dog\na.jpg,cat", val_idxs=[0, 1])
    assert [table.names[row] for row in table.rows("valid")] == ["c.jpg", "d.jpg"]


@pytest.mark.parametrize("val_idxs", [[4], [-1], []])
def test_val_idxs_that_are_no_rows_are_refused(root: Path, val_idxs: list[int]) -> None:
    with pytest.raises(SettingError, match="val_idxs holds"):
        read(root, ROWS, val_idxs=val_idxs)


def test_many_labels_only_when_a_separator_is_given(root: Path) -> None:
    text = "n,l\na.jpg,big cat\nb.jpg,dog\nc.jpg,\nd.jpg,cat dog cat"
    table = read(root, text, Columns(label_sep=" "), val_idxs=[1])
    assert table.is_multi_label
    assert table.classes == ("big", "cat", "dog")
    assert table.labels.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0], [0, 1, 1]]
    assert "1 image(s) have none of the classes: c.jpg" in table.notes
    single = read(root, text.replace("c.jpg,", "c.jpg,dog"), val_idxs=[1])
    assert single.classes == ("big cat", "cat dog cat", "dog")


def test_a_test_row_without_labels_is_unlabelled_also_among_many(root: Path) -> None:
    text = "n,l,s\na.jpg,x y,train\nb.jpg,,valid\nc.jpg,,test\nd.jpg,y,test"
    table = read(root, text, Columns(split="s", label_sep=" "))
    assert table.labels.tolist() == [[1, 1], [0, 0], [-1, -1], [0, 1]]


def test_a_repeated_row_is_kept_once_and_named(root: Path) -> None:
    table = read(root, ROWS + "./a.jpg,cat\n")
    assert table.names == IMAGES
    (repeat,) = table.exclusions
    assert repeat.name == "labels.csv, line 6: a.jpg"


def test_rows_that_contradict_each_other_are_refused(root: Path) -> None:
    what = error_of(root, ROWS + "a.jpg,dog\nb.jpg,cat\n").what
    assert "contradicts itself in 2 place(s): a.jpg is cat (train) in line 2, dog" in what
    assert "line 6" in what


def test_files_that_no_row_mentions_are_named(make: Make) -> None:
    root = make(*IMAGES, "e.jpg", "more/1.jpg", "more/x/2.jpg", "more/3.txt", "f.txt")
    found = {item.name: item.reason for item in read(root, ROWS).exclusions}
    assert found == {
        "e.jpg": "not in labels.csv",
        "more/": "not in labels.csv",
        "f.txt": "not an image suffix: .txt",
    }


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("", "has no rows", "write one"),
        ("name,label\n", "no rows below its header", "header=False"),
        (ROWS.replace(",", ";"), "separated by ';'", "delimiter=';'"),
        (ROWS.replace(",", "\t"), "separated by '\\t'", "delimiter='\\t'"),
        (ROWS.removeprefix("name,label\n"), "it names an image: a.jpg", "header=False"),
        (ROWS.replace("c.jpg,cat", "c.jpg,cat,black"), "line 4 has 3", '"cat, black"'),
        (ROWS.replace("c.jpg,cat", "c.jpg"), "line 4 has 1", "quotes"),
        (ROWS.replace("c.jpg,cat", "c.jpg, "), "an empty label: 'c.jpg' (line 4)", "line 4"),
        (ROWS.replace("c.jpg,cat", ",cat"), "an empty name", "line 4"),
        (ROWS.replace("c.jpg", "../../c.jpg"), "do not exist", "off the names"),
        (ROWS.replace("a.jpg,cat", 'a.jpg,"cat'), "unexpected end of data", "quote"),
        (ROWS.replace("dog", "cat"), "1 class(es): cat", "another class"),
        (ROWS.replace("cat", "\xe2").encode("latin-1"), "0xe2 at position 17, in line 2", "cp1252"),
        (ROWS.encode("utf-16-le"), "zero bytes", 'encoding="utf-16-le"'),
        (ROWS.encode("utf-16-be"), "zero bytes", 'encoding="utf-16-be"'),
    ],
)  # fmt: skip
def test_each_mistake_has_its_error(root: Path, text: str | bytes, what: str, fix: str) -> None:
    error = error_of(root, text)
    assert what in error.what
    assert fix in error.fix


def test_every_row_a_class_of_its_own_cannot_be_split(root: Path) -> None:
    error = error_of(root, "n,l\na.jpg,1\nb.jpg,2\nc.jpg,3\nd.jpg,4")
    assert "none of the 4 training images" in error.what


@pytest.mark.parametrize("split", ["valid", "test"])
def test_a_class_that_train_lacks_is_an_error(root: Path, split: str) -> None:
    text = f"n,l,s\na.jpg,cat,train\nb.jpg,dog,train\nc.jpg,emu,{split}\nd.jpg,cat,train"
    error = error_of(root, text, Columns(split=2))
    assert f"{split} has 1 class(es) that train does not have, with 1 image(s): emu" in error.what


def test_an_unknown_split_is_an_error(root: Path) -> None:
    text = "n,l,s\na.jpg,cat,train\nb.jpg,dog,hold\n"
    assert "unknown split: 'hold' (line 3)" in error_of(root, text, Columns(split=2)).what


def test_a_group_in_two_splits_is_an_error(root: Path) -> None:
    text = "n,l,s,g\na.jpg,cat,train,p\nb.jpg,dog,train,q\nc.jpg,cat,valid,p\n"
    what = error_of(root, text, Columns(split=2, group=3)).what
    assert "1 group(s) are in more than one split: p (train, valid)" in what


def test_a_column_that_is_not_there(root: Path) -> None:
    with pytest.raises(SettingError) as caught:
        read(root, ROWS, Columns(label="lable"))
    assert caught.value.fix == "did you mean 'label'?"
    with pytest.raises(SettingError, match="no column 2"):
        read(root, ROWS, Columns(label=2))


def test_no_such_csv_and_no_such_root(root: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        read_csv(root / "no.csv", root)
    (root / "labels.csv").write_text(ROWS)
    with pytest.raises(DataError, match="there is no folder"):
        read_csv(root / "labels.csv", root / "no")


def test_names_below_a_folder_are_those_and_no_others() -> None:
    below = NamesBelow("photos/", ("a.jpg", "b/c.jpg"))
    assert "photos/a.jpg" in below
    assert "photos/b/c.jpg" in below
    for name in ("a.jpg", "photos/", "photos/b", "photos/z.jpg", "other/a.jpg", 3):
        assert name not in below


def test_lines_are_told_as_they_stand_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("name,label\na.jpg,x\n\n\nb.jpg,y\n")
    grid = read_lines(tmp_path / "rows.csv", Dialect(), Faults())
    assert list(grid.where) == ["line 2", "line 5"]
    assert list(grid.where[1:]) == ["line 5"]
    assert list(grid.columns[1]) == ["x", "y"]
