"""Content of regular files, no more of it than was expected."""

import errno
import os
import stat
from io import BufferedReader, FileIO
from pathlib import Path
from typing import NoReturn

from warmstart.errors import FileError

KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}
PICKLE, ZIP = b"\x80", b"PK\x03\x04"  # how pickles begin, and the archives that torch puts them in
READ_BYTES = 1 << 20
PLAIN_TEXT_BYTES = 64 << 20  # no JSON, TOML or CSV that a run leaves is larger


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading; what a link leads to counts, and nothing waits for a writer.

    Returns:
        The open file, to be closed by the caller; a FileError where it is none.

    Raises:
        OSError: there is none, or it may not be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if path.is_dir():  # which Windows refuses to open, in other words
        refuse_kind(path, stat.S_IFDIR)
    try:
        handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            refuse_kind(path, stat.S_IFSOCK)
        raise
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        refuse_kind(path, stat.S_IFMT(mode))
    return BufferedReader(FileIO(handle))


def read_regular(path: Path, most_bytes: int) -> bytes:
    """What a file holds.

    Args:
        path: A file, or a link to one.
        most_bytes: More than any that could be meant.

    Raises:
        FileError: it is larger, or no regular file.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise FileError(
                f"{path} has {size:,} bytes.",
                expected=f"a file of at most {most_bytes:,} bytes.",
                fix="see whether it is the file that was meant.",
            )
        return file.read(size)


def read_text(path: Path, most_bytes: int = PLAIN_TEXT_BYTES) -> str:
    """The text of a file in UTF-8.

    Raises:
        FileError: it is not, or is larger, or no regular file.
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


def refuse_kind(path: Path, kind: int) -> NoReturn:
    """Say what stands in a file's place.

    Raises:
        FileError: always.
    """
    raise FileError(
        f"{path} is {KINDS.get(kind, 'something else')}, not a file.",
        expected="a regular file.",
        fix="give the file itself.",
    )
