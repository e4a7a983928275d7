import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.shards import picture

from warmstart.data.cell_names import CellNames
from warmstart.data.columns import DEFAULT_COLUMNS, Columns
from warmstart.data.csv_table import Dialect
from warmstart.data.faults import Faults
from warmstart.data.labelled import Wanted, labelled_images
from warmstart.data.listing import list_images
from warmstart.data.shard_table import read_shards
from warmstart.data.shards import shards_of
from warmstart.data.split import Draw
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, FileError, SettingError
from warmstart.files import parquet_rows
from warmstart.files.places import is_place, read_bytes_at

CELL = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
PLAIN = Columns()
ONE = Wanted(("cat", "dog"), is_multi_label=False)


def cells(number: int, first: int = 0) -> list[dict[str, Any]]:
    return [{"bytes": b"%d" % each, "path": f"{each}.jpg"} for each in range(first, first + number)]


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    """Write a file; the names of classes, where given, as Hugging Face does."""
    names = options.pop("names", None)
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(columns.get("image"), list) and isinstance(columns["image"][0], dict):
        columns = columns | {"image": pa.array(columns["image"], CELL)}
    table = pa.table(columns)
    if names is not None:
        told = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(told)})
    parquet.write_table(table, path, **options)
    return path


def read(source: Path, columns: Columns = PLAIN, **options: Any) -> ImageTable:
    shards = shards_of(source)
    assert shards is not None
    return read_shards(shards, columns, **options)


def pets(number: int) -> list[str]:
    return [("cat", "dog")[place % 2] for place in range(number)]


@pytest.mark.parametrize("kind", ["struct", "binary", "large_binary"])
def test_rows_are_cells_that_are_read_by_their_path(kind: str, tmp_path: Path) -> None:
    told: Any = cells(12)
    if kind != "struct":
        told = pa.array([cell["bytes"] for cell in told], getattr(pa, kind)())
    columns = {"image": told, "label": pets(12)}
    path = write(tmp_path / "photos.parquet", columns, row_group_size=5)
    table = read(path)
    assert table.names[0] == "photos.parquet/image/00"
    assert table.classes == ("cat", "dog")
    assert table.labels.tolist() == [0, 1] * 6
    assert len(table.rows("valid")) == 2
    assert [read_bytes_at(table.path(row), 9) for row in range(12)] == [
        b"%d" % n for n in range(12)
    ]
    assert is_place(table.path(11))
    assert not is_place(path / "image" / "12")
    with pytest.raises(OSError, match="row 12"):
        read_bytes_at(path / "image" / "12", 9)
    with pytest.raises(OSError, match="2 bytes, at most 1"):
        read_bytes_at(path / "image" / "11", 1)


def test_numbers_have_the_names_that_the_schema_tells(tmp_path: Path) -> None:
    columns = {"image": cells(8), "label": [1, 0] * 4}
    path = write(tmp_path / "a.parquet", columns, names=["tulip", "rose"])
    table = read(path)
    assert table.classes == ("rose", "tulip")
    assert table.labels.tolist() == [0, 1] * 4
    without = write(tmp_path / "b.parquet", columns)
    assert read(without).classes == ("0", "1")
    strange = write(tmp_path / "c.parquet", columns | {"label": [5, 0] * 4}, names=["a", "b"])
    with pytest.raises(DataError, match="no name for: 5"):
        read(strange)


def test_names_of_files_say_the_split_and_files_are_one_table(tmp_path: Path) -> None:
    write(tmp_path / "data" / "train-00000-of-00002.parquet", {"image": cells(6), "label": pets(6)})
    write(
        tmp_path / "data" / "train-00001-of-00002.parquet",
        {"image": cells(4, 6), "label": ["dog", "dog", "cow", "cow"]},
    )
    write(
        tmp_path / "data" / "validation-00000-of-00001.parquet",
        {"image": cells(4, 10), "label": ["cow", "cat", "dog", "dog"]},
    )
    (tmp_path / "README.md").write_text("x")
    table = read(tmp_path)
    assert table.classes == ("cat", "cow", "dog")
    assert [len(table.rows(split)) for split in ("train", "valid", "test")] == [10, 4, 0]
    said = [table.classes[label] for label in table.labels]
    assert said == [*pets(6), "dog", "dog", "cow", "cow", "cow", "cat", "dog", "dog"]
    assert [item.name for item in table.exclusions] == ["README.md"]
    assert list(table.names) == sorted(table.names)


