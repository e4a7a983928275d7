"""C4: the columns of strangers' tables, named or found; images anywhere."""

from collections.abc import Callable
from pathlib import Path

import pandas
import pytest

from warmstart.data.columns import Columns
from warmstart.data.csv_table import Dialect, read_csv
from warmstart.data.frame import read_frame
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError

Make = Callable[..., Path]
NAMES = [f"img/{letter}.jpg" for letter in "abcdefgh"]
LABELS = ["cat", "dog"] * 4


def read(
    root: Path, titles: str, row: str, columns: Columns | None = None, *, header: bool = True
) -> ImageTable:
    """A table with one line per image: NAME, BARE, LABEL, ROW and HALF stand for what varies."""
    lines = [titles] if header else []
    for i, (name, label) in enumerate(zip(NAMES, LABELS, strict=True)):
        cells = {
            "NAME": name,
            "BARE": name[4:-4],
            "LABEL": label,
            "ROW": str(i),
            "HALF": str(i % 2),
        }
        line = row
        for key, value in cells.items():
            line = line.replace(key, value)
        lines.append(line)
    path = root.parent / "labels.csv"
    path.write_text("\n".join(lines))
    return read_csv(path, root, columns or Columns(), Dialect(header))


@pytest.fixture
def root(make: Make) -> Path:
    return make(*NAMES)


@pytest.mark.parametrize(
    ("titles", "row"),
    [
        ("file,label", "NAME,LABEL"),
        ("label,file", "LABEL,NAME"),
        ("id,file,what", "ROW,NAME,LABEL"),
        ("id,what,file", "ROW,LABEL,NAME"),
        ("what,id,file", "LABEL,ROW,NAME"),
        ("file,width,label", "NAME,ROW,LABEL"),
        ("width,Category,height,x", "ROW,LABEL,HALF,NAME"),
        (" file , Label ", "NAME,LABEL"),
    ],
)
def test_names_and_labels_are_found_wherever_they_stand(root: Path, titles: str, row: str) -> None:
    table = read(root, titles, row)
    assert table.names == tuple(NAMES)
    assert table.classes == ("cat", "dog")
    if titles.split(",")[0].strip() != "file":
        assert any("names of files are read from the column" in note for note in table.notes)


def test_without_a_header_too(root: Path) -> None:
    assert read(root, "", "ROW,NAME,LABEL", header=False).classes == ("cat", "dog")


def test_a_frame_is_searched_likewise(root: Path) -> None:
    frame = pandas.DataFrame({"id": range(8), "what": LABELS, "where": NAMES})
    table = read_frame(frame, root)
    assert table.names == tuple(NAMES)
    assert table.classes == ("cat", "dog")


def test_the_split_column_is_never_taken_for_labels(root: Path) -> None:
    table = read(root, "file,s,what", "NAME,train,LABEL", Columns(split="s"))
    assert table.classes == ("cat", "dog")


@pytest.mark.parametrize("title", ["split", "is_valid", "Is Test", "fold"])
def test_a_split_column_that_nobody_named_is_no_label_and_said(root: Path, title: str) -> None:
    last = f"file,x,{title}", "NAME,HALF,HALF"
    for titles, row in ((f"file,{title},what", "NAME,HALF,LABEL"), last):
        table = read(root, titles, row)
        assert table.classes in {("cat", "dog"), ("0", "1")}
        assert any(f"the column {title} seems to say who validates" in note for note in table.notes)


def test_a_column_that_was_named_is_taken(root: Path) -> None:
    table = read(root, "id,file,what", "ROW,NAME,LABEL", Columns(name="file", label="what"))
    assert table.names == tuple(NAMES)
    folder = Columns(name="key", suffix=".jpg", folder="img")
    assert read(root, "what,key", "LABEL,BARE", folder).names == tuple(NAMES)
    assert read(root, "what,key", "LABEL,BARE", Columns(suffix=".jpg", folder="img")).classes == (
        "cat",
        "dog",
    )


def test_two_columns_of_names_are_asked_about(root: Path) -> None:
    with pytest.raises(SettingError) as caught:
        read(root, "id,one,two,what", "ROW,NAME,./NAME,LABEL")
    assert "in several columns: 'one' and 'two'" in caught.value.what
    assert caught.value.flags == ("--name-column", "one")


def test_several_columns_that_could_be_labels_are_asked_about(root: Path) -> None:
    with pytest.raises(SettingError) as caught:
        read(root, "id,file,one,two", "ROW,NAME,LABEL,LABEL")
    assert "several columns that could hold the labels: id,one,two" in caught.value.what


