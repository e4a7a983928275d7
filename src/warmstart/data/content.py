"""The sha256 of files, remembered so that a second run need not read them."""

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from warmstart.images.budget import MOST_FILE_BYTES
from warmstart.images.regular import open_regular

YOUNG_SECONDS = 2.0  # coarser clocks could hide a second write within this time
ABSENT = (0, 0, 0, 0)
SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
  path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER,
  sha256 BLOB
) WITHOUT ROWID
"""


class ContentHashes:
    """Content hashes by (path, size, mtime_ns, ctime_ns, inode), kept in one SQLite file.

    Files changed less than two seconds before they are hashed are not remembered: a later change
    within the clock's tick would look the same.
    """

    def __init__(self, database: Path, *, rehash: bool = False) -> None:
        """Use ``database``; ``rehash`` forgets what it knows about the files asked for."""
        self.database, self.rehash = database, rehash
        database.parent.mkdir(parents=True, exist_ok=True)

    def sha256(self, paths: Sequence[Path]) -> list[bytes]:
        """The 32-byte hash of each file's content, in the order asked for.

        Args:
            paths: Files. One that cannot be read gets a hash of its own that is not remembered:
                nothing is ever stored under it.
        """
        try:
            return self._sha256(paths)
        except sqlite3.DatabaseError:  # damaged: it is only a memory, so begin another
            self.database.unlink(missing_ok=True)
            return self._sha256(paths)

    def knows_most(self, paths: Sequence[Path]) -> bool:
        """Whether more than half of some files were hashed before: a hint, nothing more."""
        if not self.database.exists():
            return False
        some = [os.fspath(path.absolute()) for path in paths[:: max(1, len(paths) // 50)]]
        with contextlib.suppress(sqlite3.DatabaseError):
            with closing(sqlite3.connect(self.database, timeout=60)) as connection:
                known = [lookup(connection, name, stamp(name)) is not None for name in some]
            return sum(known) * 2 > len(known)
        return False

    def _sha256(self, paths: Sequence[Path]) -> list[bytes]:
        names = [os.fspath(path.absolute()) for path in paths]
        stamps = [stamp(name) for name in names]
        with closing(sqlite3.connect(self.database, timeout=60)) as connection, connection:
            connection.execute(SCHEMA)
            hashes = [
                None if self.rehash else lookup(connection, name, known)
                for name, known in zip(names, stamps, strict=True)
            ]
        missing = [i for i, value in enumerate(hashes) if value is None]
        now_ns = time.time_ns()  # before reading: a file that is young now may change unseen
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(file_sha256, [names[i] for i in missing]))
        fresh = []
        for i, digest in zip(missing, found, strict=True):
            hashes[i] = digest
            settled = now_ns - max(stamps[i][1], stamps[i][2]) > YOUNG_SECONDS * 1e9
            if settled and stamps[i] != ABSENT and stamp(names[i]) == stamps[i]:
                fresh.append((names[i], *stamps[i], digest))
        if fresh:
            with closing(sqlite3.connect(self.database, timeout=60)) as connection, connection:
                connection.executemany("REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", fresh)
        return [value for value in hashes if value is not None]


def stamp(name: str) -> tuple[int, int, int, int]:
    """(size, mtime_ns, ctime_ns, inode): what changes when a file does."""
    try:
        status = Path(name).stat()
    except OSError:
        return ABSENT
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def lookup(
    connection: sqlite3.Connection, name: str, known: tuple[int, int, int, int]
) -> bytes | None:
    """The remembered hash, if the file is still the one that was hashed."""
    row = connection.execute(
        "SELECT size, mtime_ns, ctime_ns, inode, sha256 FROM files WHERE path = ?", (name,)
    ).fetchone()
    return bytes(row[4]) if row is not None and tuple(row[:4]) == known else None


def file_sha256(name: str) -> bytes:
    """Read one file and hash it; one that cannot be read gets a hash that nothing else has.

    So do files that no picture is read from: pipes, and those of too many bytes.
    """
    try:
        with open_regular(Path(name), MOST_FILE_BYTES) as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return os.urandom(32)
