"""One file of stored rows: safetensors, its checksum in its name, committed by rename."""

import json
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from warmstart.data.durable import sync_folder
from warmstart.errors import CacheError

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
    temporary, final = folder / f".writing-{os.getpid()}-{name}", folder / name
    with disk_errors(folder, len(content)):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o444)
            temporary.replace(final)
            sync_folder(folder)
        finally:
            with suppress(OSError):
                temporary.unlink()
    return final


@contextmanager
def disk_errors(folder: Path, num_bytes: int = 0) -> Iterator[None]:
    """Say what to do when a disk is full, or may not be written.

    Raises:
        CacheError: the system refused.
    """
    try:
        yield
    except OSError as error:
        what = f"{num_bytes} bytes of activations" if num_bytes else "activations"
        raise CacheError(
            f"{folder}: {what} cannot be written ({error.strerror or error}).",
            expected="a folder that can be written, with room on its disk.",
            fix="free some space (warmstart cache gc --keep 0), or choose another cache folder.",
        ) from error


def is_intact(path: Path) -> bool:
    """Whether the content has the checksum that the name promises."""
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            checksum = zlib.crc32(block, checksum)
    return path.name.removesuffix(SUFFIX).endswith(f"-{checksum:08x}")


def open_shard(path: Path) -> tuple[Shard, NDArray[np.uint8]]:
    """Read the header and the keys (n, 32) of a shard whose checksum has been compared."""
    with path.open("rb") as file:
        (header_bytes,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(header_bytes))
        (keys_begin, keys_end), (begin, end) = (
            header[name]["data_offsets"] for name in ("keys", "rows")
        )
        start = 8 + header_bytes
        file.seek(start + keys_begin)
        keys = np.frombuffer(file.read(keys_end - keys_begin), np.uint8).reshape(-1, KEY_BYTES)
    return Shard(path, len(keys), (end - begin) // len(keys), start + begin), keys
