from pathlib import Path

import numpy as np
import pytest
from tests.shards import write_tar

from warmstart.data.cell_names import CellNames
from warmstart.data.columns import DEFAULT_COLUMNS, Columns
from warmstart.data.csv_table import Dialect
from warmstart.data.faults import Faults
from warmstart.data.folders import read_folders
from warmstart.data.labelled import Wanted, labelled_images
from warmstart.data.listing import list_images
from warmstart.data.records import assemble
from warmstart.data.shard_table import read_shards, root_of
from warmstart.data.shards import Shards, shards_of
from warmstart.data.split import Draw
from warmstart.data.table import Exclusion, ImageTable
from warmstart.data.tar_rows import read_tar_rows
from warmstart.errors import DataError, SettingError

PLAIN = Columns()


def pets(number: int, first: int = 0, **more: str) -> dict[str, bytes | str]:
    """Pictures (which are not read here) of cats and dogs, with labels."""
    found: dict[str, bytes | str] = {}
    for place in range(first, first + number):
        found[f"{place:03d}.jpg"] = b"picture"
        found[f"{place:03d}.cls"] = ("cat", "dog")[place % 2]
    return found | more


def shards(source: Path | str) -> Shards:
    found = shards_of(source)
    assert found is not None
    return found


def read(source: Path | str, columns: Columns = PLAIN, **options: object) -> ImageTable:
    return read_shards(shards(source), columns, **options)  # type: ignore[arg-type]


def label_of(table: ImageTable, name: str) -> str:
    return table.classes[int(table.labels[list(table.names).index(name)])]


def test_members_of_one_name_are_a_picture_and_its_label(tmp_path: Path) -> None:
    write_tar(tmp_path / "s" / "0.tar", pets(10))
    write_tar(tmp_path / "s" / "1.tar", pets(10, 10))
    table = read(tmp_path / "s")
    assert len(table) == 20
    assert table.names[0] == "0.tar/000.jpg"
    assert label_of(table, "1.tar/013.jpg") == "dog"
    assert table.path(0) == tmp_path / "s" / "0.tar" / "000.jpg"
    assert len(table.rows("valid")) == 4
    assert table.exclusions == ()


