"""The bytes of a picture's file: of regular files alone, and of no more than a picture has."""

import errno
import io
import os
import stat
from pathlib import Path

from warmstart.errors import UnreadableImageError
from warmstart.images.budget import MOST_FILE_BYTES

KINDS = {
    stat.S_IFIFO: "a pipe, not a file",
    stat.S_IFCHR: "a device, not a file",
    stat.S_IFBLK: "a device, not a file",
    stat.S_IFSOCK: "a socket, not a file",
    stat.S_IFDIR: "a folder, not a file",
}


def picture_bytes(path: Path, name: str) -> bytes:
    """What a picture's file holds.

    Args:
        path: A file, or a link to one.
        name: What errors call it.

    Raises:
        UnreadableImageError: it is gone, may not be read, is no file, or is larger than any picture
            that would be decoded.
    """
    try:
        return read_regular(path, MOST_FILE_BYTES)
    except OSError as error:
        raise UnreadableImageError(name, error.strerror or "error") from error


def read_regular(path: Path, most_bytes: int) -> bytes:
    """What a regular file of at most so many bytes holds.

    Raises:
        OSError: it is something else, or larger; or it is gone or may not be read.
    """
    with open_regular(path, most_bytes) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:  # it has grown
        raise OSError(errno.EFBIG, f"more than {most_bytes:,} bytes")
    return content


def open_regular(path: Path, most_bytes: int) -> io.BufferedReader:
    """Open a regular file of at most so many bytes; nothing waits for a pipe's other end.

    Raises:
        OSError: it is something else, or larger; or it is gone or may not be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        kind = KINDS.get(stat.S_IFMT(status.st_mode), "not a file")
        raise OSError(errno.EINVAL, kind)
    if status.st_size > most_bytes:
        os.close(handle)
        raise OSError(errno.EFBIG, f"a file of {status.st_size:,} bytes, at most {most_bytes:,}")
    return open(handle, "rb")  # noqa: PTH123 (it has no path any more)
