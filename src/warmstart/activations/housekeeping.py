"""What the store holds, how much of it stays, and whether it is intact."""

import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from warmstart.activations.shard import SUFFIX, is_intact


@dataclass(frozen=True)
class SpaceSummary:
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


def spaces_in(folder: Path) -> list[SpaceSummary]:
    """All spaces, the most recently used first."""
    found = []
    for card_file in folder.glob("*/space.json"):
        card = json.loads(card_file.read_text(encoding="utf-8"))
        shards = [p for p in card_file.parent.glob(f"*{SUFFIX}") if not p.name.startswith(".")]
        used = card_file.stat().st_mtime
        found.append(
            SpaceSummary(
                folder=card_file.parent,
                identity=card_file.parent.name,
                backbone=card["backbone"],
                cut=card["cut"],
                mode=card["mode"],
                num_rows=sum(int(path.name.split("-")[1]) for path in shards),
                num_bytes=sum(path.stat().st_size for path in shards),
                used=datetime.fromtimestamp(used).isoformat(" ", "minutes"),
                used_seconds=used,
            )
        )
    return sorted(found, key=lambda space: (-space.used_seconds, space.identity))


def shrink(folder: Path, keep_bytes: int, *, spare: str = "") -> list[SpaceSummary]:
    """Delete the least recently used spaces until at most ``keep_bytes`` are left.

    Args:
        folder: The store.
        keep_bytes: What may stay.
        spare: Identity of a space that is in use and stays.

    Returns:
        What was deleted. A space that another process is filling stays.
    """
    removed: list[SpaceSummary] = []
    left = 0
    for space in spaces_in(folder):
        if left + space.num_bytes <= keep_bytes or space.identity == spare:
            left += space.num_bytes
            continue
        try:
            with FileLock(space.folder / "lock", timeout=0):
                for path in space.folder.glob(f"*{SUFFIX}"):
                    path.unlink()
                (space.folder / "space.json").unlink()
        except Timeout:
            continue
        shutil.rmtree(space.folder, ignore_errors=True)
        removed.append(space)
    return removed


def damaged_shards(folder: Path) -> tuple[int, list[Path]]:
    """How many shards there are, and those whose checksum differs."""
    shards = [p for p in sorted(folder.glob(f"*/*{SUFFIX}")) if not p.name.startswith(".")]
    return len(shards), [path for path in shards if not is_intact(path)]


def free_bytes(folder: Path) -> int:
    """Room on the disk that holds ``folder``."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(os.fspath(folder)).free
