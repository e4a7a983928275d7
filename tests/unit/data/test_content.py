"""The memory of hashes: what it says is right, or it says nothing."""

import hashlib
import os
import sqlite3
import tempfile
import warnings
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.data import content
from warmstart.data.content import ContentHashes, file_stamp, path_texts
from warmstart.files.places import NOTHING, place_stamp


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Some files that are old enough to be remembered."""
    monkeypatch.setattr(content, "YOUNG_SECONDS", -1e9)
    places = [tmp_path / f"{i}.bin" for i in range(5)]
    for i, place in enumerate(places):
        place.write_bytes(bytes([i]) * 100)
    return places


def right(files: list[Path]) -> list[bytes]:
    return [hashlib.sha256(file.read_bytes()).digest() for file in files]


def refuse_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(name: str) -> bytes:
        raise AssertionError(f"{name} is read again")

    monkeypatch.setattr(content, "file_sha256", read)


def test_a_second_run_reads_no_file(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = ContentHashes(tmp_path / "cache" / "content.sqlite")
    assert hashes.sha256(files) == right(files)
    assert hashes.knows_most(files)
    refuse_reading(monkeypatch)
    assert hashes.sha256(files[::-1]) == right(files[::-1])


def test_a_changed_file_is_read_again(files: list[Path], tmp_path: Path) -> None:
    hashes = ContentHashes(tmp_path / "content.sqlite")
    hashes.sha256(files)
    files[2].write_bytes(b"other")
    assert hashes.sha256(files) == right(files)


def test_what_was_read_is_held_until_the_memory_is_written(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = ContentHashes(tmp_path / "content.sqlite")
    hashes.sha256(files)
    assert hashes.sha256(files) == right(files)
    asked: list[str] = []
    whole = content.lookup

    def counted(connection: Any, name: str, known: Any) -> bytes | None:
        asked.append(name)
        return whole(connection, name, known)

    monkeypatch.setattr(content, "lookup", counted)
    assert hashes.sha256(files) == right(files)
    assert not asked
    os.utime(tmp_path / "content.sqlite", ns=(1, 1))  # another process wrote
    assert hashes.sha256(files) == right(files)
    assert len(asked) == len(files)
    asked.clear()
    monkeypatch.setattr(content, "YOUNG_SECONDS", 1e9)
    hashes.sha256(files)
    assert len(asked) == len(files)  # it could have been written unseen


@given(st.lists(st.text(alphabet="ab./é", min_size=1, max_size=12), max_size=5))
def test_paths_as_text_are_those_of_paths(names: list[str]) -> None:
    for folder in (Path("/photos"), Path("photos"), Path("/"), Path()):
        expected = [os.fspath((folder / name).absolute()) for name in names]
        assert path_texts(folder, names) == expected


def test_a_stamp_is_that_of_the_file_or_of_what_holds_it(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.tar", "c.tar.jpg"):
        (tmp_path / name).write_bytes(name.encode())
        assert file_stamp(str(tmp_path / name)) == place_stamp(tmp_path / name)
    inner = str(tmp_path / "b.tar" / "x.jpg")
    assert file_stamp(inner) == place_stamp(tmp_path / "b.tar")
    assert file_stamp(str(tmp_path / "none.jpg")) == NOTHING


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_never_served(data: st.DataObject) -> None:
    """A15: 168 of 1,500 flips in this file gave a wrong hash."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "YOUNG_SECONDS", -1e9)
        files = [Path(folder, f"{i}.bin") for i in range(4)]
        for file in files:
            file.write_bytes(os.urandom(50))
        database = Path(folder, "content.sqlite")
        ContentHashes(database).sha256(files)
        damaged = bytearray(database.read_bytes())
        at = data.draw(st.integers(0, len(damaged) * 8 - 1))
        damaged[at // 8] ^= 1 << at % 8
        database.write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that nothing can be remembered, for some flips
            assert ContentHashes(database).sha256(files) == right(files)


def test_damage_begins_another_memory(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "content.sqlite"
    database.write_bytes(b"no database at all" * 100)
    hashes = ContentHashes(database)
    assert hashes.sha256(files) == right(files)
    refuse_reading(monkeypatch)
    assert hashes.sha256(files) == right(files)


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR]
)
def test_a_full_disk_is_not_taken_for_damage(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """B6: the file was deleted, which helps nobody."""
    database = tmp_path / "content.sqlite"
    ContentHashes(database).sha256(files[:2])
    kept = database.read_bytes()

    class Full(sqlite3.Connection):
        def executemany(self, *_: Any, **__: Any) -> Any:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = code
            raise error

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Full))
    with pytest.warns(UserWarning, match="not remembered .*disk is full"):
        assert ContentHashes(database).sha256(files) == right(files)
    assert database.read_bytes() == kept


def test_a_folder_that_cannot_be_made_is_done_without(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="not remembered"):
        found = ContentHashes(tmp_path / "file" / "content.sqlite").sha256(files)
    assert found == right(files)


def test_a_file_that_is_gone_has_a_hash_that_nothing_has(files: list[Path], tmp_path: Path) -> None:
    hashes = ContentHashes(tmp_path / "content.sqlite")
    files[0].unlink()
    first, second = (hashes.sha256(files[:1])[0] for _ in range(2))
    assert len(first) == 32
    assert first != second
    with closing(sqlite3.connect(tmp_path / "content.sqlite")) as connection:
        assert list(connection.execute("SELECT name FROM sqlite_master")) == []
