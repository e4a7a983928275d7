"""Names of files that a table speaks of, and of those that it does not."""

import posixpath
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from warmstart.data.scan import Scan, scan
from warmstart.data.table import Exclusion


def under_root(path: str, root: str) -> str:
    """A path without "." and "..", relative to ``root`` if it lies there; "" for ``root`` itself.

    Also "" for one that ".." leads out of ``root``; an absolute path may lie elsewhere.

    Args:
        path: With "/" between folders.
        root: Absolute, without "." and "..". Both are texts, since pathlib is much slower.
    """
    clean = posixpath.normpath(path)
    if clean in {".", root} or clean == ".." or clean.startswith("../"):
        return ""
    return clean.removeprefix(root.rstrip("/") + "/")


def unmentioned(
    found: Scan, base: Path, prefix: str, names: set[str], source: str
) -> list[Exclusion]:
    """The files below ``base`` that no row speaks of.

    Args:
        found: What a scan of ``base`` found.
        base: The folder.
        prefix: What its files' names begin with.
        names: The rows' names.
        source: The table's name.

    Returns:
        One exclusion per file; a folder without any row counts as one.
    """
    used = folders_of(names)
    left: dict[str, Exclusion] = {}
    pending = [(found, base, prefix)]
    while pending:
        found, folder, prefix = pending.pop()
        for name in found.images:
            whole = prefix + name
            if whole not in names:
                shut = unused_folder(whole, prefix, used) or whole
                left[shut] = Exclusion(shut, f"not in {source}")
        for item in found.exclusions:
            whole = prefix + item.name
            if item.name.endswith("/") and whole[:-1] in used:  # a row made it worth a look
                pending.append((scan(folder / item.name), folder / item.name, whole))
                continue
            shut = unused_folder(whole.rstrip("/"), prefix, used) or whole
            if whole not in names and whole not in used and shut not in left:
                left[whole] = Exclusion(whole, item.reason)
    return list(left.values())


def folders_of(names: Iterable[str]) -> set[str]:
    """Every folder on the way to a name."""
    folders: set[str] = set()
    for name in names:
        folder = name.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def unused_folder(name: str, prefix: str, used: set[str]) -> str | None:
    """The highest folder on the way to a file, below ``prefix``, that no row has files in."""
    for folder in reversed(PurePosixPath(name).parents):
        if len(str(folder)) >= len(prefix) and str(folder) not in used and str(folder) != ".":
            return f"{folder}/"
    return None
