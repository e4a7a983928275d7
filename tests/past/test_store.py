"""Activations that earlier versions stored: found by key, and the same bits."""

import hashlib
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from warmstart.activations.namespace import CacheNamespace, NamespaceCard, row_key
from warmstart.data.content import ContentHashes


@pytest.fixture
def namespace(past: Path) -> CacheNamespace:
    (folder,) = (past / "store" / "activations").iterdir()
    entry = json.loads((folder / "space.json").read_text())
    card = NamespaceCard(**entry | {"shape": tuple(entry["shape"])})
    assert card.identity == folder.name
    now = NamespaceCard(
        card.backbone, card.fingerprint, card.cut, card.mode, card.dtype, card.shape
    )
    assert now == card  # else what people have stored is not found again: a choice, no accident
    return CacheNamespace(folder.parent, card)


@pytest.fixture
def recorded(past: Path) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads((past / "store_rows.json").read_text())
    return entry


def test_every_row_is_found_and_has_its_bits(
    namespace: CacheNamespace, recorded: dict[str, Any]
) -> None:
    keys = [bytes.fromhex(row["key"]) for row in recorded["rows"]]
    assert len(namespace) == len(keys) == 40
    assert namespace.damaged == []
    assert namespace.missing(keys) == []
    values = namespace.gather(namespace.locate(keys[::-1]))[::-1]
    sums = [hashlib.sha256(np.ascontiguousarray(row).tobytes()).hexdigest() for row in values]
    assert sums == [row["row_sha256"] for row in recorded["rows"]]
    assert values[0][:8].tolist() == recorded["first_row"]


def test_rows_are_called_what_they_were_called(
    namespace: CacheNamespace, recorded: dict[str, Any]
) -> None:
    for row in recorded["rows"]:
        content = bytes.fromhex(row["content"])
        assert row_key(namespace.card.identity, recorded["view"], content).hex() == row["key"]


def test_remembered_hashes_without_a_sum_are_not_believed(past: Path) -> None:
    """A flipped bit in them could not be told, so the file is read once more, and remembered."""
    database, file = past / "store" / "content.sqlite", past / "file.bmp"
    file.write_bytes(b"other content")
    os.utime(file, (1e9, 1e9))
    status = file.stat()
    with closing(sqlite3.connect(database)) as connection, connection:
        (name,) = connection.execute("SELECT path FROM files LIMIT 1").fetchone()
        connection.execute(
            "UPDATE files SET path = ?, size = ?, mtime_ns = ?, ctime_ns = ?, inode = ? "
            "WHERE path = ?",
            (os.fspath(file), status.st_size, status.st_mtime_ns, status.st_ctime_ns,
             status.st_ino, name),
        )  # fmt: skip
    assert ContentHashes(database).sha256([file]) == [hashlib.sha256(b"other content").digest()]
