"""All stored rows that one prefix made: shards, an index, and who may write."""

import json
import os
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from warmstart.activations.key import SpaceCard
from warmstart.activations.shard import KEY_BYTES, SUFFIX, Shard, is_intact, open_shard, write_shard

RELEASE_BYTES = 64 << 20  # mapped pages are let go after so many bytes have been read


class Space:
    """Rows by key. Reading needs no lock: shards never change, and appear whole."""

    def __init__(self, folder: Path, card: SpaceCard) -> None:
        """Open ``folder / card.identity``, and compare the checksum of every shard in it."""
        self.folder, self.card = folder / card.identity, card
        self.folder.mkdir(parents=True, exist_ok=True)
        self.damaged: list[Path] = []
        self._shards: list[Shard] = []
        self._starts: list[int] = []
        self._position: dict[bytes, int] = {}
        self._num_rows, self._read_bytes = 0, 0
        card_file = self.folder / "space.json"
        if not card_file.exists():
            temporary = card_file.with_name(f".writing-{os.getpid()}-space.json")
            temporary.write_text(json.dumps(asdict(card), indent=1), encoding="utf-8")
            temporary.replace(card_file)
        os.utime(card_file)  # the time of last use, for the size limit
        self.refresh()

    def __len__(self) -> int:
        """The number of distinct rows."""
        return len(self._position)

    @property
    def row_bytes(self) -> int:
        """What one row takes on disk, its key included."""
        values = int(np.prod(self.card.shape)) * np.dtype(self.card.dtype).itemsize
        return values + KEY_BYTES

    def lock(self) -> FileLock:
        """Held by whoever fills the space; released by the system if that process dies."""
        return FileLock(self.folder / "lock")

    def refresh(self) -> None:
        """Take in shards written since, also by other processes; damaged ones are set aside."""
        known = {shard.path for shard in self._shards}
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            if path.name.startswith(".") or path in known:
                continue
            if is_intact(path):
                self._take(open_shard(path))
            else:
                aside = path.with_suffix(".damaged")
                path.replace(aside)
                self.damaged.append(aside)

    def missing(self, keys: Sequence[bytes]) -> list[int]:
        """Positions in ``keys`` of rows that are not stored, each distinct key once."""
        seen: set[bytes] = set()
        positions = []
        for i, key in enumerate(keys):
            if key not in self._position and key not in seen:
                seen.add(key)
                positions.append(i)
        return positions

    def append(self, keys: Sequence[bytes], rows: NDArray[np.generic]) -> None:
        """Commit rows (n, …) under ``keys``; the caller holds the lock.

        Args:
            keys: One name per row.
            rows: Values of the card's dtype and shape.
        """
        names = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), KEY_BYTES)
        self._take(open_shard(write_shard(self.folder, names, rows.astype(self.card.dtype))))

    def locate(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        """Where rows lie, for ``gather``; every key must be stored."""
        return np.array([self._position[key] for key in keys], np.int64)

    def gather(self, positions: NDArray[np.int64]) -> NDArray[np.generic]:
        """Copy rows out of the maps, in the order asked for: (len(positions), …)."""
        out = np.empty((len(positions), *self.card.shape), self.card.dtype)
        shard_of = np.searchsorted(self._starts, positions, side="right") - 1
        for number in np.unique(shard_of):
            here = shard_of == number
            out[here] = self._shards[number].rows[positions[here] - self._starts[number]]
        self._read_bytes += out.nbytes
        if self._read_bytes > RELEASE_BYTES:
            self._read_bytes = 0
            for shard in self._shards:
                shard.release()
        return out

    def remove_unfinished(self) -> None:
        """Delete what a killed writer left; the caller holds the lock."""
        for path in self.folder.glob(f".writing-*{SUFFIX}"):
            path.unlink(missing_ok=True)

    def shard_of(self, position: int) -> Path:
        """The file that holds a row."""
        return self._shards[bisect_right(self._starts, position) - 1].path

    def _take(self, shard: Shard) -> None:
        self._starts.append(self._num_rows)
        self._shards.append(shard)
        for i, key in enumerate(shard.keys):
            self._position.setdefault(key.tobytes(), self._num_rows + i)
        self._num_rows += len(shard.keys)
