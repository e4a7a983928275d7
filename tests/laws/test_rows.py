"""Laws 1, 12 and 13: every file is in one row or one exclusion, in one order, and untouched."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.data.columns import Columns
from warmstart.data.csv_table import Dialect, read_csv
from warmstart.data.folders import read_folders
from warmstart.data.path_labels import read_labelled
from warmstart.data.split import Draw
from warmstart.data.table import ImageTable
from warmstart.errors import DataError

LOOSE = ["1.jpg", "2.PNG", "noext", ".hid.jpg"]
FILES = [*LOOSE, "deep/4.jpg", "é.gif", "a\nb.bmp"]
ALWAYS = {"cat/0.jpg", "dog/0.jpg", "cat/9.jpg"}
FOLDERS = ["cat", "dog", "emu", ".cache", "__MACOSX"]
PARTS = ["train/", "valid/", "test/", "other/", ""]
Names = set[str]


def files_in(folder: str, files: list[str] = FILES) -> st.SearchStrategy[Names]:
    return st.sets(st.sampled_from([f"{folder}{name}" for name in files]), max_size=4)


LAYOUT = st.tuples(
    *(files_in(f"{part}{folder}/") for part in PARTS for folder in FOLDERS),
    *(files_in(part, LOOSE) for part in PARTS),
).map(lambda sets: set().union(*sets))
CLASS_FOLDERS = st.tuples(*(files_in(f"{folder}/") for folder in FOLDERS), files_in("", LOOSE)).map(
    lambda sets: set().union(*sets) | ALWAYS
)
LINKS = st.lists(st.tuples(st.sampled_from(["train/cat/l", "train/dog/l.jpg", "train/l"]),
                           st.sampled_from(["..", "../dog", "../cat/1.jpg", "nothing", "l"])),
                 max_size=3, unique_by=lambda link: link[0])  # fmt: skip


@contextmanager
def tree(names: list[str]) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "pets"
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(name.encode())
        yield root


def on_disk(root: Path) -> list[str]:
    """Every file, and every link, without following any."""
    found = []
    for folder, folders, files in os.walk(root):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in files + links]
    return sorted(found)


def places(table: ImageTable, name: str) -> int:
    """In how many rows and exclusions a file is."""
    return table.names.count(name) + sum(
        name == item.name or (item.name.endswith("/") and name.startswith(item.name))
        for item in table.exclusions
    )


def check_each_file_has_one_place(table: ImageTable, root: Path) -> None:
    followed = {str(folder) for name in table.names for folder in PurePosixPath(name).parents}
    names = [name for name in on_disk(root) if name not in followed]
    assert {name: places(table, name) for name in names} == dict.fromkeys(names, 1)
    real = [(root / name).resolve() for name in table.names]
    assert all(path.is_file() for path in real)
    assert len(set(real)) == len(real)
    assert table.names == tuple(sorted(table.names))


@given(names=LAYOUT, links=LINKS)
def test_every_file_of_a_data_folder_is_in_one_place(
    names: Names, links: list[tuple[str, str]]
) -> None:
    full = {f"train/{folder}/0.jpg" for folder in ("cat", "dog", "emu")} | {"train/cat/9.jpg"}
    if any(name.startswith("valid/") for name in names):
        full.add("valid/cat/0.jpg")
    if any(name.startswith("dog/") for name in names):
        full.add("dog/0.jpg")  # train/l may lead there, and a class without images is an error
    with tree(sorted(names | full)) as root:
        for link, target in links:
            if not (root / link).exists():
                (root / link).symlink_to(target)
        check_each_file_has_one_place(read_folders(root), root)


@given(names=CLASS_FOLDERS)
def test_every_file_of_class_folders_is_in_one_place(names: Names) -> None:
    if any(name.startswith("emu/") for name in names):
        names.add("emu/0.jpg")
    with tree(sorted(names)) as root:
        check_each_file_has_one_place(read_folders(root), root)
        check_each_file_has_one_place(read_labelled(root, lambda path: path.name[:1]), root)


@given(names=CLASS_FOLDERS, data=st.data())
def test_every_file_beside_a_csv_is_in_one_place(names: Names, data: st.DataObject) -> None:
    listed = data.draw(st.sets(st.sampled_from(sorted(names)))) | ALWAYS
    rows = [f'"{name}",{number % 2}' for number, name in enumerate(sorted(listed))]
    with tree(sorted(names)) as root:
        path = root / "labels.csv"
        path.write_text("\n".join(rows), "utf-8")
        table = read_csv(path, root, dialect=Dialect(header=False))
        check_each_file_has_one_place(table, root)


READERS: list[Callable[[Path], ImageTable]] = [
    read_folders,
    lambda root: read_folders(root, draw=Draw(0.5, 7)),
    lambda root: read_labelled(root, r"^([^/]+)/"),
]


@given(names=CLASS_FOLDERS, shuffle=st.randoms(), reader=st.sampled_from(READERS))
def test_rows_do_not_depend_on_the_order_of_creation(
    names: Names, shuffle: random.Random, reader: Callable[[Path], ImageTable]
) -> None:
    names = {name for name in names if "/" in name} | {"emu/0.jpg"}
    order = sorted(names)
    tables = []
    for _ in range(2):
        with tree(order) as root:
            tables.append(reader(root))
        shuffle.shuffle(order)
    one, other = tables
    assert one.names == other.names
    assert one.splits.tolist() == other.splits.tolist()
    assert one.labels.tolist() == other.labels.tolist()
    assert one.classes == other.classes
    assert one.exclusions == other.exclusions


def test_rows_do_not_depend_on_the_order_of_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{part}/{kind}/{i}.jpg" for part in ("train", "valid") for kind in "ab" for i in "12"]
    with tree(names) as root:
        before = read_folders(root)
        listed = os.scandir

        @contextmanager
        def backwards(path: str) -> Iterator[list["os.DirEntry[str]"]]:
            with listed(path) as entries:
                yield sorted(entries, key=lambda entry: entry.name, reverse=True)

        monkeypatch.setattr(os, "scandir", backwards)
        after = read_folders(root)
        monkeypatch.undo()
    assert before.names == after.names == tuple(sorted(names))
    assert before.labels.tolist() == after.labels.tolist()


@given(
    train=st.sets(st.sampled_from("abcdef"), min_size=2),
    valid=st.sets(st.sampled_from("abcdef"), min_size=1),
    test=st.sets(st.sampled_from("abcdef")),
)
def test_one_order_of_classes_or_an_error_that_lists_the_strangers(
    train: set[str], valid: set[str], test: set[str]
) -> None:
    parts = {"train": train, "valid": valid, "test": test}
    names = [f"{part}/{kind}/1.jpg" for part, kinds in parts.items() for kind in kinds]
    with tree(names) as root:
        if valid - train or (test & train and test - train):
            with pytest.raises(DataError) as caught:
                read_folders(root)
            strangers = sorted(valid - train) or sorted(test - train)
            assert caught.value.what.endswith(f": {', '.join(strangers)}.")
            return
        table = read_folders(root)
    assert table.classes == tuple(sorted(train))
    for name, label in zip(table.names, table.labels.tolist(), strict=True):
        folder = name.split("/")[1]
        assert label == (table.classes.index(folder) if folder in train else -1)


@given(rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), min_size=2, max_size=12))
def test_each_line_of_a_csv_is_a_row_or_a_named_repeat_or_an_error(
    rows: list[tuple[int, int]],
) -> None:
    rows = [*rows, (4, 0), (5, 1), (6, 0), (7, 1)]
    with tree([f"{number}.jpg" for number in range(8)]) as root:
        path = root.parent / "labels.csv"
        path.write_text("name,label\n" + "\n".join(f"{n}.jpg,{label}" for n, label in rows))
        says = {number: {label for n, label in rows if n == number} for number, _ in rows}
        if any(len(labels) > 1 for labels in says.values()):
            with pytest.raises(DataError, match="contradicts itself"):
                read_csv(path, root)
            return
        table = read_csv(path, root, Columns())
    repeats = [item for item in table.exclusions if item.name.startswith("labels.csv, line")]
    assert len(table) + len(repeats) == len(rows)
    for name, label in zip(table.names, table.labels.tolist(), strict=True):
        assert says[int(name.removesuffix(".jpg"))] == {label}


def test_the_data_folder_is_not_written_to() -> None:
    def stamps(root: Path) -> dict[Path, tuple[int, int]]:
        entries = [root, *root.rglob("*")]
        return {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in entries}

    with tree([f"{kind}/{i}.jpg" for kind in "ab" for i in range(3)]) as root:
        (root / "l.csv").write_text("a/0.jpg,x\na/1.jpg,y\nb/0.jpg,x\nb/1.jpg,y")
        before = stamps(root)
        read_folders(root)
        read_csv(root / "l.csv", root, dialect=Dialect(header=False))
        read_labelled(root, r"^(\w)/")
        assert stamps(root) == before
