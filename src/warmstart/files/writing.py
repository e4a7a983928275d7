"""Files that are whole or not there, also after a kill or the power went; the lock of a folder."""

import io
import os
import re
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from platform import node
from typing import BinaryIO

from warmstart.errors import FileError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

TEMPORARY = ".writing-"
HOST = f"{zlib.crc32(node().encode()):08x}"  # a folder may be shared: process numbers are not
TEMPORARY_NAME = re.compile(  # of versions before without the host
    re.escape(TEMPORARY) + r"(?:(?P<host>[0-9a-f]{8})-)?(?P<process>[0-9]{1,18})-(?P<name>.*)",
    re.DOTALL,
)
NO_TEXT = "backslashreplace"  # names of files need not be text
DAY_SECONDS = 86_400.0


@contextmanager
def writing(
    path: Path, *, what: str = "", mode: int | None = None, sweeps: bool = True
) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` once it is whole: fsync, then rename.

    Args:
        path: Its folder is made.
        what: What is written, for errors; the file's name otherwise.
        mode: Its permissions, if not the usual ones.
        sweeps: What a killed writer of the same file left is removed.
    """
    temporary = path.with_name(f"{TEMPORARY}{HOST}-{os.getpid()}-{path.name}")
    with file_errors(path, what):
        path.parent.mkdir(parents=True, exist_ok=True)
        if sweeps:
            remove_stale(path.parent, path.name)
        try:
            with temporary.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                temporary.chmod(mode)
            temporary.replace(path)
            sync_folder(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink()


@contextmanager
def writing_text(path: Path) -> Iterator[io.TextIOWrapper]:
    """Likewise for text in UTF-8, its line ends as they are written: what ``csv.writer`` takes."""
    with writing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors=NO_TEXT, newline="")
        yield text
        text.flush()
        text.detach()


def write_whole(path: Path, content: bytes | str, *, what: str = "") -> None:
    """Write a file that is whole or not there.

    Args:
        path: Where; its folder is made.
        content: Bytes, or text that is written in UTF-8.
        what: What is written, for errors; the file's name otherwise.
    """
    with writing(path, what=what) as file:
        file.write(content if isinstance(content, bytes) else content.encode(errors=NO_TEXT))


def append_text(path: Path, text: str) -> None:
    """Put lines at the end of a file; a kill may cut the last of them, which its reader knows."""
    with file_errors(path), path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


@contextmanager
def file_errors(path: Path, what: str = "") -> Iterator[None]:
    """Say what to do where the system refuses to write.

    Args:
        path: Where.
        what: What was to be written; the name otherwise.

    Raises:
        FileError: it did.
    """
    try:
        yield
    except OSError as error:
        raise FileError(
            f"{path}: {what or path.name} cannot be written ({error.strerror or error}).",
            expected="a place that can be written, with room on its disk.",
            fix=f"free some space on the disk of {path.parent}, or give another place.",
        ) from error


def remove_stale(folder: Path, name: str = "", *, is_locked: bool = False) -> list[Path]:
    """Delete temporary files of writers that are gone; such files are never read.

    Args:
        folder: Where to look.
        name: Of the file that they were to become; "" is any.
        is_locked: The caller alone may write there, so no other writer can be at work.

    Returns:
        What was deleted.
    """
    removed = []
    for path in sorted(folder.glob(f"{TEMPORARY}*")):
        found = TEMPORARY_NAME.fullmatch(path.name)
        if found is None or name not in {"", found["name"]}:
            continue
        with suppress(OSError):
            if is_locked or is_abandoned(found["host"], int(found["process"]), path):
                path.unlink()
                removed.append(path)
    return removed


def is_abandoned(host: str | None, process: int, path: Path) -> bool:
    """Whether nobody writes a temporary file any more, as far as can be told."""
    if host in {None, HOST} and os.name == "posix":
        return process != os.getpid() and not is_running(process)
    return time.time() - path.stat().st_mtime > DAY_SECONDS


def is_running(process: int) -> bool:
    """Whether this computer has a process of that number; on POSIX systems only."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        return True
    return True


def sync_folder(folder: Path) -> None:
    """Make a rename durable; systems without folder handles do it themselves."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def folder_lock(folder: Path, *, waits: bool = True) -> Iterator[bool]:
    """Hold the lock of a folder, and say whether it is held; who writes there holds it.

    The folder itself is locked, so that nothing is left in it, and the system releases it when the
    process ends. Where a system cannot do that (Windows, some network disks) nobody is kept out.

    Args:
        folder: It is there.
        waits: Whether to wait for another process that holds it; False is yielded otherwise.
    """
    if fcntl is None:
        yield True
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield take_lock(handle, waits=waits)
    finally:
        os.close(handle)


def take_lock(handle: int, *, waits: bool) -> bool:
    """Try to lock an open folder; say whether nobody else holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # a disk that knows no locks
        return True
    return True
