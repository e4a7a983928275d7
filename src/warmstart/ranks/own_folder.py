"""One process writes: the others have a copy of its folder, for themselves and for a while."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from warmstart.ranks.ranks import Ranks


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


@cache
def copies() -> Path:
    """The place of this process's copies, which goes with the process."""
    place = Path(tempfile.mkdtemp(prefix="warmstart-rank-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place
