"""Who reads a space says so, and whoever tidies leaves it alone.

Needed besides the lock of those who fill: many may read at once, and for hours. Where a system has
no flock (Windows) nobody asks; it refuses to delete the files that are open.
"""

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LEASE = "in-use"


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
