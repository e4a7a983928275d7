"""One file of stored rows: safetensors, its checksum in its name, committed by rename."""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
        folder: The space's folder.
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
        writing(final, mode=0o444, sweeps=False) as file,  # whoever fills a space has swept it
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
