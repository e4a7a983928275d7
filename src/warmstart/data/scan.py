"""Every file below a folder, each once, whatever links there are."""

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from warmstart.data.table import Exclusion
from warmstart.errors import DataError

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".avif"}
)
JUNK_FOLDERS = frozenset({"__MACOSX", "@eaDir"})  # thumbnails and forks that look like images


@dataclass(frozen=True)
class Scan:
    """Names under the folder, sorted: ``images``, ``folders`` looked into, and the rest."""

    images: tuple[str, ...]
    folders: tuple[str, ...]
    exclusions: tuple[Exclusion, ...]


@dataclass
class _Walk:
    root: Path
    enter: Collection[str] | None
    images: dict[str, str] = field(default_factory=dict)  # name → real path
    folders: dict[str, str] = field(default_factory=dict)
    exclusions: list[Exclusion] = field(default_factory=list)
    folder_links: list[str] = field(default_factory=list)
    file_links: list[str] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)

    def leave_out(self, name: str, reason: str) -> None:
        shown = name.encode("utf-8", "backslashreplace").decode()
        self.exclusions.append(Exclusion(shown, reason))


def scan(root: Path, enter: Collection[str] | None = None) -> Scan:
    """List the image files below ``root`` and name every other file, with the reason.

    A link to a file or folder that is read anyway is left out, so that no image is read twice; a
    link to one outside is followed.

    Args:
        root: The folder.
        enter: Names of the folders directly under ``root`` to look into; None for all.

    Returns:
        Sorted names, whatever the file system's order.
    """
    walk = _Walk(root, enter)
    _descend(walk, "")
    while walk.folder_links:
        walk.folder_links.sort(reverse=True)
        _follow_folder(walk, walk.folder_links.pop())
    taken = set(walk.images.values())
    for name in sorted(walk.file_links):
        _follow_file(walk, name, taken)
    return Scan(
        tuple(sorted(walk.images)),
        tuple(sorted(walk.folders)),
        tuple(sorted(walk.exclusions, key=lambda item: (item.name, item.reason))),
    )


def _descend(walk: _Walk, start: str) -> None:
    pending = [start]
    while pending:
        folder = pending.pop()
        path = f"{walk.root}/{folder}"
        status = Path(path).stat()
        if (status.st_dev, status.st_ino) in walk.seen:
            walk.leave_out(f"{folder}/", "a folder that is also reached by another way")
            continue
        walk.seen.add((status.st_dev, status.st_ino))
        if folder:
            walk.folders[folder] = path
        real = os.path.realpath(path)
        for entry in _entries(path):
            name = f"{folder}/{entry.name}" if folder else entry.name
            if _is_wanted(walk, entry, name):
                _place(walk, entry, name, real, pending)


def _entries(path: str) -> list["os.DirEntry[str]"]:
    """The entries of a folder.

    Raises:
        DataError: the system does not let it be read.
    """
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except OSError as error:
        raise DataError(
            f"the folder {path} cannot be read ({error.strerror}).",
            expected="folders that this user may list.",
            fix=f"chmod -R u+rX {path}",
        ) from error


def _is_wanted(walk: _Walk, entry: "os.DirEntry[str]", name: str) -> bool:
    """Whether to look at an entry at all; if not, it has been named."""
    is_folder = entry.is_dir(follow_symlinks=False) or _is_folder_link(entry)
    shown = f"{name}/" if is_folder and not entry.is_symlink() else name
    if not _is_utf8(entry.name):
        walk.leave_out(shown, "a name that is not UTF-8")
    elif entry.name.startswith("."):
        walk.leave_out(shown, "a hidden folder" if is_folder else "a hidden file")
    elif is_folder and entry.name in JUNK_FOLDERS:
        walk.leave_out(shown, "a folder that other programs made")
    elif is_folder and "/" not in name and walk.enter is not None and name not in walk.enter:
        walk.leave_out(shown, f"outside {', '.join(walk.enter)}")
    else:
        return True
    return False


def _place(
    walk: _Walk, entry: "os.DirEntry[str]", name: str, real: str, pending: list[str]
) -> None:
    suffix = Path(entry.name).suffix.lower()
    if entry.is_dir(follow_symlinks=False):
        pending.append(name)
    elif _is_folder_link(entry):
        walk.folder_links.append(name)
    elif entry.is_symlink() and not Path(entry.path).exists():
        walk.leave_out(name, "a link to nothing")
    elif not entry.is_file():
        walk.leave_out(name, "not a regular file")
    elif suffix not in IMAGE_SUFFIXES:
        walk.leave_out(name, f"not an image suffix: {suffix or 'none'}")
    elif entry.is_symlink():
        walk.file_links.append(name)
    else:
        walk.images[name] = f"{real}/{entry.name}"


def _follow_folder(walk: _Walk, name: str) -> None:
    path = walk.root / name
    real, status = path.resolve(), path.stat()
    above = [path.parent.resolve(), walk.root.resolve()]
    if any(folder.is_relative_to(real) for folder in above):  # it leads round, or far away
        walk.leave_out(name, "a link to a folder above it")
    elif (status.st_dev, status.st_ino) in walk.seen:
        walk.leave_out(name, "a link to a folder that is read anyway")
    else:
        _descend(walk, name)


def _follow_file(walk: _Walk, name: str, taken: set[str]) -> None:
    real = os.path.realpath(walk.root / name)
    if real in taken:
        walk.leave_out(name, "a link to an image that is read anyway")
    else:
        taken.add(real)
        walk.images[name] = real


def _is_folder_link(entry: "os.DirEntry[str]") -> bool:
    # a link to itself raises in entry.is_dir() and is false here
    return entry.is_symlink() and Path(entry.path).is_dir()


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
