"""Rows out of shards, with few files open and none of them in memory.

Maps were tried: the system keeps up to 2 MB around each page that is read, so memory grew with the
store, and each map holds a file open, so a store of a thousand shards could not be read.
"""

import weakref
from collections import OrderedDict
from io import FileIO
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.shard import Shard
from warmstart.errors import CacheError

MOST_OPEN = 64


class ShardReader:
    """Reads rows; may be used by several threads."""

    def __init__(self) -> None:
        """Begin with no file open."""
        self._files: OrderedDict[Path, FileIO] = OrderedDict()
        self._lock = Lock()
        # no __del__: of a cycle of garbage Python may end the files before it, and complain of them
        weakref.finalize(self, close_all, self._files)

    def read(
        self,
        shard: Shard,
        rows: NDArray[np.int64],
        out: NDArray[np.generic],
        places: NDArray[np.int64],
    ) -> None:
        """Copy rows of one shard.

        Args:
            shard: Where they lie.
            rows: Which, counted from the shard's first.
            out: (B, …), of the shard's type.
            places: Where in ``out`` each goes.

        Raises:
            CacheError: the file is gone, or shorter than it was.
        """
        try:
            with self._lock:
                copy_rows(self._opened(shard.path), shard, rows, out, places)
        except OSError as error:
            raise CacheError(
                f"{shard.path}: stored rows cannot be read ({error.strerror or error}).",
                expected="a file that stays as it was when it was opened.",
                fix="start again: rows that are gone are computed again.",
            ) from error

    def _opened(self, path: Path) -> FileIO:
        """The file, and the one that was used least recently is closed."""
        file = self._files.pop(path, None)
        if file is None:
            file = FileIO(path)
        self._files[path] = file
        if len(self._files) > MOST_OPEN:
            self._files.popitem(last=False)[1].close()
        return file

    def close(self) -> None:
        """Close every file."""
        with self._lock:
            close_all(self._files)


def close_all(files: OrderedDict[Path, FileIO]) -> None:
    """Close files, and forget them."""
    while files:
        files.popitem()[1].close()


def copy_rows(
    file: FileIO,
    shard: Shard,
    rows: NDArray[np.int64],
    out: NDArray[np.generic],
    places: NDArray[np.int64],
) -> None:
    """Read rows of an open file, neighbours that stay neighbours at once.

    Raises:
        OSError: it ends too early.
    """
    begin, numbers, targets = 0, rows.tolist(), places.tolist()
    for end in range(1, len(numbers) + 1):
        if (
            end < len(numbers)
            and numbers[end] == numbers[end - 1] + 1
            and targets[end] == targets[end - 1] + 1
        ):
            continue
        file.seek(shard.start + numbers[begin] * shard.row_bytes)
        part = out[targets[begin] : targets[end - 1] + 1]
        if file.readinto(part) != part.nbytes:  # type: ignore[arg-type]
            raise OSError("it is shorter than it was")
        begin = end
