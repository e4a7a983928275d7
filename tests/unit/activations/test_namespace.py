import errno
import hashlib
import json
import os
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from warmstart.activations import shard as shard_module
from warmstart.activations.namespace import CacheNamespace, NamespaceCard
from warmstart.activations.quota import damaged_shards, namespaces_in
from warmstart.activations.shard import write_shard
from warmstart.errors import CacheError

CARD = NamespaceCard("tiny", "f" * 64, "pooled", "test", "float16", (3,))
KEYS = [hashlib.sha256(str(number).encode()).digest() for number in range(10)]
ROWS = np.arange(30, dtype=np.float16).reshape(10, 3)


def stored(folder: Path, card: NamespaceCard = CARD) -> CacheNamespace:
    namespace = CacheNamespace(folder, card)
    namespace.append(KEYS, ROWS.astype(card.dtype))
    return namespace


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_rows_come_back_in_the_order_asked_for(tmp_path: Path, dtype: str) -> None:
    card = replace(CARD, dtype=dtype)
    namespace = stored(tmp_path, card)
    namespace.append(KEYS[:1], np.full((1, 3), 99, dtype))  # the first row of a key stays
    for found in (namespace, CacheNamespace(tmp_path, card)):
        order = [7, 7, 0, 9]
        rows = found.gather(found.locate([KEYS[i] for i in order]))
        assert rows.dtype == dtype
        assert rows[:2].tolist() == ROWS[[7, 7]].tolist()
        assert rows[3].tolist() == ROWS[9].tolist()
        assert len(found) == 10


def test_gathered_rows_are_copies(tmp_path: Path) -> None:
    namespace = stored(tmp_path)
    rows = namespace.gather(namespace.locate(KEYS))
    rows[:] = 0
    assert namespace.gather(namespace.locate(KEYS)).tobytes() == ROWS.tobytes()


def test_rows_written_by_another_are_seen_after_refresh(tmp_path: Path) -> None:
    reader = CacheNamespace(tmp_path, CARD)
    stored(tmp_path)
    assert len(reader) == 0
    reader.refresh()
    reader.refresh()
    assert len(reader) == 10
    assert len(reader._shards) == 1


def test_missing_names_each_distinct_key_once(tmp_path: Path) -> None:
    other = hashlib.sha256(b"other").digest()
    assert stored(tmp_path).missing([other, KEYS[0], other, KEYS[1]]) == [0]


def test_a_row_knows_its_shard_and_size(tmp_path: Path) -> None:
    namespace = stored(tmp_path)
    other = hashlib.sha256(b"other").digest()
    namespace.append([other], np.zeros((1, 3), np.float16))
    first, last = (namespace.shard_of(int(namespace.locate([key])[0])) for key in (KEYS[3], other))
    assert first.name.startswith(KEYS[0].hex()[:16])
    assert last.name.startswith(other.hex()[:16])
    assert namespace.row_bytes == 3 * 2 + 32


def no_room(*_: Any, **__: Any) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_a_cache_error_that_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = CacheNamespace(tmp_path, CARD)
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(CacheError, match=r"(?s)No space left.*gc --keep 0"):
        namespace.append(KEYS, ROWS)
    assert {path.name for path in namespace.folder.iterdir()} == {"lock", "in-use", "space.json"}
    monkeypatch.undo()
    assert CacheNamespace(tmp_path, CARD).missing(KEYS) == [*range(10)]
    namespace.append(KEYS, ROWS)
    assert len(CacheNamespace(tmp_path, CARD)) == 10


class FullFile:
    """Takes a part of what is written, as a disk does that fills up."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def __enter__(self) -> "FullFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, content: bytes) -> int:
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        return no_room()


def test_a_disk_that_fills_up_midway_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = CacheNamespace(tmp_path, CARD)
    honest = Path.open
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda path, mode: FullFile(honest(path, mode)))
        with pytest.raises(CacheError, match="No space left"):
            namespace.append(KEYS, ROWS)
    assert list(namespace.folder.glob("*.safetensors")) == []
    assert list(namespace.folder.glob(".writing-*")) == []


def test_a_disk_too_full_for_the_card_is_a_cache_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(CacheError, match="No space left"):
        CacheNamespace(tmp_path, CARD)
    monkeypatch.undo()
    assert len(CacheNamespace(tmp_path, CARD)) == 0


def test_a_folder_that_cannot_be_made_is_a_cache_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot be written"):
        CacheNamespace(tmp_path / "file", CARD)


def test_a_store_that_may_only_be_read_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of root's tests can always be written, so the system's refusal is played."""
    stored(tmp_path)

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    for name in ("utime", "replace", "rename", "chmod", "fsync"):
        monkeypatch.setattr(os, name, refused)
    namespace = CacheNamespace(tmp_path, CARD)
    assert namespace.gather(namespace.locate(KEYS)).tobytes() == ROWS.tobytes()
    with pytest.raises(CacheError, match="Permission denied"):
        namespace.append([hashlib.sha256(b"new").digest()], ROWS[:1])


