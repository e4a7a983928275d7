"""All stored rows that one prefix made: their names, shards and index, and who may write or delete.

Whoever reads a namespace holds a lease, and whoever tidies leaves it alone. Needed besides the lock
of those who fill: many may read at once, and for hours. Where a system has no flock (Windows)
nobody asks; it refuses to delete the files that are open.
"""

import hashlib
import json
import os
import weakref
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from warmstart.activations.shard import (
    KEY_BYTES,
    SUFFIX,
    Shard,
    ShardReader,
    is_intact,
    open_shard,
    write_errors,
    write_shard,
)
from warmstart.errors import CacheError, FileError
from warmstart.files.reading import read_text
from warmstart.files.strict import refuse_file
from warmstart.files.writing import remove_stale, write_whole

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FORMAT_VERSION = 1  # of shards and of this naming; changing it leaves older rows unused
CARD, LOCK, LEASE = "space.json", "lock", "in-use"


@dataclass(frozen=True)
class NamespaceCard:
    """What all rows of one namespace have in common.

    ``backbone`` is for people; ``fingerprint`` names the prefix's structure and weights, ``cut``
    where it ends, ``mode`` the runner, its version, number type and instruction set, ``dtype`` and
    ``shape`` what one row is.
    """

    backbone: str
    fingerprint: str
    cut: str
    mode: str
    dtype: str
    shape: tuple[int, ...]
    format_version: int = FORMAT_VERSION

    @property
    def identity(self) -> str:
        """32 hexadecimal digits that name the namespace."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def row_key(namespace: str, view_name: str, content_sha256: bytes) -> bytes:
    """The 32-byte name of one row.

    Args:
        namespace: A NamespaceCard's identity.
        view_name: The recipe's name of the view: everything that changes one of its pixels.
        content_sha256: Hash of the image file's bytes.
    """
    view = hashlib.sha256(view_name.encode()).digest()
    return hashlib.sha256(bytes.fromhex(namespace) + view + content_sha256).digest()


class CacheNamespace:
    """Rows by key. Reading needs no lock: shards never change, and appear whole."""

    def __init__(self, folder: Path, card: NamespaceCard) -> None:
        """Open ``folder / card.identity``, and compare the checksum of every shard in it."""
        self.folder, self.card = folder / card.identity, card
        self.damaged: list[Path] = []
        self._shards: list[Shard] = []
        self._starts: list[int] = []
        self._position: dict[bytes, int] = {}
        self._num_rows, self._reader = 0, ShardReader()
        if not self._has_card():
            with self.lock():
                pass  # which writes it
        hold_lease(self, self.folder)
        self.refresh()

    def __len__(self) -> int:
        """The number of distinct rows."""
        return len(self._position)

    @property
    def row_bytes(self) -> int:
        """What one row takes on disk, its key included."""
        values = int(np.prod(self.card.shape)) * np.dtype(self.card.dtype).itemsize
        return values + KEY_BYTES

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held by whoever fills the namespace; released by the system if that process dies."""
        with write_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / LOCK)
            lock.acquire()
        try:
            self._write_card()  # a tidied cache has none left
            yield
        finally:
            lock.release()

    def refresh(self) -> None:
        """Take in shards written since, also by other processes; damaged ones are set aside."""
        with suppress(OSError):  # a cache that may only be read can be used as well
            os.utime(self.folder / CARD)  # the time of last use, for the size limit
        known = {shard.path for shard in self._shards}
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            if path.name.startswith(".") or path in known:
                continue
            try:
                if is_intact(path):
                    self._take(path)
                    continue
            except FileNotFoundError:  # tidied, or set aside, by another process
                continue
            except (OSError, FileError):  # the disk cannot read it any more, or it is none of ours
                pass
            self.damaged.append(set_aside(path))

    def missing(self, keys: Sequence[bytes]) -> list[int]:
        """Positions in ``keys`` of rows that are not stored, each distinct key once."""
        seen: set[bytes] = set()
        positions = []
        for i, key in enumerate(keys):
            if key not in self._position and key not in seen:
                seen.add(key)
                positions.append(i)
        return positions

    def append(self, keys: Sequence[bytes], rows: NDArray[np.generic]) -> None:
        """Commit rows (n, …) under ``keys``; the caller holds the lock.

        Args:
            keys: One name per row.
            rows: Values of the card's dtype and shape.

        Raises:
            CacheError: their shape is another.
        """
        if rows.shape != (len(keys), *self.card.shape):
            raise CacheError(
                f"{len(keys)} rows of shape {rows.shape[1:]} are to be stored.",
                expected=f"rows of shape {self.card.shape}, after which the namespace is named.",
                fix="report this: it is a fault of warmstart.",
            )
        names = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), KEY_BYTES)
        values = rows.astype(self.card.dtype, copy=False)
        self._take(write_shard(self.folder, names, values))

    def locate(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        """Where rows lie, for ``gather``; every key must be stored."""
        return np.array([self._position[key] for key in keys], np.int64)

    def gather(self, positions: NDArray[np.int64]) -> NDArray[np.generic]:
        """Rows in the order asked for: (len(positions), …)."""
        out = np.empty((len(positions), *self.card.shape), self.card.dtype)
        shard_of = np.searchsorted(self._starts, positions, side="right") - 1
        for number in np.unique(shard_of):
            places = np.flatnonzero(shard_of == number)
            rows = positions[places] - self._starts[number]
            self._reader.read(self._shards[number], rows, out, places)
        return out

    def remove_unfinished(self) -> None:
        """Delete what a killed writer left; the caller holds the lock."""
        remove_stale(self.folder, is_locked=True)

    def shard_of(self, position: int) -> Path:
        """The file that holds a row."""
        return self._shards[bisect_right(self._starts, position) - 1].path

    def _take(self, path: Path) -> None:
        shard, keys = open_shard(path)
        if shard.row_bytes != self.row_bytes - KEY_BYTES:
            refuse_file(str(path), f"has rows of {shard.row_bytes} bytes")
        self._starts.append(self._num_rows)
        self._shards.append(shard)
        for i, key in enumerate(keys):
            self._position.setdefault(key.tobytes(), self._num_rows + i)
        self._num_rows += shard.num_rows

    def _card_text(self) -> str:
        return json.dumps(asdict(self.card), indent=1)

    def _has_card(self) -> bool:
        try:
            return read_text(self.folder / CARD) == self._card_text()
        except (OSError, FileError):
            return False

    def _write_card(self) -> None:
        """The caller holds the lock, so no other process takes the file for a leftover."""
        if not self._has_card():
            with write_errors(self.folder):
                write_whole(self.folder / CARD, self._card_text())


def set_aside(path: Path) -> Path:
    """Rename a damaged shard so that nobody reads it again; where that is forbidden, leave it."""
    aside = path.with_suffix(".damaged")
    try:
        return path.replace(aside)
    except OSError:  # it is not taken in, and that is what counts
        return path


def hold_lease(owner: object, folder: Path) -> None:
    """Nobody tidies ``folder`` away as long as ``owner`` lives; nothing in a read-only store."""
    if fcntl is None:
        return
    with suppress(OSError):
        handle = os.open(folder / LEASE, os.O_RDWR | os.O_CREAT, 0o644)
        weakref.finalize(owner, os.close, handle)
        fcntl.flock(handle, fcntl.LOCK_SH)


@contextmanager
def no_readers(folder: Path) -> Iterator[bool]:
    """Say whether nobody reads ``folder``, and keep others from beginning to."""
    if fcntl is None:
        yield True
        return
    handle = os.open(folder / LEASE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