def test_columns_say_split_group_and_lists_of_labels(tmp_path: Path) -> None:
    splits = (["train"] * 3 + ["val"]) * 3
    columns: dict[str, Any] = {"image": cells(12), "label": pets(12), "split": splits}
    table = read(write(tmp_path / "a.parquet", columns), Columns(split="split"))
    assert len(table.rows("valid")) == 3
    columns["who"] = [f"w{place // 2}" for place in range(12)]
    table = read(write(tmp_path / "b.parquet", columns), Columns(label="label", group="who"))
    of = dict(zip(table.names, table.splits.tolist(), strict=True))
    assert len({of[f"b.parquet/image/{place:02d}"] for place in range(2)}) == 1
    columns = {"image": cells(8), "label": [["big", "red"], ["red"]] * 4}
    table = read(write(tmp_path / "c.parquet", columns))
    assert table.labels.tolist()[:2] == [[1, 1], [0, 1]]


def test_records_and_columns_say_the_same(tmp_path: Path) -> None:
    """The way of many rows, and the way of rows with groups."""
    label = [("cat", "dog", "emu")[place % 3] for place in range(60)]
    groups = [f"g{place}" for place in range(60)]
    path = write(tmp_path / "a.parquet", {"image": cells(60), "label": label, "who": groups})
    fast = read(path, Columns(label="label"))
    slow = read(path, Columns(label="label", group="who"))
    assert fast.names == slow.names
    assert isinstance(fast.names, CellNames)
    assert np.array_equal(fast.labels, slow.labels)
    assert fast.classes == slow.classes


def test_rows_without_a_label_are_counted_and_named(tmp_path: Path) -> None:
    label = [*pets(10), None, ""]
    path = write(tmp_path / "a.parquet", {"image": cells(12), "label": label})
    with pytest.raises(DataError) as caught:
        read(path)
    assert len(str(caught.value).splitlines()) == 3
    assert "2 of 12 rows have no label: a.parquet/image/10" in str(caught.value)
    table = read(path, faults=Faults(is_lenient=True))
    assert len(table) == 10
    names = [item.name for item in table.exclusions]
    assert names == ["a.parquet/image/10", "a.parquet/image/11"]


def test_a_class_that_only_validates_is_an_error(tmp_path: Path) -> None:
    columns = {
        "image": cells(6),
        "label": [*pets(5), "cow"],
        "split": ["train"] * 4 + ["valid"] * 2,
    }
    path = write(tmp_path / "a.parquet", columns)
    with pytest.raises(DataError, match="valid has 1 class"):
        read(path, Columns(split="split"))
    table = read(path, Columns(split="split"), faults=Faults(is_lenient=True))
    assert [item.name for item in table.exclusions] == ["a.parquet/image/5"]
    assert len(table) == 5


@pytest.mark.parametrize(
    ("columns", "what", "fix"),
    [
        (Columns(label="lable"), "no column 'lable'", "did you mean 'label'"),
        (Columns(image="label"), "holds no bytes", "image_column='image'"),
        (Columns(split="part"), "no column 'part'", "give one of those"),
    ],
)
def test_a_wrong_column_is_an_error_with_the_right_ones(
    columns: Columns, what: str, fix: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.parquet", {"image": cells(4), "label": pets(4)})
    with pytest.raises(SettingError) as caught:
        read(path, columns)
    assert len(str(caught.value).splitlines()) == 3
    assert what in str(caught.value)
    assert fix in caught.value.fix


def test_several_columns_that_could_be_meant_are_listed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"image": cells(4), "kind": pets(4), "place": pets(4)})
    with pytest.raises(SettingError) as caught:
        read(path)
    assert "kind; place" in str(caught.value)
    assert caught.value.flags == ("--label-column", "kind")
    assert read(path, Columns(label="place")).classes == ("cat", "dog")


def test_a_table_of_names_is_read_as_a_csv_is(tmp_path: Path) -> None:
    for place in range(8):
        (tmp_path / f"{place}.jpg").write_bytes(picture(place))
    names = [f"{place}.jpg" for place in range(8)]
    path = write(tmp_path / "labels.parquet", {"file": names, "label": pets(8)})
    table = read(path)
    assert list(table.names) == names
    assert table.path(0) == tmp_path / "0.jpg"