@pytest.mark.parametrize(
    "source", ["s/{0..1}.tar", "s/*.tar", "s/{0,1}.tar", "s", "./s/{0..1}.tar"]
)
def test_all_ways_to_name_shards_find_the_same(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tar(tmp_path / "s" / "0.tar", pets(6))
    write_tar(tmp_path / "s" / "1.tar", pets(6, 6))
    monkeypatch.chdir(tmp_path)
    table = read(source)
    assert table.names == read(tmp_path / "s").names
    assert table.root.absolute() == tmp_path / "s"
    assert root_of(source) == table.root
    assert all(table.path(row).absolute().parent.is_file() for row in range(len(table)))


def test_a_name_with_dots_has_the_label_of_that_name(tmp_path: Path) -> None:
    """By the first dot, all of these would be one sample, without a label."""
    dotted = {f"d/IMG.2024.{name}": content for name, content in pets(6).items()}
    write_tar(tmp_path / "s" / "0.tar", dotted)
    table = read(tmp_path / "s")
    assert label_of(table, "0.tar/d/IMG.2024.000.jpg") == label_of(
        table, "0.tar/d/IMG.2024.002.jpg"
    )
    assert label_of(table, "0.tar/d/IMG.2024.001.jpg") == "dog"
    assert table.exclusions == ()
    assert table.groups is None or len(set(table.groups)) == 6


def test_a_label_that_pictures_share_goes_before_one_of_its_own(tmp_path: Path) -> None:
    shared: dict[str, str | bytes] = {
        "x.left.jpg": b"x",
        "x.right.jpg": b"y",
        "x.cls": "dog",
        "x.left.json": "{}",
    }
    write_tar(tmp_path / "s" / "0.tar", pets(6) | shared)
    table = read(tmp_path / "s")
    assert label_of(table, "0.tar/x.left.jpg") == label_of(table, "0.tar/x.right.jpg") == "dog"
    assert [item.name for item in table.exclusions] == ["0.tar/x.left.json"]


def test_every_member_is_in_a_row_or_is_named(tmp_path: Path) -> None:
    """Laws 1 and 12."""
    write_tar(
        tmp_path / "a.tar",
        pets(6) | {"readme.md": "x", "._000.jpg": "x", "lost.cls": "cat", "000.json": "{}",
                   "__MACOSX/1.jpg": "x", "007.seg.npy": b"x"},
    )  # fmt: skip
    table = read(tmp_path / "a.tar")
    reasons = {item.name: item.reason for item in table.exclusions}
    assert reasons == {
        "a.tar/readme.md": "not an image suffix: .md",
        "a.tar/._000.jpg": "a hidden file",
        "a.tar/__MACOSX/": "a folder that other programs made",
        "a.tar/lost.cls": "a .cls member without a picture",
        "a.tar/007.seg.npy": "not an image suffix: .npy",
    }
    assert len(table) == 6


def test_training_and_predicting_find_the_same_pictures(tmp_path: Path) -> None:
    """Law 16."""
    write_tar(tmp_path / "s" / "0.tar", pets(6) | {"thumbs/000.jpg": b"x", ".hidden.jpg": b"x"})
    (tmp_path / "s" / "notes.txt").write_text("x")
    for source in (tmp_path / "s", tmp_path / "s" / "0.tar"):
        table = read(source)
        listing = list_images([source])
        assert listing.files == tuple(table.path(row) for row in range(len(table)))
        assert sorted(item.name for item in listing.exclusions) == sorted(
            f"{table.root}/{item.name}" for item in table.exclusions
        )


@pytest.mark.parametrize(
    ("kind", "cells", "column"),
    [
        ("txt", ("cat\n", "dog"), None),
        ("json", ('{"label": "cat"}', '{"label": "dog", "w": 3}'), None),
        ("json", ('{"kind": "cat", "class": 1}', '{"kind": "dog", "class": 2}'), "kind"),
        ("json", ('"cat"', '"dog"'), None),
        ("cls", ("0", "1"), None),
    ],
)
def test_labels_are_found_in_every_usual_member(
    kind: str, cells: tuple[str, str], column: str | None, tmp_path: Path
) -> None:
    members: dict[str, bytes | str] = {}
    for place in range(8):
        members |= {f"{place}.jpg": b"x", f"{place}.{kind}": cells[place % 2]}
    table = read(write_tar(tmp_path / "a.tar", members), Columns(label=column))
    assert table.classes == (("0", "1") if kind == "cls" else ("cat", "dog"))
    assert table.labels.tolist() == [0, 1] * 4


def test_a_list_in_the_json_is_any_number_of_labels(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {}
    for place in range(8):
        told = ('["red", "big"]', '["big"]')[place % 2]
        members |= {f"{place}.jpg": b"x", f"{place}.json": f'{{"labels": {told}}}'}
    table = read(write_tar(tmp_path / "a.tar", members))
    assert table.is_multi_label
    assert table.labels.tolist()[:2] == [[1, 1], [1, 0]]


def test_names_of_shards_say_the_split(tmp_path: Path) -> None:
    write_tar(tmp_path / "s" / "train-000.tar", pets(6))
    write_tar(tmp_path / "s" / "val-000.tar", pets(4, 6))
    write_tar(tmp_path / "s" / "test" / "000.tar", pets(2, 10))
    table = read(tmp_path / "s")
    assert [len(table.rows(split)) for split in ("train", "valid", "test")] == [6, 4, 2]
    assert "splits are read from the shards' names: 1 train, 1 valid, 1 test" in table.notes


def test_keys_of_the_json_say_split_and_group(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {}
    for place in range(12):
        split = ("train", "train", "dev")[place % 3]
        told = f'{{"label": "{"ab"[place // 6]}", "part": "{split}", "who": "{split}{place // 6}"}}'
        members |= {f"{place}.jpg": b"x", f"{place}.json": told}
    table = read(write_tar(tmp_path / "a.tar", members), Columns(split="part", group="who"))
    assert len(table.rows("valid")) == 4
    assert set(table.groups or ()) == {"train0", "train1", "dev0", "dev1"}


def test_pictures_of_one_sample_stay_together(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {}
    for place in range(10):
        members |= {f"{place}.left.jpg": b"x", f"{place}.right.jpg": b"x"}
        members[f"{place}.cls"] = "ab"[place % 2]
    table = read(write_tar(tmp_path / "a.tar", members), draw=Draw(0.3))
    splits = dict(zip(table.names, table.splits.tolist(), strict=True))
    assert all(splits[f"a.tar/{p}.left.jpg"] == splits[f"a.tar/{p}.right.jpg"] for p in range(10))


@pytest.mark.parametrize("above", ["", "photos/", "home/photos/"])
def test_an_archive_of_class_folders_is_read_as_such(above: str, tmp_path: Path) -> None:
    names = [f"{part}/{kind}/{place}.jpg" for part in ("train", "valid") for kind in ("cat", "dog")
             for place in range(3)]  # fmt: skip
    path = write_tar(tmp_path / "photos.tar", {f"{above}{name}": b"x" for name in names})
    table = read(path)
    assert list(table.names) == sorted(names)
    assert table.root == root_of(str(path)) == path / above.rstrip("/")
    assert len(table.rows("valid")) == 6
    assert table.classes == ("cat", "dog")
    wanted = Wanted(("cat", "dog"), is_multi_label=False)
    judged = labelled_images(path, wanted, DEFAULT_COLUMNS, Dialect())
    assert judged.paths == tuple(table.path(int(row)) for row in table.rows("valid"))


def test_labelled_shards_are_judged_by_their_part(tmp_path: Path) -> None:
    write_tar(tmp_path / "s" / "train-0.tar", pets(6))
    write_tar(tmp_path / "s" / "valid-0.tar", pets(4, 6) | {"bare.jpg": b"x"})
    wanted = Wanted(("cat", "dog"), is_multi_label=False)
    found = labelled_images(tmp_path / "s", wanted, DEFAULT_COLUMNS, Dialect())
    assert [path.name for path in found.paths] == ["006.jpg", "007.jpg", "008.jpg", "009.jpg"]
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert [item.name for item in found.left_out] == ["valid-0.tar/bare.jpg"]
    of_train = labelled_images(
        tmp_path / "s", Wanted(("cat", "dog"), False, "train"), DEFAULT_COLUMNS, Dialect()
    )
    assert len(of_train.paths) == 6


def check_lines(error: DataError | SettingError, *parts: str) -> None:
    lines = str(error).splitlines()
    assert len(lines) == 3
    for part in parts:
        assert part in str(error)


def test_no_label_member_is_an_error_that_shows_the_layout(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"1.jpg": b"x", "2.jpg": b"x"})
    with pytest.raises(DataError) as caught:
        read(path)
    check_lines(caught.value, "no label for any of its 2 pictures", "1.cls", "tar cf photos.tar")


def test_pictures_without_a_label_are_an_error_or_left_out_of_a_checkup(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", pets(6) | {"x.jpg": b"x", "y.jpg": b"y"})
    with pytest.raises(DataError) as caught:
        read(path)
    check_lines(caught.value, "2 of 8 pictures have no label", "a.tar/x.jpg")
    table = read(path, faults=Faults(is_lenient=True))
    assert len(table) == 6
    assert {item.name for item in table.exclusions} == {"a.tar/x.jpg", "a.tar/y.jpg"}


def test_a_field_that_is_not_there_is_an_error_with_those_that_are(tmp_path: Path) -> None:
    members = pets(4) | {f"{place:03d}.json": '{"kind": "x"}' for place in range(4)}
    path = write_tar(tmp_path / "a.tar", members)
    with pytest.raises(SettingError) as caught:
        read(path, Columns(label="labels"))
    check_lines(caught.value, "no 'labels'", "cls", "json", "kind")
    with pytest.raises(SettingError) as caught:
        read(path, Columns(group="who"))
    check_lines(caught.value, "no 'who'", "group='kind'")


@pytest.mark.parametrize("content", ["{", "[1", '{"label": 1, "label": 2}'])
def test_a_json_that_is_none_is_an_error_by_name(content: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.tar/1\.json"):
        read(write_tar(tmp_path / "a.tar", {"1.jpg": b"x", "1.json": content}))


def test_the_reader_of_folders_says_which_reader_is_meant(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_folders(write_tar(tmp_path / "a.tar", pets(4)))
    check_lines(caught.value, "holds no class folders", "from_tar")
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError) as caught:
        read_folders(tmp_path / "a.parquet")
    check_lines(caught.value, "from_parquet")


def test_shards_that_are_not_there_are_counted(tmp_path: Path) -> None:
    write_tar(tmp_path / "00.tar", pets(2))
    with pytest.raises(DataError) as caught:
        shards_of(f"{tmp_path}/{{00..03}}.tar")
    check_lines(caught.value, "3 of the 4 shards", "01.tar")
    with pytest.raises(DataError, match="no file fits"):
        shards_of(f"{tmp_path}/x*.tar")
    with pytest.raises(DataError, match="several kinds"):
        shards_of(f"{tmp_path}/{{00.tar,00.tar/000.jpg}}")


def test_a_folder_with_a_picture_is_no_folder_of_shards(tmp_path: Path) -> None:
    write_tar(tmp_path / "cat" / "0.tar", pets(2))
    (tmp_path / "cat" / "1.jpg").write_bytes(b"x")
    assert shards_of(tmp_path) is None


def test_compressed_archives_beside_others_are_named(tmp_path: Path) -> None:
    write_tar(tmp_path / "0.tar", pets(4))
    (tmp_path / "1.tar.gz").write_bytes(b"\x1f\x8b")
    (item,) = read(tmp_path).exclusions
    assert item.name == "1.tar.gz"
    assert "compressed" in item.reason


def test_rows_do_not_depend_on_the_order_of_members(tmp_path: Path) -> None:
    members = pets(20)
    first = read(write_tar(tmp_path / "x" / "a.tar", members))
    turned = dict(reversed(members.items()))
    second = read(write_tar(tmp_path / "y" / "a.tar", turned))
    assert first.names == second.names
    assert np.array_equal(first.labels, second.labels)
    assert np.array_equal(first.splits, second.splits)


@pytest.mark.parametrize("seed", range(4))
def test_numbers_make_the_table_that_records_make(seed: int, tmp_path: Path) -> None:
    random = np.random.default_rng(seed)
    for shard in ("train-0", "train-00", "train/0", "test-0"):
        members: dict[str, bytes | str] = {}
        for _ in range(30):
            name = "".join(random.choice(list("ab-_/é"), 4))
            members[f"x{name}y.jpg"] = b"picture"
            members[f"x{name}y.cls"] = str(random.choice(["cat", "dog", "cow"]))
        if shard == "test-0":
            members["bare.jpg"] = b"picture"
        write_tar(tmp_path / "s" / f"{shard}.tar", members)
    table, told = read(tmp_path / "s"), read_tar_rows(shards(tmp_path / "s"), PLAIN)
    assert isinstance(table.names, CellNames)
    known = assemble(told.root, told.records, Draw(), noticed=told.noticed)
    assert list(table.names) == list(known.names)
    assert table.splits.tolist() == known.splits.tolist()
    assert table.labels.tolist() == known.labels.tolist()
    assert (table.classes, table.notes) == (known.classes, known.notes)
    assert set(table.exclusions) == set(known.exclusions)
    some = (Exclusion(known.names[3], "gone"),)
    assert list(table.without(some).names) == list(known.without(some).names)
    assert all(name in table.names for name in known.names)
    assert "train-0.tar/none.jpg" not in table.names
    assert "train-0.tar/" not in table.names
