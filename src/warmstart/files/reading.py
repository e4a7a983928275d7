"""Content of regular files, no more of it than was expected."""

import errno
import os
import stat
from collections.abc import Callable
from io import BufferedReader, FileIO
from pathlib import Path
from threading import Lock

from warmstart.errors import FileError

KINDS = {
    stat.S_IFIFO: "a pipe, not a file",
    stat.S_IFCHR: "a device, not a file",
    stat.S_IFBLK: "a device, not a file",
    stat.S_IFSOCK: "a socket, not a file",
    stat.S_IFDIR: "a folder, not a file",
}
PICKLE, ZIP = b"\x80", b"PK\x03\x04"  # how pickles begin, and the archives that torch puts them in
PLAIN_TEXT_BYTES = 64 << 20  # no JSON, TOML or CSV that a run leaves is larger


def open_regular(path: Path, most_bytes: int | None = None) -> BufferedReader:
    """Open a file for reading; what a link leads to counts, and nothing waits for a writer.

    Args:
        path: A file, or a link to one.
        most_bytes: More than any that could be meant; None is any size.

    Returns:
        The open file, to be closed by the caller.

    Raises:
        OSError: it is a pipe, a device, a socket or a folder, or larger; or it is gone or may not
            be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    if path.is_dir():  # which Windows refuses to open, in other words
        raise OSError(errno.EISDIR, KINDS[stat.S_IFDIR], str(path))
    handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        kind = KINDS.get(stat.S_IFMT(status.st_mode), "not a file")
        raise OSError(errno.EINVAL, kind, str(path))
    if most_bytes is not None and status.st_size > most_bytes:
        os.close(handle)
        size = f"a file of {status.st_size:,} bytes, at most {most_bytes:,}"
        raise OSError(errno.EFBIG, size, str(path))
    return BufferedReader(FileIO(handle))


def read_regular(path: Path, most_bytes: int) -> bytes:
    """What a regular file of at most so many bytes holds; an OSError as ``open_regular`` raises."""
    with open_regular(path, most_bytes) as file:
        return file.read(os.fstat(file.fileno()).st_size)


def reader_at(file: BufferedReader) -> Callable[[int, int], bytes]:
    """What reads parts of an open file, by any number of threads.

    Args:
        file: From ``open_regular``; it stays open for as long as it is read.

    Returns:
        (Offset, number of bytes) → those bytes, fewer at the end.
    """
    handle = file.fileno()
    if hasattr(os, "pread"):
        return lambda offset, number: os.pread(handle, number, offset)
    lock = Lock()  # Windows has one place in a file for all threads

    def read_at(offset: int, number: int) -> bytes:
        with lock:
            file.seek(offset)
            return file.read(number)

    return read_at


def read_text(path: Path, most_bytes: int = PLAIN_TEXT_BYTES) -> str:
    """The text of a file in UTF-8; an OSError as ``open_regular`` raises.

    Raises:
        FileError: it is no such text.
    """
    content = read_regular(path, most_bytes)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind = "a pickle, which is not read" if is_pickle(content) else "no text in UTF-8"
        raise FileError(
            f"{path} is {kind}.",
            expected="plain text as warmstart wrote it.",
            fix="copy it again from where it was made.",
        ) from error


def is_pickle(content: bytes) -> bool:
    """Whether these bytes begin as a pickle, or as the archive that torch.save writes."""
    return content[:1] == PICKLE or content[:4] == ZIP
