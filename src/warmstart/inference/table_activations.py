"""Activations of a table's rows: stored, or computed on the way, by the same runner."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.fill import fill
from warmstart.activations.room import make_room
from warmstart.activations.space import Space
from warmstart.batches.rendering import PixelBlock, stream_pixels
from warmstart.batches.source import CHANGED, PixelSource, num_cores
from warmstart.data.content import ContentHashes
from warmstart.errors import UnreadableImageError
from warmstart.inference.frozen_part import FrozenPart

Progress: TypeAlias = Callable[[int, str], AbstractContextManager[Callable[[int], None]]]
"""(Number of rows, what is done with them) → a context that takes how many were done."""


class TableActivations:
    """One frozen part, one store, one memory of content hashes."""

    def __init__(self, frozen: FrozenPart, cache_dir: Path, progress: Progress) -> None:
        """Keep everything under ``cache_dir``."""
        self.frozen, self.cache_dir, self.progress = frozen, cache_dir, progress
        frozen.store = cache_dir / "activations"
        self.hashes = ContentHashes(cache_dir / "content.sqlite")
        self._opened: Space | None = None
        self._readable: set[str] = set()

    @property
    def damaged(self) -> list[Path]:
        """Files of the store that were damaged, and whose rows are computed again."""
        return [] if self._opened is None else self._opened.damaged

    def store(
        self, source: PixelSource, rows: NDArray[np.int64], view: int = 0
    ) -> tuple[Space, list[bytes], list[UnreadableImageError]]:
        """See that one view of every row is stored.

        Args:
            source: Whose rows.
            rows: Positions in its table.
            view: 0 for the plain one.

        Returns:
            The space, a key per row, and the images that cannot be read.
        """
        space, keys, failures = self._store(source, rows, view)
        changed = [failure.name for failure in failures if failure.reason == CHANGED]
        if changed:  # what was remembered of them is wrong, so hash them again, and try once more
            files = [
                source.table.root / name for name in changed if name not in source.table.memory
            ]
            ContentHashes(self.hashes.database, rehash=True).sha256(files)
            space, keys, failures = self._store(source, rows, view)
        return space, keys, failures

    def _store(
        self, source: PixelSource, rows: NDArray[np.int64], view: int
    ) -> tuple[Space, list[bytes], list[UnreadableImageError]]:
        hashes = source.content_hashes(rows, self.hashes)
        keys = self.frozen.keys(source.view_names(rows, view), hashes)
        space = self._space()
        num_missing = len(space.missing(keys))
        if num_missing == 0:
            return space, keys, []
        megabytes = make_room(space, num_missing) / 1e6
        of = f" (view {view})" if view and source.varies else ""
        what = f"{self.frozen.backbone} once per image{of}, {megabytes:.1f} MB to keep"

        def stream(missing: list[int]) -> Iterator[PixelBlock]:
            return stream_pixels(
                lambda i: source.render_exactly(int(rows[i]), hashes[i], view),
                missing,
                block=self.frozen.runner.batch,
                num_threads=num_cores(),
            )

        with self.progress(num_missing, what) as advance:
            failures = fill(space, keys, stream, lambda: self.frozen.runner, advance)
        return space, keys, failures

    def _space(self) -> Space:
        """Opened once, because opening reads all of it to compare its checksums."""
        known = len(self.damaged)
        if self._opened is None or self._opened.card != self.frozen.card:
            known = 0
            self._opened = Space(self.cache_dir / "activations", self.frozen.card)
        else:
            self._opened.refresh()
        new = self.damaged[known:]
        if new:
            warnings.warn(
                f"{len(new)} damaged file(s) of stored activations were set aside, the first: "
                f"{new[0]}; their rows are computed again.",
                stacklevel=2,
            )
        return self._opened

    def unreadable(
        self, source: PixelSource, rows: NDArray[np.int64]
    ) -> list[UnreadableImageError]:
        """The images that cannot be read, found by decoding each once."""
        new = [int(row) for row in rows if source.table.names[row] not in self._readable]
        failures: list[UnreadableImageError] = []
        if not new:
            return failures
        with self.progress(len(new), "reading every image once") as advance:
            for block in stream_pixels(source.render, new, num_threads=num_cores(), ahead=64):
                failures += block.failures
                self._readable.update(source.table.names[row] for row in block.rows)
                advance(len(block.rows) + len(block.failures))
        return failures
