"""What the store holds, whether it is intact, and what goes so that it stays within a limit."""

import os
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from warmstart.activations.namespace import CARD, LEASE, LOCK, CacheNamespace, no_readers
from warmstart.activations.shard import SUFFIX, is_sound
from warmstart.arguments import bytes_told
from warmstart.errors import CacheError, FileError, printable
from warmstart.files.reading import read_text
from warmstart.files.strict import json_table

MOST_CARD_BYTES = 1 << 20
SIGNS = {LOCK, LEASE}  # they stay: one process could hold a deleted one, another a new one
SHARD_NAME = re.compile(rf"[0-9a-f]+-([0-9]+)-[0-9a-f]+{re.escape(SUFFIX)}")
DEFAULT_LIMIT_GB = 20.0
GRAPH_FOLDER = "graph-"  # how the names of folders begin that hold no rows


@dataclass(frozen=True)
class NamespaceSummary:
    """One namespace on disk; ``used`` is when it was last opened."""

    folder: Path
    identity: str
    backbone: str
    cut: str
    mode: str
    num_rows: int
    num_bytes: int
    used: str
    used_seconds: float

    @property
    def is_graph(self) -> bool:
        """Whether it is a compiled graph, which ``kept_graph`` writes."""
        return self.identity.startswith(GRAPH_FOLDER)


def namespaces_in(folder: Path) -> list[NamespaceSummary]:
    """All namespaces, the most recently used first."""
    found = [
        namespace_summary(place, files)
        for place in folder.glob("*/")
        if (files := [path for path in place.iterdir() if path.name not in SIGNS])
    ]
    return sorted(found, key=lambda namespace: (-namespace.used_seconds, namespace.identity))


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
    """What a namespace says of itself; nothing if that cannot be read, for it is made again."""
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
    """Delete the least recently used namespaces until at most ``keep_bytes`` are left.

    Args:
        folder: The store.
        keep_bytes: What may stay.
        spare: Identity of a namespace that is in use and stays.

    Returns:
        What was deleted. A namespace that is being filled or read stays.
    """
    namespaces = namespaces_in(folder)
    left, removed = sum(namespace.num_bytes for namespace in namespaces), []
    for namespace in reversed(namespaces):
        if left <= keep_bytes:
            break
        if namespace.identity != spare and is_deleted(namespace.folder):
            left -= namespace.num_bytes
            removed.append(namespace)
    return removed


def is_deleted(place: Path) -> bool:
    """Delete a namespace unless somebody fills or reads it; says whether it was."""
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
    found = sorted(folder.glob(f"*/*{SUFFIX}"))
    shards = [
        path
        for path in found
        if not path.name.startswith(".") and not path.parent.name.startswith(GRAPH_FOLDER)
    ]
    return len(shards), [path for path in shards if not is_sound(path)]


def free_bytes(folder: Path) -> int:
    """Room on the disk that holds ``folder``."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(os.fspath(folder)).free


def cache_limit() -> int:
    """The most bytes that activations may take: WARMSTART_CACHE_LIMIT in gigabytes, or 20."""
    given = bytes_told("WARMSTART_CACHE_LIMIT", example=20)
    return int(DEFAULT_LIMIT_GB * 1e9) if given is None else given


def reserve(namespace: CacheNamespace, num_rows: int) -> int:
    """See that ``num_rows`` more fit, by deleting what was used least recently.

    Args:
        namespace: Where they are to be stored; nothing of it is deleted.
        num_rows: How many.

    Returns:
        What they will take, in bytes.

    Raises:
        CacheError: they do not fit under the limit, or not on the disk.
    """
    store, needed, limit = namespace.folder.parent, num_rows * namespace.row_bytes, cache_limit()
    own = len(namespace) * namespace.row_bytes
    if own + needed > limit:
        raise CacheError(
            f"{num_rows} rows of activations take {needed / 1e9:.2f} GB beside {own / 1e9:.2f} GB "
            f"of the same network; the limit is {limit / 1e9:.2f} GB.",
            expected="a limit that holds all rows of one data set.",
            fix=f"export WARMSTART_CACHE_LIMIT={(own + needed) / 1e9 + 1:.0f}, or delete what is "
            "there (warmstart cache gc --keep 0), or pass precompute=False, which stores nothing.",
            flags=("--no-precompute",),
        )
    if sum(other.num_bytes for other in namespaces_in(store)) + needed > limit:
        shrink(store, limit - needed, spare=namespace.card.identity)
    free = free_bytes(store)
    if needed > free:
        raise CacheError(
            f"{num_rows} rows of activations take {needed / 1e9:.2f} GB; {free / 1e9:.2f} GB are "
            f"free on the disk of {store}.",
            expected="room for all rows.",
            fix="pass cache_dir=PATH on a larger disk, or precompute=False.",
            flags=("--no-precompute",),
        )
    return needed
