"""What the store holds, how much of it stays, and whether it is intact."""

import os
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from warmstart.activations.lease import LEASE, no_readers
from warmstart.activations.shard import SUFFIX, is_sound
from warmstart.activations.space import CARD, LOCK
from warmstart.errors import FileError, printable
from warmstart.files.reading import read_text
from warmstart.files.strict import json_table

MOST_CARD_BYTES = 1 << 20
SIGNS = {LOCK, LEASE}  # they stay: one process could hold a deleted one, another a new one
SHARD_NAME = re.compile(rf"[0-9a-f]+-([0-9]+)-[0-9a-f]+{re.escape(SUFFIX)}")


@dataclass(frozen=True)
class NamespaceSummary:
    """One space on disk; ``used`` is when it was last opened."""

    folder: Path
    identity: str
    backbone: str
    cut: str
    mode: str
    num_rows: int
    num_bytes: int
    used: str
    used_seconds: float


def namespaces_in(folder: Path) -> list[NamespaceSummary]:
    """All spaces, the most recently used first."""
    found = [
        namespace_summary(place, files)
        for place in folder.glob("*/")
        if (files := [path for path in place.iterdir() if path.name not in SIGNS])
    ]
    return sorted(found, key=lambda space: (-space.used_seconds, space.identity))


def namespace_summary(place: Path, files: list[Path]) -> NamespaceSummary:
    """What one folder holds; everything in it counts, also what is unfinished or damaged."""
    card = namespace_card(place / CARD)
    used = modified(place / CARD) or modified(place)
    return NamespaceSummary(
        folder=place,
        identity=place.name,
        backbone=card.get("backbone", "unknown"),
        cut=card.get("cut", "unknown"),
        mode=card.get("mode", "unknown"),
        num_rows=sum(int(m[1]) for path in files if (m := SHARD_NAME.fullmatch(path.name))),
        num_bytes=sum(num_bytes_of(path) for path in files),
        used=datetime.fromtimestamp(used).isoformat(" ", "minutes"),
        used_seconds=used,
    )


def namespace_card(file: Path) -> dict[str, str]:
    """What a space says of itself; nothing if that cannot be read, for it is made again."""
    try:
        card = json_table(read_text(file, MOST_CARD_BYTES), str(file))
    except (OSError, FileError):
        return {}
    return {name: printable(str(value)) for name, value in card.items()}


def modified(path: Path) -> float:
    """When a file was last written, in seconds; 0 if another process deleted it by now."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def num_bytes_of(path: Path) -> int:
    """Bytes of a file; 0 if another process deleted it by now."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def shrink(folder: Path, keep_bytes: int, *, spare: str = "") -> list[NamespaceSummary]:
    """Delete the least recently used spaces until at most ``keep_bytes`` are left.

    Args:
        folder: The store.
        keep_bytes: What may stay.
        spare: Identity of a space that is in use and stays.

    Returns:
        What was deleted. A space that is being filled or read stays.
    """
    spaces = namespaces_in(folder)
    left, removed = sum(space.num_bytes for space in spaces), []
    for space in reversed(spaces):
        if left <= keep_bytes:
            break
        if space.identity != spare and is_deleted(space.folder):
            left -= space.num_bytes
            removed.append(space)
    return removed


def is_deleted(place: Path) -> bool:
    """Delete a space unless somebody fills or reads it; says whether it was."""
    try:
        with FileLock(place / LOCK, timeout=0), no_readers(place) as may_delete:
            if may_delete:
                for path in place.iterdir():
                    if path.name not in {*SIGNS, CARD}:
                        path.unlink()
                (place / CARD).unlink(missing_ok=True)  # last, so that what is left is still named
    except (Timeout, OSError):
        return False
    return may_delete


def damaged_shards(folder: Path) -> tuple[int, list[Path]]:
    """How many shards there are, and those that are not as they were written."""
    shards = [p for p in sorted(folder.glob(f"*/*{SUFFIX}")) if not p.name.startswith(".")]
    return len(shards), [path for path in shards if not is_sound(path)]


def free_bytes(folder: Path) -> int:
    """Room on the disk that holds ``folder``."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(os.fspath(folder)).free
