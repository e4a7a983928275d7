"""Names of files as people write them in tables → names under a folder."""

import posixpath
import re
from bisect import bisect_left
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from warmstart.data.scan import is_dir, is_file
from warmstart.errors import DataError, first_few
from warmstart.files.remote_reading import RemotePath

MOST_ASKED = 1000
DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def check_on_this_computer(path: Path) -> None:
    """A table of names, or its folder, behind a URL.

    Raises:
        DataError: it is there.
    """
    if isinstance(path, RemotePath):
        raise DataError(
            f"{path} is a table of names of files behind a URL, which is not read.",
            expected="a table and pictures on this computer; or behind a URL class folders, or tar "
            "or Parquet files that hold the pictures.",
            fix="copy table and pictures here, or pack them into shards.",
        )


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


@dataclass(frozen=True)
class Base:
    """Where a table's images lie: ``folder`` is relative to ``root``, "" for the root itself."""

    root: Path
    folder: str
    notes: tuple[str, ...] = ()


def resolve_base(root: Path, folder: str) -> Base:
    """Find the folder of a table's images, however it was written.

    Args:
        root: What everything lies under.
        folder: Under it; or absolute; or, where it has no such folder, under the current one. It
            may lead out of the root.
    """
    whole = posixpath.normpath(root.absolute().as_posix())
    written = folder if is_dir(root / folder) else folder.replace("\\", "/")
    place = posixpath.normpath(posixpath.join(whole, written))
    notes = []
    if not is_dir(Path(place)) and is_dir(Path(written)):
        place = posixpath.normpath(Path(written).absolute().as_posix())
        notes.append(f"images are read from {place}, as there is no folder {root / folder}")
    within = under_root(place, whole)
    if within.startswith("/") or place == "/":  # elsewhere: names are relative to it
        return Base(Path(place), "", tuple(notes))
    return Base(root, within, tuple(notes))


@dataclass(frozen=True)
class NamesBelow:
    """Names of files below a folder: each ``prefix`` and one of ``names``, which are sorted."""

    prefix: str
    names: Sequence[str]

    def __contains__(self, name: object) -> bool:
        """Whether it is one of them; no set of ten million is made."""
        if not isinstance(name, str) or not name.startswith(self.prefix):
            return False
        within = name[len(self.prefix) :]
        place = bisect_left(self.names, within)
        return place < len(self.names) and self.names[place] == within


def resolve_names(
    cells: Sequence[str], base: Base, suffix: str, known: Container[str]
) -> tuple[list[str], list[str]]:
    """The name under the root of each cell's file, and notes of how cells were read.

    Args:
        cells: What stands in the table.
        base: Where the files lie.
        suffix: What the cells leave off.
        known: Names of files that a scan has seen, which need no further look.

    Returns:
        Names; of a file that is not there, as it is written; "" for an empty cell.
    """
    whole = posixpath.normpath(base.root.absolute().as_posix())
    names: list[str] = []
    read_as: dict[str, list[str]] = {}
    for cell in cells:
        first = ""
        for written, how in path_spellings(cell):
            name = name_under_root(written + suffix, base.folder, whole) if written else ""
            first = first or name
            if name and (name in known or is_file(base.root / name)):
                if how:
                    read_as.setdefault(how, []).append(cell)
                first = name
                break
        names.append(first)
    return names, [
        f"{len(of)} name(s) {how}: {first_few([repr(cell) for cell in of])}"
        for how, of in read_as.items()
    ]


def share_of_files(cells: Sequence[str], base: Base, suffix: str) -> float:
    """How many cells of a column are names of existing files.

    Args:
        cells: (N,) of the column; a thousand of them are looked at, evenly spread.
        base: Where the files lie.
        suffix: What the cells leave off, such as ".jpg".

    Returns:
        A fraction in [0, 1].
    """
    some_cells = cells[:: max(1, len(cells) // MOST_ASKED)]
    names, _ = resolve_names(some_cells, base, suffix, ())
    return sum(bool(name) and is_file(base.root / name) for name in names) / max(1, len(names))


def path_spellings(cell: str) -> Iterator[tuple[str, str]]:
    """What a cell may mean, as it is written first, and what that is called."""
    yield cell, ""
    bare = cell.strip().strip("\"'").strip()
    if bare != cell:
        yield bare, "are read without what is around them"
    if "\\" in bare and not DRIVE.match(bare):
        yield bare.replace("\\", "/"), "are read with / between folders"
    if bare.startswith("file://"):
        yield bare.removeprefix("file://"), "are read as paths"
    if bare.startswith("~/"):
        yield Path(bare).expanduser().as_posix(), "are read with the home folder"


def name_under_root(written: str, folder: str, whole: str) -> str:
    """A written path under the root, or absolute where it leads out of it."""
    return under_root(posixpath.normpath(posixpath.join(whole, folder, written)), whole)