def test_labelled_files_are_judged_and_predicting_finds_the_same(tmp_path: Path) -> None:
    write(tmp_path / "train.parquet", {"image": cells(6), "label": pets(6)})
    write(tmp_path / "valid.parquet", {"image": cells(4), "label": ["cat", "dog", "dog", None]})
    found = labelled_images(tmp_path, ONE, DEFAULT_COLUMNS, Dialect())
    assert found.labels.tolist() == [0, 1, 1]
    assert [item.name for item in found.left_out] == ["valid.parquet/image/3"]
    files = list_images([tmp_path / "valid.parquet"]).files
    assert files[:3] == found.paths
    assert len(files) == 4


def test_a_file_that_is_cut_off_or_none_is_an_error_in_three_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"image": cells(4), "label": pets(4)})
    whole = path.read_bytes()
    for content in (whole[:-20], b"PAR1", b"", b"x" * 100):
        path.write_bytes(content)
        with pytest.raises(FileError) as caught:
            read(path)
        assert len(str(caught.value).splitlines()) == 3
        assert str(path) in str(caught.value)


def test_a_flipped_byte_raises_nothing_of_somebody_elses(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"image": cells(40), "label": pets(40)}, row_group_size=8)
    whole, random = path.read_bytes(), np.random.default_rng(0)
    outcomes = set()
    for place in random.choice(len(whole), 120, replace=False).tolist():
        changed = bytearray(whole)
        changed[place] ^= 1 << int(random.integers(8))
        path.write_bytes(changed)
        try:
            table = read(path)
            for row in range(len(table)):
                read_bytes_at(table.path(row), 1 << 20)
            outcomes.add("read")
        except (FileError, DataError, SettingError, OSError) as error:
            outcomes.add(type(error).__name__)
    assert "read" in outcomes
    assert len(outcomes) > 1


def test_a_row_group_that_would_not_fit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.parquet", {"image": cells(40), "label": pets(40)})
    monkeypatch.setattr(parquet_rows, "MOST_GROUP_BYTES", 100)
    with pytest.raises(OSError, match="row_group_size=100"):
        read_bytes_at(path / "image" / "00", 1 << 20)


def test_groups_that_were_read_are_forgotten_when_they_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = [{"bytes": bytes([each]) * 1000, "path": None} for each in range(20)]
    path = write(tmp_path / "a.parquet", {"image": large, "label": pets(20)}, row_group_size=2)
    monkeypatch.setattr(parquet_rows, "KEPT_BYTES", 5000)
    for row in [*range(20), *reversed(range(20))]:
        assert read_bytes_at(path / "image" / f"{row:02d}", 1 << 20) == bytes([row]) * 1000
    kept = parquet_rows._KEPT.groups
    assert sum(each.nbytes for each in kept.values()) <= 8000


def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"image": cells(4), "label": pets(4)})
    assert read_bytes_at(path / "image" / "0", 9) == b"0"
    write(path, {"image": cells(14, 50), "label": pets(14)})
    assert read_bytes_at(path / "image" / "00", 9) == b"50"


def test_names_of_cells_are_a_sequence_like_any_other() -> None:
    names = CellNames(["a.parquet/image/", "b.parquet/image/"], [12, 3])
    every = tuple(names)
    assert every == tuple(sorted(every))
    assert len(every) == len(names) == 15
    assert names[-1] == every[-1] == "b.parquet/image/2"
    assert names[2:4] == every[2:4]
    assert all(name in names for name in every)
    for stranger in ("a.parquet/image/12", "a.parquet/image/1", "b.parquet/image/x", "", "x/0"):
        assert stranger not in names
    keep = np.arange(15) % 4 != 1
    kept = names.kept(keep)
    assert tuple(kept) == tuple(name for name, is_in in zip(every, keep, strict=True) if is_in)
    assert tuple(kept.kept(np.arange(11) > 8)) == tuple(kept)[9:]
    assert [name in kept for name in every] == keep.tolist()
    with pytest.raises(IndexError):
        names[15]


def test_a_drawn_share_does_not_depend_on_how_rows_are_spread(tmp_path: Path) -> None:
    label = pets(30)
    path = write(tmp_path / "a.parquet", {"image": cells(30), "label": label}, row_group_size=7)
    table = read(path, draw=Draw(0.2))
    assert [int((table.labels[table.rows("valid")] == k).sum()) for k in (0, 1)] == [3, 3]
