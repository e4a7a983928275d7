import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.files.s3_server import s3_server

from warmstart import FileError, SettingError
from warmstart.files.objects import FolderOfUrl, ObjectFolder, object_folder


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture(params=["disk", "file", "memory", "s3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectFolder:
    """A folder of each kind, with nothing in it."""
    if request.param == "s3":
        return object_folder(f"{request.getfixturevalue('s3')}/{tmp_path.name}")
    places = {
        "disk": str(tmp_path / "shards"),
        "file": f"file://{tmp_path}/shards",
        "memory": f"memory://{tmp_path.name}",
    }
    return object_folder(places[request.param])


def test_what_is_put_is_read_listed_and_removed(folder: ObjectFolder) -> None:
    assert folder.names() == []
    folder.put("b", b"two")
    folder.put("a", b"one")
    assert folder.names() == ["a", "b"]
    assert folder.read("b", 3) == b"two"
    folder.remove("a")
    folder.remove("a")
    assert folder.names() == ["b"]
    folder.remove("b")
    folder.clear()
    assert folder.names() == []


def test_putting_twice_is_putting_once(folder: ObjectFolder) -> None:
    folder.put("a", b"one")
    folder.put("a", b"one")
    assert (folder.names(), folder.read("a", 99)) == (["a"], b"one")


def test_what_is_gone_or_too_large_is_refused(folder: ObjectFolder) -> None:
    folder.put("a", b"12345")
    with pytest.raises(FileError, match="cannot be read"):
        folder.read("a", 4)
    with pytest.raises(FileError, match="cannot be read"):
        folder.read("b", 4)


def test_an_object_that_another_writer_spoiled_is_replaced(folder: ObjectFolder) -> None:
    """Its name has the sum of what it must be, so that whoever puts it knows."""
    folder.put("a", b"cut sh")
    folder.put("a", b"cut short")
    assert folder.read("a", 99) == b"cut short"


def test_the_second_writer_to_s3_does_not_write(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 is told to create, and says that the object is there (If-None-Match)."""
    folder = FolderOfUrl(f"{s3}/races")
    folder.put("a", b"one")
    real, modes = folder._system.pipe_file, []

    def noting(path: str, content: bytes, mode: str = "overwrite") -> None:
        modes.append(mode)
        real(path, content, mode=mode)

    monkeypatch.setattr(folder._system, "pipe_file", noting)
    folder.put("a", b"one")
    assert modes == ["create"]


def test_on_a_disk_a_writer_that_died_leaves_nothing_that_reads_as_whole(tmp_path: Path) -> None:
    folder = object_folder(tmp_path / "shards")
    folder.put("a", b"one")
    (tmp_path / "shards" / f".writing-0000000a-{os.getpid()}-b").write_bytes(b"tw")
    assert folder.names() == ["a"]


def test_a_scheme_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SettingError) as caught:
        object_folder("nowhere://bucket/x")
    assert "warmstart[cluster]" in caught.value.fix
