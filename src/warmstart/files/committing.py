"""Files that must agree, committed together: a kill at any moment leaves the old or the new ones.

One of them, the index, names the sha256 of the others. New content is first written beside the old
under a name of its own; the rename of the index commits it; only then it takes the old one's place.
A reader takes, of both, the one whose sum the index names.
"""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from warmstart.errors import FileError
from warmstart.files.reading import read_regular
from warmstart.files.writing import file_errors, folder_lock, remove_stale, sync_folder, write_whole

PENDING = ".pending-"
MOST_TRIES = 5  # a reader that meets a writer looks again


def sha256_of(content: bytes) -> str:
    """The sum that an index names, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def pending(folder: Path, name: str, sha256: str) -> Path:
    """Where content waits for its commit."""
    return folder / f"{PENDING}{sha256[:16]}-{name}"


def commit(
    folder: Path,
    parts: Mapping[str, bytes],
    index: Path,
    content: bytes,
    *,
    removed: Iterable[str] = (),
) -> None:
    """Replace files that must agree, at once.

    Args:
        folder: Where all of them are; made if it is not there.
        parts: Content by name.
        index: The file that names the ``sha256_of`` each part.
        content: What it says.
        removed: Parts of before that it does not name any more.
    """
    with file_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with folder_lock(folder):
            commit_locked(folder, parts, index, content)
            for name in removed:
                (folder / name).unlink(missing_ok=True)


def commit_locked(folder: Path, parts: Mapping[str, bytes], index: Path, content: bytes) -> None:
    """Likewise, where no other process commits.

    Raises:
        FileError: the disk is full, or the folder may not be written; the old files are still good.
    """
    waiting = {name: pending(folder, name, sha256_of(part)) for name, part in parts.items()}
    new = [place for place in waiting.values() if not place.exists()]
    try:
        for name, part in parts.items():
            write_whole(waiting[name], part, what=name)
        write_whole(index, content)
    except FileError:
        if not has_content(index, content):
            for place in new:
                place.unlink(missing_ok=True)
        raise
    for name, place in waiting.items():
        place.replace(folder / name)
    sync_folder(folder)
    for left in folder.glob(f"{PENDING}*"):  # of a commit that was killed before it happened
        left.unlink(missing_ok=True)
    remove_stale(folder, is_locked=True)


def has_content(path: Path, content: bytes) -> bool:
    """Whether a file can be read, and holds this."""
    try:
        return read_regular(path, len(content)) == content
    except OSError:
        return False


def committed_place(folder: Path, name: str, sha256: str) -> Path:
    """Where a part that an index names may be read: it waits there, or has taken its place.

    Args:
        folder: Where the index is.
        name: Of the part.
        sha256: Its sum, as the index has it.
    """
    place = pending(folder, name, sha256)
    return place if place.is_file() else folder / name


def read_committed(folder: Path, name: str, sha256: str, most_bytes: int) -> bytes:
    """The content that an index names.

    Args:
        folder: Where.
        name: Of the part.
        sha256: Its sum.
        most_bytes: More than any that could be meant.

    Raises:
        FileError: there is none, or it is not the one that was saved.
    """
    for _ in range(MOST_TRIES):
        with suppress(FileNotFoundError):  # it takes its place just now
            content = read_regular(committed_place(folder, name, sha256), most_bytes)
            if sha256_of(content) == sha256:
                return content
    raise FileError(
        f"{folder / name} is not the file that was saved: its checksum differs.",
        expected=f"the content with the sha256 {sha256[:16]}….",
        fix="copy the folder again from where it was made.",
    )
