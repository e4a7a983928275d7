"""What lies below a place that is no folder of this computer: in a tar archive, or behind a URL."""

from bisect import bisect_left
from pathlib import Path

from warmstart.errors import FileError
from warmstart.files.places import TAR, container_of, is_folder, is_place, tar_index
from warmstart.files.remote_reading import RemotePath, walk_remote


def is_tree(root: Path) -> bool:
    """Whether a place is an archive, a folder in one, or a URL."""
    return isinstance(root, RemotePath) or within_tar(root) is not None


def within_tar(path: Path) -> tuple[Path, str] | None:
    """(The archive, where in it: "" or a folder with "/"); None for what is in none."""
    if path.name.lower().endswith(TAR):
        return None if is_folder(path) or not is_place(path) else (path, "")
    found = container_of(path)
    if found is None or not found[0].name.lower().endswith(TAR):
        return None
    return found[0], "/".join(found[1]) + "/"


def has_members(path: Path) -> bool:
    """Whether it is an archive, or a folder in one that something lies in."""
    found = within_tar(path)
    if found is None:
        return False
    archive, prefix = found
    if not prefix:
        return True
    try:
        names = tar_index(archive).names
    except (OSError, FileError):
        return False
    place = bisect_left(names, prefix)
    return place < len(names) and names[place].startswith(prefix)


def list_tree(root: Path) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """Every file below a place, by name, sorted; and what an archive holds besides, with reasons.

    Args:
        root: An archive, a folder in one, or a URL.
    """
    found = within_tar(root)
    if found is None:
        return [name for name, _ in walk_remote(RemotePath(str(root)))], ()
    archive, prefix = found
    index = tar_index(archive)
    names = [name.removeprefix(prefix) for name in index.names if name.startswith(prefix)]
    left = [(n.removeprefix(prefix), why) for n, why in index.left_out if n.startswith(prefix)]
    return names, tuple(left)


def list_children(root: Path) -> tuple[list[str], list[str]]:
    """Names of the folders and of the files right below a place, sorted.

    Args:
        root: An archive, a folder in one, or a folder of this computer or behind a URL.
    """
    if within_tar(root) is None:
        entries = list(root.iterdir())
        return (
            sorted(entry.name for entry in entries if is_folder(entry)),
            sorted(entry.name for entry in entries if not is_folder(entry)),
        )
    names, _ = list_tree(root)
    folders = {name.partition("/")[0] for name in names if "/" in name}
    return sorted(folders), [name for name in names if "/" not in name]
