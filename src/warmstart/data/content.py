"""The sha256 of files, remembered so that a second run need not read them."""

import hashlib
import os
import re
import sqlite3
import time
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from warmstart.files.places import CONTAINERS, Stamp, open_place, place_stamp
from warmstart.files.places import NOTHING as ABSENT
from warmstart.files.remote_reading import as_place
from warmstart.images.budget import MOST_FILE_BYTES

YOUNG_SECONDS = 2.0  # coarser clocks could hide a second write within this time
WAIT_SECONDS = 60.0  # for another process that writes
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
UNUSUAL = re.compile(r"^/|//|(^|/)\.(/|$)|/$|^$")  # names that a Path would write in another way
PRIMARY = 0xFF  # the part of SQLite's codes that says what kind of error it is
# what versions before remembered, without a sum of each row, is in the table "files"
SCHEMA = """
CREATE TABLE IF NOT EXISTS hashes (
  path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER,
  sha256 BLOB, sum BLOB
) WITHOUT ROWID
"""
MOST_SOUND = 50_000  # hashes that are also held in memory: some tens of megabytes
Row = tuple[str, int, int, int, int, bytes]


class ContentHashes:
    """Content hashes by (path, size, mtime_ns, ctime_ns, inode), kept in one SQLite file.

    Files changed less than two seconds before they are hashed are not remembered: a later change
    within the clock's tick would look the same. Each row carries a sum, so that a flipped bit is
    never taken for a hash. A memory that is damaged is begun anew; one that cannot be opened or
    written, on a full disk for instance, is done without, and a warning says so.

    A run asks for the same files again and again: what was read and found sound is also held here,
    until somebody writes into the memory.
    """

    def __init__(self, database: Path, *, rehash: bool = False) -> None:
        """Use ``database``; ``rehash`` forgets what it knows about the files asked for."""
        self.database, self.rehash = database, rehash
        self._sound: dict[str, tuple[Stamp, bytes]] = {}
        self._sound_in = ABSENT  # the memory that they were read from

    def sha256(self, paths: Sequence[Path]) -> list[bytes]:
        """The 32-byte hash of each file's content, in the order asked for.

        Args:
            paths: Files. One that cannot be read gets a hash of its own that is not remembered:
                nothing is ever stored under it.
        """
        return self.sha256_of([os.fspath(path.absolute()) for path in paths])

    def sha256_of(self, names: Sequence[str]) -> list[bytes]:
        """Likewise, of whole paths as text: many thousands are asked for many times."""
        stamps = [file_stamp(name) for name in names]
        known = [None] * len(names) if self.rehash else self._remembered(names, stamps)
        missing = [i for i, value in enumerate(known) if value is None]
        if not missing:
            return [value for value in known if value is not None]
        now_ns = time.time_ns()  # before reading: a file that is young now may change unseen
        with ThreadPoolExecutor(4) as pool:
            found = dict(
                zip(missing, pool.map(file_sha256, [names[i] for i in missing]), strict=True)
            )
        self._remember(
            (names[i], *stamps[i], digest)
            for i, digest in found.items()
            if now_ns - max(stamps[i][1], stamps[i][2]) > YOUNG_SECONDS * 1e9
            and stamps[i] != ABSENT
            and file_stamp(names[i]) == stamps[i]
        )
        return [found[i] if value is None else value for i, value in enumerate(known)]

    def knows_most(self, paths: Sequence[Path]) -> bool:
        """Whether more than half of some files were hashed before: a hint, nothing more."""
        if not self.database.exists():
            return False
        names = [os.fspath(path.absolute()) for path in paths[:: max(1, len(paths) // 50)]]
        known = self._remembered(names, [file_stamp(name) for name in names])
        return sum(value is not None for value in known) * 2 > len(known)

    def _remembered(self, names: Sequence[str], stamps: Sequence[Stamp]) -> list[bytes | None]:
        """The hash of each file that is still the one that was hashed, None of others."""
        nothing: list[bytes | None] = [None] * len(names)
        if not self.database.exists():
            return nothing
        self._forget_what_was_before()
        asked = list(zip(names, stamps, strict=True))
        held = [self._held(name, known) for name, known in asked]
        if None not in held:
            return held
        try:
            with closing(self._open()) as connection:
                found = [
                    lookup(connection, name, known) if digest is None else digest
                    for (name, known), digest in zip(asked, held, strict=True)
                ]
        except (sqlite3.Error, OSError) as error:
            self._do_without(error)
            return nothing
        if self._sound_in != ABSENT and len(self._sound) + len(names) <= MOST_SOUND:
            self._sound.update(
                (name, (known, digest))
                for (name, known), digest in zip(asked, found, strict=True)
                if digest is not None
            )
        return found

    def _held(self, name: str, stamp: Stamp) -> bytes | None:
        """The hash that was read before, if the file is still the one that was hashed."""
        known, digest = self._sound.get(name, (ABSENT, b""))
        return digest if known == stamp and digest else None

    def _forget_what_was_before(self) -> None:
        """Hold nothing of a memory that was written since, or so lately that it could be unseen."""
        stamp = file_stamp(os.fspath(self.database.absolute()))
        is_young = time.time_ns() - max(stamp[1], stamp[2]) <= YOUNG_SECONDS * 1e9
        if is_young or stamp != self._sound_in:
            self._sound = {}
            self._sound_in = ABSENT if is_young else stamp

    def _remember(self, rows: Iterable[Row]) -> None:
        rows = list(rows)
        if not rows:
            return
        try:
            self.database.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as connection, connection:
                connection.executemany(
                    "REPLACE INTO hashes VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(written(row[0]), *row[1:], sum_of(row)) for row in rows],
                )
        except (sqlite3.Error, OSError) as error:
            self._do_without(error)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.database, timeout=WAIT_SECONDS)
        try:
            connection.execute(SCHEMA)
        except sqlite3.Error as error:
            if sqlite_code(error) != sqlite3.SQLITE_READONLY:
                connection.close()
                raise
        return connection

    def _do_without(self, error: Exception) -> None:
        """Forget a memory that is damaged; of one that cannot be used say why."""
        if sqlite_code(error) in DAMAGED:
            self.database.unlink(missing_ok=True)  # it is only a memory
            return
        warnings.warn(
            f"{self.database}: hashes of files are not remembered ({error}); every run reads all "
            "files again. Free some space, or choose another cache folder.",
            stacklevel=2,
        )


def sqlite_code(error: Exception) -> int:
    """What kind of error SQLite says it is; 0 where it says nothing."""
    return int(getattr(error, "sqlite_errorcode", 0)) & PRIMARY


def sum_of(row: Row) -> bytes:
    """Eight bytes that tell whether a row is as it was written.

    >>> sum_of(("a.jpg", 1, 2, 3, 4, b"")) == sum_of(("a.jpg", 1, 2, 3, 5, b""))
    False
    """
    return hashlib.blake2b(repr(row).encode(errors="surrogateescape"), digest_size=8).digest()


def written(name: str) -> str | bytes:
    """How a name is kept: as text, or as bytes where it is none."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name)
    return name


def file_stamp(name: str) -> Stamp:
    """(size, mtime_ns, ctime_ns, inode): what changes when a file does, or the one it lies in."""
    if not name.startswith(os.sep) or lies_in_container(name):
        return place_stamp(as_place(name))
    try:  # nearly every file; as a Path it would take several times as long
        status = os.stat(name)  # noqa: PTH116
    except OSError:
        return ABSENT
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def lies_in_container(name: str) -> bool:
    """Whether it could: the name of an archive or a table is in the path.

    >>> lies_in_container("/photos.tar/a.jpg"), lies_in_container("/photos/a.jpg")
    (True, False)
    """
    lower = name.lower()
    return any(f"{ending}{os.sep}" in lower for ending in CONTAINERS)


def path_texts(folder: Path, names: Sequence[str]) -> list[str]:
    """The whole path of each name in a folder, as ``os.fspath((folder / name).absolute())``."""
    whole = folder.absolute()
    start = os.fspath(whole)
    if os.sep != "/" or not start.startswith("/") or start == "/":  # Windows, or a URL
        return [os.fspath(whole / name) for name in names]
    return [
        os.fspath(whole / name) if UNUSUAL.search(name) else f"{start}/{name}" for name in names
    ]


def lookup(connection: sqlite3.Connection, name: str, known: Stamp) -> bytes | None:
    """The remembered hash, if the file is still the one that was hashed, and the row is sound."""
    row = connection.execute(
        "SELECT size, mtime_ns, ctime_ns, inode, sha256, sum FROM hashes WHERE path = ?",
        (written(name),),
    ).fetchone()
    if row is None or tuple(row[:4]) != known or not isinstance(row[4], bytes):
        return None
    return row[4] if sum_of((name, *known, row[4])) == row[5] else None


def file_sha256(name: str) -> bytes:
    """Read one file and hash it.

    Args:
        name: Its path.

    Returns:
        32 bytes. A file that cannot be read gets a hash that nothing else has; so do those that no
        image is read from: pipes, and files of more than ``MOST_FILE_BYTES``.
    """
    try:
        with open_place(as_place(name), MOST_FILE_BYTES) as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return os.urandom(32)
