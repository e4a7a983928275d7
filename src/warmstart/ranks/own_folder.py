"""One process writes: the others have a copy of its folder, for themselves and for a while."""

import atexit
import os
import platform
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

from warmstart.files.quiet import temporary_folder
from warmstart.files.writing import is_running
from warmstart.ranks.ranks import Ranks

COPIES = "rank-"  # how the names of copies begin; computer and process follow


def own_folder(ranks: Ranks, folder: Path | None) -> Path:
    """Where this process may write what the first writes to ``folder``.

    Args:
        ranks: All meet here: the first goes on once the others have their copies.
        folder: The first's, on a disk that all of them see; others need not know it.

    Returns:
        The folder itself for the first; for others a copy of what it holds, so that they too find
        checkpoints to go on with. A copy has no copy.
    """
    if ranks.is_first and folder is not None:
        folder = Path(ranks.agreed("a folder", str(folder)))
    else:
        folder = copy_for_own(Path(ranks.agreed("a folder", "")), folder)
    ranks.wait("copies of a folder")
    return folder


def copy_for_own(original: Path, own: Path | None) -> Path:
    """A copy of the first's folder; one of this process's own is kept."""
    if own is not None and own.is_relative_to(copies()):
        return own
    copy = Path(tempfile.mkdtemp(dir=copies())) / (original.name or "run")
    if original.is_dir():
        shutil.copytree(original, copy, ignore=shutil.ignore_patterns(".writing-*"))
    return copy


def write_once(ranks: Ranks, folder: Path, write: Callable[[], object]) -> None:
    """Let the first process write, and the others wait until it has; one alone writes.

    Whoever has a copy of the first's folder writes into that. The first waits for nobody, so that
    it may also be the only one that is asked to.

    Args:
        ranks: All that may have come here.
        folder: What is written, the same for all.
        write: Writes it.
    """
    if ranks.talk is None or folder.is_relative_to(copies()):
        write()
        return
    from warmstart.ranks.claims import Marks  # loads torch's communication

    done = Marks(ranks, "written", str(folder.absolute()), next_time(str(folder.absolute())))
    if not ranks.is_first:
        done.wait(f"{folder}, which rank 0 writes")
        return
    try:
        write()
    finally:  # after an error torchrun ends the others
        done.set()


@cache
def times_written() -> Counter[str]:
    """How often each folder was written."""
    return Counter()


def next_time(folder: str) -> int:
    """Which time it is that a folder is written."""
    times_written()[folder] += 1
    return times_written()[folder]


@cache
def copies() -> Path:
    """The place of this process's copies, which goes with the process.

    One that was killed leaves its own; they are removed when the next begins on this computer.
    """
    home, computer = temporary_folder(), re.sub(r"[^\w.]", "-", platform.node())
    if os.name == "posix":  # elsewhere nobody can say who lives
        for left in home.glob(f"{COPIES}{computer}-[0-9]*-*"):
            number = left.name.removeprefix(f"{COPIES}{computer}-").partition("-")[0]
            if number.isdecimal() and not is_running(int(number)):
                shutil.rmtree(left, ignore_errors=True)
    place = Path(tempfile.mkdtemp(prefix=f"{COPIES}{computer}-{os.getpid()}-", dir=home))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place
