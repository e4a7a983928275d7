"""Every file below a folder, each once, whatever links there are: the one lister of pictures."""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from warmstart.data.table import Exclusion
from warmstart.data.trees import has_members, is_tree, list_tree
from warmstart.errors import DataError
from warmstart.files.places import is_place
from warmstart.files.remote_reading import as_place
from warmstart.images.formats import is_image_suffix, unread_reason

# what file managers, cameras, servers and unpackers leave among pictures, in lower case
JUNK_FOLDERS = frozenset(
    {
        "__macosx", "@eadir", "#recycle", "@recycle", "#snapshot", "$recycle.bin", "lost+found",
        "system volume information",
    }
)  # fmt: skip
JUNK_FILES = frozenset({"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r"})
THUMBNAIL_FOLDERS = frozenset({"thumbs", "thumbnails", "_thumbs", "_thumbnails"})


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
    is_lenient: bool = False
    images: dict[str, str] = field(default_factory=dict)  # name → real path
    folders: dict[str, str] = field(default_factory=dict)
    exclusions: list[Exclusion] = field(default_factory=list)
    folder_links: list[str] = field(default_factory=list)
    file_links: list[str] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)

    def leave_out(self, name: str, reason: str) -> None:
        shown = name.encode("utf-8", "backslashreplace").decode()
        self.exclusions.append(Exclusion(shown, reason))


def scan(root: Path, enter: Collection[str] | None = None, *, is_lenient: bool = False) -> Scan:
    """List the image files below ``root`` and name every other file, with the reason.

    A link to a file or folder that is read anyway is left out, so that no image is read twice; a
    link to one outside is followed.

    Args:
        root: The folder.
        enter: Names of the folders directly under ``root`` to look into; None for all.
        is_lenient: A folder that may not be listed is named and left out; otherwise an error.

    Returns:
        Sorted names, whatever the file system's order.
    """
    if is_tree(root):
        return scan_tree(root, enter)
    walk = _Walk(root, enter, is_lenient)
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


def scan_tree(root: Path, enter: Collection[str] | None) -> Scan:
    """The same of an archive, or of what lies behind a URL, by the same rules.

    Args:
        root: Of the pictures.
        enter: Names of the folders directly under it to look into; None for all.
    """
    names, left_out = list_tree(root)
    images: list[str] = []
    exclusions = {Exclusion(name, reason) for name, reason in left_out}
    suffixes = [suffix_of(name) for name in names]
    is_image = {suffix: is_image_suffix(suffix) for suffix in set(suffixes)}
    parents = [name.rpartition("/")[0] for name in names]
    full = {above for above, suffix in zip(parents, suffixes, strict=True) if is_image[suffix]}
    refused: dict[str, Exclusion | None] = {"": None}
    for name, above, suffix in zip(names, parents, suffixes, strict=True):
        if above not in refused:
            refuse_folders(above, refused, full, enter)
        found = refused[above]
        if found is None:
            reason = junk_reason(name[len(above) :].lstrip("/"), is_folder=False)
            reason = reason or ("" if is_image[suffix] else unread_reason(suffix))
            found = Exclusion(name, reason) if reason else None
        if found is None:
            images.append(name)
        else:
            exclusions.add(found)
    order = sorted(exclusions, key=lambda item: (item.name, item.reason))
    entered = sorted(folder for folder, found in refused.items() if folder and found is None)
    return Scan(tuple(sorted(images)), tuple(entered), tuple(order))


def refuse_folders(
    folder: str,
    refused: dict[str, Exclusion | None],
    full: Collection[str],
    enter: Collection[str] | None,
) -> None:
    """Say of a folder of a tree, and of those above it, which are left out.

    Args:
        folder: Its name under the root.
        refused: What is known; takes the answers, None for a folder that is entered.
        full: Folders that pictures lie in.
        enter: Names of the folders directly under the root to look into; None for all.
    """
    above, _, last = folder.rpartition("/")
    if above not in refused:
        refuse_folders(above, refused, full, enter)
    found = refused[above]
    if found is None:
        reason = junk_reason(last, is_folder=True)
        if not reason and not above and enter is not None and last not in enter:
            reason = f"outside {', '.join(enter)}"
        if not reason and last.casefold() in THUMBNAIL_FOLDERS and above in full:
            reason = "thumbnails beside their pictures"
        found = Exclusion(f"{folder}/", reason) if reason else None
    refused[folder] = found


