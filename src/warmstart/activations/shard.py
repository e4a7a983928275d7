"""Files of stored rows: safetensors, a checksum in the name, committed by rename, few of them open.

Maps were tried: the system keeps up to 2 MB around each page that is read, so memory grew with the
store, and each map holds a file open, so a store of a thousand shards could not be read.
"""

import os
import weakref
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from warmstart.errors import CacheError, FileError, reason_of
from warmstart.files.reading import open_regular
from warmstart.files.strict import refuse_file
from warmstart.files.tensors import header_of
from warmstart.files.writing import writing

SUFFIX = ".safetensors"
KEY_BYTES = 32
READ_BYTES = 1 << 20
MOST_OPEN = 64


@dataclass(frozen=True)
class Shard:
    """Where the rows of a file lie: ``num_rows`` times ``row_bytes`` from byte ``start`` on."""

    path: Path
    num_rows: int
    row_bytes: int
    start: int


def write_shard(folder: Path, keys: NDArray[np.uint8], rows: NDArray[np.generic]) -> Path:
    """Write, fsync, rename: a reader finds the whole file or none.

    Args:
        folder: The namespace's folder.
        keys: (n, 32) names.
        rows: (n, …) values.

    Returns:
        Where the shard is.
    """
    content = save({"keys": np.ascontiguousarray(keys), "rows": np.ascontiguousarray(rows)})
    name = f"{bytes(keys[0]).hex()[:16]}-{len(keys)}-{zlib.crc32(content):08x}{SUFFIX}"
    final = folder / name
    with (
        write_errors(folder, len(content)),
        writing(final, mode=0o444, sweeps=False) as file,  # whoever fills a namespace has swept it
    ):
        file.write(content)
    return final


@contextmanager
def write_errors(folder: Path, num_bytes: int = 0) -> Iterator[None]:
    """Say what to do when a disk is full, or may not be written.

    Raises:
        CacheError: the system refused.
    """
    try:
        yield
    except (OSError, FileError) as error:
        what = f"{num_bytes} bytes of activations" if num_bytes else "activations"
        cause = error.__cause__ if isinstance(error, FileError) else error
        reason = getattr(cause, "strerror", None) or reason_of(error)
        raise CacheError(
            f"{folder}: {what} cannot be written ({reason}).",
            expected="a folder that can be written, with room on its disk.",
            fix="free some space (warmstart cache gc --keep 0), or choose another cache folder.",
        ) from error


def is_intact(path: Path) -> bool:
    """Whether the content has the checksum that the name promises."""
    checksum = 0
    with open_regular(path) as file:
        while block := file.read(READ_BYTES):
            checksum = zlib.crc32(block, checksum)
    return path.name.removesuffix(SUFFIX).endswith(f"-{checksum:08x}")


def open_shard(path: Path) -> tuple[Shard, NDArray[np.uint8]]:
    """Read the header and the keys (n, 32) of a shard whose checksum has been compared.

    A sum can be made by anybody, so it is no proof of form.
    """
    with open_regular(path) as file:
        header = header_of(file, os.fstat(file.fileno()).st_size, str(path))
        keys, rows = (header.tensors.get(name) for name in ("keys", "rows"))
        if keys is None or rows is None or not keys.num_bytes or not rows.shape:
            refuse_file(str(path), "holds no rows with their keys")
        if (keys.dtype, keys.shape) != ("U8", (rows.shape[0], KEY_BYTES)):
            refuse_file(str(path), "does not hold a key for each row")
        file.seek(header.start + keys.data_offsets[0])
        names = np.frombuffer(file.read(keys.num_bytes), np.uint8).reshape(-1, KEY_BYTES)
    row_bytes = rows.num_bytes // rows.shape[0]
    start = header.start + rows.data_offsets[0]
    return Shard(path, len(names), row_bytes, start), names


def is_sound(path: Path) -> bool:
    """Whether a shard is as it was written, and has the form of one."""
    if not is_intact(path):
        return False
    try:
        open_shard(path)
    except FileError:
        return False
    return True


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
