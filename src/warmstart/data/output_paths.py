"""Where may be written: the cache folder; and never among the user's images (law 13)."""

import os
import posixpath
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from warmstart.errors import SettingError

if TYPE_CHECKING:
    from warmstart.data.table import ImageTable


def cache_folder(given: str | Path | None = None) -> Path:
    """The argument, or WARMSTART_CACHE, or ~/.cache/warmstart."""
    return Path(given or os.environ.get("WARMSTART_CACHE") or "~/.cache/warmstart").expanduser()


def content_memory(given: str | Path | None = None) -> Path:
    """Where hashes of files are remembered, in the folder that ``cache_folder`` gives."""
    return cache_folder(given) / "content.sqlite"


def image_folders(table: "ImageTable") -> tuple[Path, ...]:
    """The folders that hold a table's images, right under its root where they lie within it.

    Args:
        table: Of files; what lies in memory is in no folder.
    """
    return folders_of_names(table.root, (name for name in table.names if name not in table.memory))


def folders_of_names(root: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """The folders right under a root that files lie in, or those that lie elsewhere.

    Args:
        root: What the names lie under.
        names: Of files.
    """
    found: set[str] = set()
    for name in names:
        first, slash, _ = name.partition("/")
        is_within = first not in {"", ".."}
        found.add((first if slash else "") if is_within else posixpath.dirname(name))
    return tuple(sorted(root / place for place in found))


def is_within(path: Path, folder: Path | None) -> bool:
    """Whether a path is a folder or lies in it, links followed."""
    return folder is not None and path.resolve().is_relative_to(folder.resolve())


def check_outside_folders(path: Path, name: str, folders: Iterable[Path | None]) -> None:
    """See that a place to write to is outside the user's data.

    Args:
        path: Where something is to be written.
        name: The option or argument that said so.
        folders: Of images; None is none.

    Raises:
        SettingError: it lies among them.
    """
    data = next((folder for folder in folders if is_within(path, folder)), None)
    if data is not None:
        beside = data.resolve().parent / f"{data.resolve().name}-{name.lstrip('-')}{path.suffix}"
        is_flag = name.startswith("--")
        raise SettingError(
            f"{name}{' ' if is_flag else '='}{path} lies in the data folder {data}, where nothing "
            "is ever written.",
            expected="a place outside the data.",
            fix=f"give another one, such as {beside}.",
            flags=(name, str(beside)) if is_flag else (),
        )