def test_damage_that_cannot_be_set_aside_is_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shard,) = stored(tmp_path).folder.glob("*.safetensors")
    shard.chmod(0o644)
    shard.write_bytes(b"")

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refused)
    namespace = CacheNamespace(tmp_path, CARD)
    assert (len(namespace), namespace.damaged) == (0, [shard])


def test_a_shard_that_the_disk_cannot_read_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shard,) = stored(tmp_path).folder.glob("*.safetensors")

    def unreadable(path: Path) -> bool:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("warmstart.activations.namespace.is_intact", unreadable)
    namespace = CacheNamespace(tmp_path, CARD)
    assert (len(namespace), namespace.damaged) == (0, [shard.with_suffix(".damaged")])


def test_a_shard_deleted_while_it_is_opened_is_just_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(tmp_path)

    def deleted(path: Path) -> bool:
        path.unlink()
        return shard_module.is_intact(path)

    monkeypatch.setattr("warmstart.activations.namespace.is_intact", deleted)
    namespace = CacheNamespace(tmp_path, CARD)
    assert (len(namespace), namespace.damaged) == (0, [])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"backbone": "other"}', "\udcff"])
def test_a_broken_card_is_written_again(tmp_path: Path, text: str) -> None:
    card = stored(tmp_path).folder / "space.json"
    card.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert [found.num_rows for found in namespaces_in(tmp_path)] == [10]
    assert len(CacheNamespace(tmp_path, CARD)) == 10
    assert json.loads(card.read_text())["backbone"] == "tiny"


def test_verify_counts_and_names_damage(tmp_path: Path) -> None:
    assert damaged_shards(tmp_path) == (0, [])
    (shard,) = stored(tmp_path).folder.glob("*.safetensors")
    assert damaged_shards(tmp_path) == (1, [])
    shard.chmod(0o644)
    shard.write_bytes(shard.read_bytes()[:-1])
    assert damaged_shards(tmp_path) == (1, [shard])


def test_the_same_rows_give_the_same_file(tmp_path: Path) -> None:
    names = np.frombuffer(b"".join(KEYS), np.uint8).reshape(10, 32)
    one, two = (write_shard(tmp_path, names, ROWS) for _ in range(2))
    assert one == two
    assert [path.name for path in tmp_path.iterdir()] == [one.name]


PLANTED = {
    "junk": b"\x11" * 300,
    "nothing": b"",
    "a header of 2**62": b"\xff" * 7 + b"\x3f" + b"{}",
    "no rows": save({"keys": np.zeros((2, 32), np.uint8)}),
    "no keys": save({"rows": np.zeros((2, 3), np.float16)}),
    "short keys": save({"keys": np.zeros((2, 31), np.uint8), "rows": np.zeros((2, 3), np.float16)}),
    "a key too few": save(
        {"keys": np.zeros((1, 32), np.uint8), "rows": np.zeros((2, 3), np.float16)}
    ),
    "rows of another size": save(
        {"keys": np.zeros((2, 32), np.uint8), "rows": np.zeros((2, 5), np.float16)}
    ),
    "no row at all": save(
        {"keys": np.zeros((0, 32), np.uint8), "rows": np.zeros((0, 3), np.float16)}
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_shard_is_set_aside(tmp_path: Path, name: str) -> None:
    """B10: with a right checksum and junk in it, it made the namespace unusable."""
    namespace = stored(tmp_path)
    content = PLANTED[name]
    planted = namespace.folder / f"00-2-{zlib.crc32(content):08x}.safetensors"
    planted.write_bytes(content)
    found = CacheNamespace(tmp_path, CARD)
    assert found.damaged == [planted.with_suffix(".damaged")]
    assert found.gather(found.locate(KEYS)).tobytes() == ROWS.tobytes()
