"""One file of stored rows: safetensors, its checksum in its name, committed by rename."""

import json
import mmap
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

from warmstart.errors import CacheError

SUFFIX = ".safetensors"
KEY_BYTES = 32
READ_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class Shard:
    """``keys`` (n, 32) uint8 and ``rows`` (n, …), both mapped from ``path``."""

    path: Path
    keys: NDArray[np.generic]
    rows: NDArray[np.generic]
    mapped: mmap.mmap

    def release(self) -> None:
        """Let go of the pages read so far, so that memory does not grow with the store."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self.mapped.madvise(mmap.MADV_DONTNEED)


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


def sync_folder(folder: Path) -> None:
    """Make a rename durable; systems without folder handles do it themselves."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_intact(path: Path) -> bool:
    """Whether the content has the checksum that the name promises."""
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            checksum = zlib.crc32(block, checksum)
    return path.name.removesuffix(SUFFIX).endswith(f"-{checksum:08x}")


def open_shard(path: Path) -> Shard:
    """Map a shard whose checksum has been compared."""
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    (header_bytes,) = struct.unpack("<Q", mapped[:8])
    header = json.loads(mapped[8 : 8 + header_bytes])
    return Shard(
        path,
        tensor(mapped, header["keys"], 8 + header_bytes),
        tensor(mapped, header["rows"], 8 + header_bytes),
        mapped,
    )


def tensor(mapped: mmap.mmap, entry: dict[str, object], start: int) -> NDArray[np.generic]:
    """One tensor of a safetensors file, without copying it."""
    dtype = {"U8": np.uint8, "F16": np.float16, "F32": np.float32}[str(entry["dtype"])]
    shape = tuple(int(size) for size in entry["shape"])  # type: ignore[attr-defined]
    offset = start + int(entry["data_offsets"][0])  # type: ignore[index]
    return np.frombuffer(mapped, dtype, int(np.prod(shape)), offset).reshape(shape)