@pytest.mark.parametrize("how", ["beside", "up", "absolute", "here", "windows"])
def test_images_may_lie_anywhere(
    root: Path, how: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The rows that validate are the same, wherever the folder lies."""
    (tmp_path / "tables").mkdir()
    monkeypatch.chdir(tmp_path)
    folder, home = {
        "beside": ("img", root),
        "up": ("../pets/img", tmp_path / "tables"),
        "absolute": (str(root / "img"), tmp_path / "tables"),
        "here": ("pets/img", tmp_path / "tables"),
        "windows": ("..\\pets\\img", tmp_path / "tables"),
    }[how]
    path = home / "labels.csv"
    lines = [f"{n[4:]},{label}" for n, label in zip(NAMES, LABELS, strict=True)]
    path.write_text("\n".join(["name,label", *lines]))
    table = read_csv(path, home, Columns(folder=folder))
    prefix = "img/" if how == "beside" else ""
    assert table.names == tuple(prefix + name[4:] for name in NAMES)
    assert all(table.path(row).is_file() for row in range(8))
    assert any("images are read from" in note for note in table.notes) == (how == "here")


def test_cells_may_lead_out_of_the_folder(root: Path, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    path = tmp_path / "tables/labels.csv"
    lines = [f"../pets/{name},{label}" for name, label in zip(NAMES, LABELS, strict=True)]
    path.write_text("\n".join(["name,label", *lines]))
    table = read_csv(path, tmp_path / "tables")
    assert table.names == tuple(str(root / name) for name in NAMES)


def written(root: Path, change: Callable[[str], str]) -> ImageTable:
    path = root.parent / "labels.csv"
    lines = [f"{change(name)},{label}" for name, label in zip(NAMES, LABELS, strict=True)]
    path.write_text("\n".join(["name,label", *lines]))
    return read_csv(path, root)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (lambda name: name.replace("/", "\\"), "8 name(s) are read with / between folders"),
        (lambda name: ".\\" + name.replace("/", "\\"), "8 name(s) are read with / between folders"),
        (lambda name: f" {name}  ", "8 name(s) are read without what is around them"),
        (lambda name: f"{name}\t", "8 name(s) are read without what is around them"),
        (lambda name: f"'{name}'", "8 name(s) are read without what is around them"),
        (lambda name: f" .\\{name} ", "8 name(s) are read with / between folders"),
        (lambda name: f"./{name}", ""),
    ],
)  # fmt: skip
def test_c5_names_as_other_systems_write_them(
    root: Path, change: Callable[[str], str], note: str
) -> None:
    table = written(root, change)
    assert table.names == tuple(NAMES)
    assert table.exclusions == ()
    assert any(note in one for one in table.notes) or not note


def test_a_file_with_such_a_name_goes_before(make: Make) -> None:
    root = make(" x.jpg", "x.jpg", "y\\1.jpg", "y/1.jpg")
    path = root.parent / "labels.csv"
    path.write_text("n,l\n x.jpg,a\nx.jpg,b\ny\\1.jpg,a\ny/1.jpg,b")
    table = read_csv(path, root, val_idxs=[0, 1])
    assert table.names == (" x.jpg", "x.jpg", "y/1.jpg", "y\\1.jpg")
    assert not any("are read" in note for note in table.notes)


def test_paths_of_another_computer_say_what_to_take_off(root: Path) -> None:
    for begin in ("C:\\Users\\me\\", "D:/data/", "/home/me/"):
        with pytest.raises(DataError) as caught:
            written(root, lambda name, begin=begin: begin + name)  # type: ignore[misc]
        assert "take " in caught.value.fix
        assert begin.replace("\\", "/") in caught.value.fix


def test_excels_own_word_for_the_delimiter_is_taken(root: Path) -> None:
    path = root.parent / "labels.csv"
    lines = [f"{name};{label}" for name, label in zip(NAMES, LABELS, strict=True)]
    path.write_bytes("\r\n".join(["sep=;", "name;label", *lines]).encode("utf-8-sig"))
    assert read_csv(path, root).names == tuple(NAMES)


def test_what_spreadsheets_add_is_cut(root: Path) -> None:
    path = root.parent / "labels.csv"
    lines = [f"{name},{label},,," for name, label in zip(NAMES, LABELS, strict=True)]
    path.write_text("\n".join(["name,label", *lines, ",,,,", ",,"]))
    assert read_csv(path, root).names == tuple(NAMES)
