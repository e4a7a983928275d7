"""Activations of a table's rows: stored, or computed on the way, by the same runner."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.fill import fill, fill_together
from warmstart.activations.frozen_part import FrozenPart
from warmstart.activations.inputs import view_of_epoch
from warmstart.activations.namespace import CacheNamespace
from warmstart.activations.quota import reserve
from warmstart.batches.rendering import PixelBlock, stream_pixels
from warmstart.batches.source import CHANGED, PixelSource, num_cores
from warmstart.data.content import ContentHashes
from warmstart.errors import UnreadableImageError
from warmstart.ranks.ranks import current_ranks

Progress: TypeAlias = Callable[[int, str], AbstractContextManager[Callable[[int], None]]]
"""(Number of rows, what is done with them) → a context that takes how many were done."""


@dataclass(frozen=True, eq=False)
class WantedRows:
    """Rows of a table that are to be stored.

    ``keys`` name them, ``hashes`` are what the bytes of each image must hash to; ``positions`` are
    theirs in the source's table. All are (N,).
    """

    namespace: CacheNamespace
    keys: list[bytes]
    frozen: FrozenPart
    source: PixelSource
    positions: NDArray[np.int64]
    hashes: list[bytes]
    view: int


FillRows: TypeAlias = Callable[[WantedRows, Callable[[int], None]], list[UnreadableImageError]]
"""Stores all of them that are missing, telling how many are done → images that cannot be read."""


def fill_here(wanted: WantedRows, advance: Callable[[int], None]) -> list[UnreadableImageError]:
    """Compute rows in this process, and in those that train with it, and store them.

    Args:
        wanted: Which.
        advance: Told how many were done.
    """

    def stream(missing: list[int]) -> Iterator[PixelBlock]:
        return stream_pixels(
            lambda i: wanted.source.render_exactly(
                int(wanted.positions[i]), wanted.hashes[i], wanted.view
            ),
            missing,
            block=wanted.frozen.runner.batch,
            num_threads=num_cores(),
        )

    work = wanted.namespace, wanted.keys, stream, lambda: wanted.frozen.runner, advance
    fill_together(current_ranks(), *work)
    return fill(*work)


class TableActivations:
    """One frozen part, one store, one memory of content hashes."""

    def __init__(
        self,
        frozen: FrozenPart,
        cache_dir: Path,
        progress: Progress,
        readable: set[str] | None = None,
    ) -> None:
        """Keep everything under ``cache_dir``.

        Args:
            frozen: The frozen part.
            cache_dir: Where rows and hashes are kept.
            progress: How long work is shown.
            readable: Names of images that are known to be readable; grows. Parts of one network
                share it, so that no image is tried twice.
        """
        self.frozen, self.cache_dir, self.progress = frozen, cache_dir, progress
        self.fill_rows: FillRows = fill_here  # who computes what is not stored
        frozen.store = cache_dir / "activations"
        self.hashes = ContentHashes(cache_dir / "content.sqlite")
        self._opened: CacheNamespace | None = None
        self._readable = set() if readable is None else readable

    @property
    def damaged(self) -> list[Path]:
        """Files of the store that were damaged, and whose rows are computed again."""
        return [] if self._opened is None else self._opened.damaged

    def store(
        self, source: PixelSource, rows: NDArray[np.int64], view: int = 0
    ) -> tuple[CacheNamespace, list[bytes], list[UnreadableImageError]]:
        """See that one view of every row is stored.

        Args:
            source: Whose rows.
            rows: Positions in its table.
            view: 0 for the plain one.

        Returns:
            The space, a key per row, and the images that cannot be read.
        """
        namespace, keys, failures = self._store(source, rows, view)
        changed = [failure.name for failure in failures if failure.reason == CHANGED]
        if changed:  # what was remembered of them is wrong, so hash them again, and try once more
            files = [
                source.table.root / name for name in changed if name not in source.table.memory
            ]
            ContentHashes(self.hashes.database, rehash=True).sha256(files)
            namespace, keys, failures = self._store(source, rows, view)
        return namespace, keys, failures

    def stored(
        self, source: PixelSource, rows: NDArray[np.int64], view: int = 0
    ) -> tuple[CacheNamespace, list[bytes]]:
        """Likewise: the space, and a key per row.

        A row that could be read before and cannot any more raises its UnreadableImageError.
        """
        namespace, keys, failures = self.store(source, rows, view)
        if failures:
            raise failures[0]
        return namespace, keys

    def rows(
        self, source: PixelSource, rows: NDArray[np.int64], view: int = 0
    ) -> NDArray[np.float32]:
        """One view of some rows as an array (N, …), stored like ``stored`` does."""
        namespace, keys = self.stored(source, rows, view)
        return namespace.gather(namespace.locate(keys)).astype(np.float32)

    def _store(
        self, source: PixelSource, rows: NDArray[np.int64], view: int
    ) -> tuple[CacheNamespace, list[bytes], list[UnreadableImageError]]:
        hashes = source.content_hashes(rows, self.hashes)
        self.frozen.expected_rows = max(self.frozen.expected_rows, len(rows))
        keys = self.frozen.keys(source.view_names(rows, view), hashes)
        namespace = self._namespace()
        num_missing = len(namespace.missing(keys))
        if num_missing == 0:
            return namespace, keys, []
        megabytes = reserve(namespace, num_missing) / 1e6
        of = f" (view {view})" if view and source.varies else ""
        what = f"{self.frozen.backbone} once per image{of}, {megabytes:.1f} MB to keep"

        wanted = WantedRows(namespace, keys, self.frozen, source, rows, hashes, view)
        with self.progress(num_missing, what) as advance:
            failures = self.fill_rows(wanted, advance)
        return namespace, keys, failures

    def _namespace(self) -> CacheNamespace:
        """Opened once, because opening reads all of it to compare its checksums."""
        known = len(self.damaged)
        if self._opened is None or self._opened.card != self.frozen.card:
            known = 0
            self._opened = CacheNamespace(self.cache_dir / "activations", self.frozen.card)
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


@dataclass(eq=False)
class StoredViews:
    """Rows that train (N,), and the names of the views that epochs see of them.

    A view is stored when an epoch first needs it, and looked up once: asking for names looks every
    file up, a third of an epoch's time. ``precompute`` is True for the plain view, or a number of
    augmented ones.
    """

    activations: TableActivations
    source: PixelSource
    rows: NDArray[np.int64]
    precompute: bool | int
    _names: dict[int, list[bytes]] = field(default_factory=dict, repr=False)

    def keys(self, epoch: int) -> Sequence[bytes]:
        """Of each row, as an epoch sees it."""
        view = view_of_epoch(epoch, precompute=self.precompute)
        if view not in self._names:
            self._names[view] = self.activations.stored(self.source, self.rows, view)[1]
        return self._names[view]


@dataclass(frozen=True, eq=False)
class SomeRows:
    """Some of the rows of others, by position (M,)."""

    views: StoredViews
    positions: NDArray[np.int64]

    def keys(self, epoch: int) -> Sequence[bytes]:
        """Of each row, as an epoch sees it."""
        names = self.views.keys(epoch)
        return [names[position] for position in self.positions]