def suffix_of(name: str) -> str:
    """The suffix of a path in lower case, as pathlib has it, without an object for each.

    >>> suffix_of("a.b/cat.left.JPG"), suffix_of("a/.hidden"), suffix_of("x.")
    ('.jpg', '', '')
    """
    last = name.rpartition("/")[2]
    place = last.rfind(".")
    return last[place:].lower() if 0 < place < len(last) - 1 else ""


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
        try:
            entries = _entries(path)
        except DataError:
            if not folder or not walk.is_lenient:
                raise
            walk.leave_out(f"{folder}/", "a folder that this user may not read")
            continue
        if folder:
            walk.folders[folder] = path
        real = os.path.realpath(path)
        has_pictures = any(_is_image_file(entry) for entry in entries)
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if _is_wanted(walk, entry, name, beside_pictures=has_pictures):
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


def _is_image_file(entry: "os.DirEntry[str]") -> bool:
    is_wanted = not junk_reason(entry.name, is_folder=False)
    return is_wanted and is_image_suffix(Path(entry.name).suffix) and _is(entry.is_file)


def _is(question: Callable[[], bool]) -> bool:
    """What the system says of an entry; of a link to itself and the like, no."""
    try:
        return question()
    except OSError:
        return False


def _is_wanted(walk: _Walk, entry: "os.DirEntry[str]", name: str, *, beside_pictures: bool) -> bool:
    """Whether to look at an entry at all; if not, it has been named."""
    is_folder = _is(entry.is_dir)
    shown = f"{name}/" if is_folder and not entry.is_symlink() else name
    reason = junk_reason(entry.name, is_folder=is_folder)
    if reason:
        walk.leave_out(shown, reason)
    elif is_folder and "/" not in name and walk.enter is not None and name not in walk.enter:
        walk.leave_out(shown, f"outside {', '.join(walk.enter)}")
    elif is_folder and beside_pictures and entry.name.casefold() in THUMBNAIL_FOLDERS:
        walk.leave_out(shown, "thumbnails beside their pictures")
    else:
        return True
    return False


def _place(
    walk: _Walk, entry: "os.DirEntry[str]", name: str, real: str, pending: list[str]
) -> None:
    suffix = Path(entry.name).suffix.lower()
    if entry.is_dir(follow_symlinks=False):
        pending.append(name)
    elif _is(entry.is_dir):
        walk.folder_links.append(name)
    elif entry.is_symlink() and not exists(Path(entry.path)):
        walk.leave_out(name, "a link to nothing")
    elif not _is(entry.is_file):
        walk.leave_out(name, "not a regular file")
    elif not is_image_suffix(suffix):
        walk.leave_out(name, unread_reason(suffix))
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


def junk_reason(name: str, *, is_folder: bool) -> str:
    """Why an entry of this name is no picture and no class, whatever is in it; "" if it may be.

    Args:
        name: Without its folder.
        is_folder: Whether it is one.
    """
    low = name.casefold()
    if not is_utf8(name):
        return "a name that is not UTF-8"
    if name.startswith("."):
        return "a hidden folder" if is_folder else "a hidden file"
    if low in (JUNK_FOLDERS if is_folder else JUNK_FILES):
        return f"a {'folder' if is_folder else 'file'} that other programs made"
    is_copy = low.endswith("~") or low.startswith("~$") or (low[0] == low[-1] == "#" and low[1:])
    return "" if is_folder or not is_copy else "an editor's copy"


def exists(path: Path) -> bool:
    """Whether something is there that may be looked at, links followed."""
    try:
        return path.exists() or is_file(path) or is_dir(path)
    except (OSError, ValueError):
        return False


def is_dir(path: Path) -> bool:
    """Whether it is a folder, or a link to one; one that may not be looked at is none.

    A folder within an archive is one too.
    """
    try:
        return path.is_dir() or has_members(path)
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Whether it is a regular file, or a link to one; a name that no file can have is not.

    A member of an archive is one too, and so is a cell that holds one.
    """
    try:
        return is_place(as_place(path))
    except (OSError, ValueError):
        return False


def is_utf8(name: str) -> bool:
    """Whether a name can be written down."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
