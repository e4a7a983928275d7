import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from tests.shards import picture, write_tar

from warmstart.data.columns import Columns
from warmstart.data.content import ContentHashes
from warmstart.data.csv_table import read_csv
from warmstart.data.folders import read_folders
from warmstart.data.listing import list_images
from warmstart.data.scan import is_dir, is_file
from warmstart.data.shard_table import read_shards, root_of
from warmstart.data.shards import shards_of
from warmstart.errors import DataError, SettingError
from warmstart.files import remote_reading
from warmstart.files.places import place_stamp, read_bytes_at
from warmstart.files.remote_reading import RemotePath, as_place


@pytest.fixture
def memory() -> Iterator[Any]:
    """A store in memory, empty before and after."""
    store = fsspec.filesystem("memory")
    store.store.clear()
    yield store
    store.store.clear()


def put(store: Any, name: str, content: bytes) -> None:
    with store.open(name, "wb") as file:
        file.write(content)


def test_a_url_is_a_path_that_keeps_both_strokes() -> None:
    place = as_place("s3://bucket/photos") / "cat" / "1.jpg"
    assert isinstance(place, RemotePath)
    assert str(place) == f"{place}" == "s3://bucket/photos/cat/1.jpg"
    assert place.name == "1.jpg"
    assert str(place.parent) == "s3://bucket/photos/cat"
    assert str(place.absolute()) == str(place.resolve()) == str(place)
    assert str(as_place(Path("s3://bucket/x"))) == "s3://bucket/x"  # which a path had shortened
    assert place.relative_to(as_place("s3://bucket/photos")).as_posix() == "cat/1.jpg"
    assert as_place("file:///tmp/x") == Path("/tmp/x")
    assert type(as_place("C:/x")) is type(Path("C:/x"))
    assert not isinstance(as_place("photos/s3:/x"), RemotePath)


def test_class_folders_behind_a_url_are_read_like_others(memory: Any) -> None:
    for part in ("train", "valid"):
        for kind in ("cat", "dog"):
            for place in range(3):
                put(memory, f"/photos/{part}/{kind}/{place}.jpg", b"x")
    put(memory, "/photos/readme.md", b"x")
    put(memory, "/photos/train/cat/.hidden.jpg", b"x")
    root = as_place("memory://photos")
    table = read_folders(root)
    assert len(table) == 12
    assert table.classes == ("cat", "dog")
    assert {item.name for item in table.exclusions} == {"readme.md", "train/cat/.hidden.jpg"}
    assert str(table.path(0)) == "memory://photos/train/cat/0.jpg"
    assert read_bytes_at(table.path(0), 10) == b"x"
    assert [str(file) for file in list_images([root]).files] == [
        f"memory://photos/{name}" for name in table.names
    ]


def test_shards_behind_a_url_are_found_in_every_way(memory: Any, tmp_path: Path) -> None:
    for shard in range(2):
        members: dict[str, bytes | str] = {}
        for place in range(6):
            members |= {
                f"{shard}{place}.jpg": picture(place),
                f"{shard}{place}.cls": "ab"[place % 2],
            }
        put(memory, f"/s/{shard}.tar", write_tar(tmp_path / "x.tar", members).read_bytes())
    sources = ("memory://s", "memory://s/{0..1}.tar", "memory://s/*.tar")
    tables = []
    for source in sources:
        shards = shards_of(source)
        assert shards is not None
        tables.append(read_shards(shards, Columns()))
        assert str(root_of(source)) == "memory://s"
    assert tables[0].names == tables[1].names == tables[2].names
    assert len(tables[0]) == 12
    assert str(tables[0].path(7)) == "memory://s/1.tar/11.jpg"
    assert read_bytes_at(tables[0].path(7), 1 << 20) == picture(1)
    assert is_file(tables[0].path(7))
    assert is_dir(as_place("memory://s/1.tar"))
    assert not is_file(as_place("memory://s/1.tar/x.jpg"))


def test_hashes_of_remote_files_are_remembered_until_they_change(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(memory, "/a.jpg", b"one")
    hashes, place = ContentHashes(tmp_path / "h.sqlite"), as_place("memory://a.jpg")
    first = hashes.sha256([place])
    asked: list[str] = []
    plain = remote_reading.read_remote

    def counting(path: RemotePath, start: int, end: int) -> bytes:
        asked.append(str(path))
        return plain(path, start, end)

    monkeypatch.setattr("warmstart.files.places.read_remote", counting)
    assert hashes.sha256([place]) == first
    assert asked == []
    put(memory, "/a.jpg", b"two")
    assert hashes.sha256([place]) != first
    assert asked == ["memory://a.jpg"]


def test_a_csv_behind_a_url_is_refused_with_what_is_read_there(memory: Any) -> None:
    put(memory, "/p/labels.csv", b"name,label\n1.jpg,cat")
    with pytest.raises(DataError) as caught:
        read_csv(as_place("memory://p/labels.csv"), as_place("memory://p"))
    assert len(str(caught.value).splitlines()) == 3
    assert "pack them into shards" in caught.value.fix


def test_what_is_not_there_is_no_place(memory: Any) -> None:
    place = as_place("memory://nothing/x.jpg")
    assert not place.exists()
    assert place_stamp(place) == (0, 0, 0, 0)
    with pytest.raises(OSError, match="no such file"):
        read_bytes_at(place, 10)
    put(memory, "/big.jpg", b"x" * 11)
    with pytest.raises(OSError, match="11 bytes, at most 10"):
        read_bytes_at(as_place("memory://big.jpg"), 10)


def test_an_unknown_protocol_and_a_missing_extra_are_three_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(SettingError) as caught:
        as_place("s4://bucket/x").exists()
    assert "protocol s4://" in str(caught.value)
    remote_reading.filesystem_for.cache_clear()
    for gone, protocol in (("fsspec", "memory"), ("s3fs", "s3")):
        with monkeypatch.context() as patch:
            for name in [name for name in sys.modules if name.partition(".")[0] == gone]:
                patch.delitem(sys.modules, name)
            patch.setitem(sys.modules, gone, None)
            known = sys.modules.get("fsspec.registry")
            _ = None if known is None else known._registry.pop("s3", None)
            with pytest.raises(SettingError) as caught:
                as_place(f"{protocol}://bucket/x").exists()
        assert len(str(caught.value).splitlines()) == 3
        assert caught.value.fix == "pip install 'warmstart[remote]'"
        remote_reading.filesystem_for.cache_clear()


def test_a_store_that_fails_is_three_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def _strip_protocol(self, path: str) -> str:
            return path

        def info(self, name: str) -> None:
            raise PermissionError("no credentials")

    monkeypatch.setattr(remote_reading, "filesystem_for", lambda protocol: Failing())
    with pytest.raises(DataError) as caught:
        as_place("s3://bucket/x").exists()
    assert len(str(caught.value).splitlines()) == 3
    assert "no credentials" in str(caught.value)
