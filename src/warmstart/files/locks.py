"""Who writes in a folder holds its lock; the system releases it when that process ends.

The folder itself is locked, so that nothing is left in it. Where a system cannot do that (Windows,
some network disks) nobody is kept out.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def folder_lock(folder: Path, *, waits: bool = True) -> Iterator[bool]:
    """Hold the lock of a folder, and say whether it is held.

    Args:
        folder: It is there.
        waits: Whether to wait for another process that holds it; False is yielded otherwise.
    """
    if fcntl is None:
        yield True
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield is_locked(handle, waits=waits)
    finally:
        os.close(handle)


def is_locked(handle: int, *, waits: bool) -> bool:
    """Try to lock an open folder; say whether nobody else holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # a disk that knows no locks
        return True
    return True
