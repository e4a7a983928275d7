"""Every picture of a table looked at once, so many at a time: memory does not grow with pictures.

What is kept of a row is its hash and where its activations are stored. A look that was stopped goes
on: hashes are remembered and activations stored part by part.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.namespace import CacheNamespace
from warmstart.activations.table_activations import TableActivations
from warmstart.batches.source import PixelSource, num_cores
from warmstart.checkup.files import crop_shares, odd_modes, odd_sizes, worst_crops
from warmstart.checkup.findings import CropLoss, FileFinding
from warmstart.images.image_file import ImageHeader, read_image_header

PART_ROWS = 2048  # looked at together: no more are in a shard of the store
HASH_BYTES = 32


@dataclass(frozen=True, eq=False)
class CheckedRows:
    """Stored activations of some rows, read when a part of them is asked for: (N, D) float32."""

    namespace: CacheNamespace | None
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        """N."""
        return len(self.positions)

    def __getitem__(self, some: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        """Those of a part."""
        positions = self.positions[some]
        if self.namespace is None:
            return np.empty((0, 0), np.float32)
        return self.namespace.gather(positions).astype(np.float32).reshape(len(positions), -1)


@dataclass(eq=False)
class RowsLookedAt:
    """What is known of each row of a table, and what was found on the way.

    ``contents`` (N, 32) are hashes of the files' bytes; ``positions`` (N,) where the activations
    lie in ``namespace``, -1 where a picture cannot be read.
    """

    contents: NDArray[np.uint8]
    positions: NDArray[np.int64]
    namespace: CacheNamespace | None = None
    unreadable: list[FileFinding] = field(default_factory=list)
    odd_modes: list[FileFinding] = field(default_factory=list)
    odd_sizes: list[FileFinding] = field(default_factory=list)
    crops: list[tuple[str, float]] = field(default_factory=list)
    sum_of_crops: float = 0.0
    num_headers: int = 0

    @property
    def good(self) -> NDArray[np.int64]:
        """Rows that can be read."""
        return np.flatnonzero(self.positions >= 0).astype(np.int64)

    @property
    def crop(self) -> CropLoss:
        """What the plain view's crop throws away."""
        return CropLoss(self.sum_of_crops / max(self.num_headers, 1), worst_crops(self.crops))

    def activations(self, rows: NDArray[np.int64]) -> CheckedRows:
        """Of some rows that can be read."""
        return CheckedRows(self.namespace, self.positions[rows])


def look_at_rows(
    source: PixelSource,
    seen_by: PixelSource,
    activations: TableActivations,
    advance: Callable[[int], None],
) -> RowsLookedAt:
    """Read every picture, and see that its activations are stored.

    Args:
        source: The table and how people see its pictures.
        seen_by: Likewise, as networks see them.
        activations: Of the pooled body.
        advance: Told how many pictures were looked at.
    """
    number = len(source.table)
    found = RowsLookedAt(np.empty((number, HASH_BYTES), np.uint8), np.full(number, -1, np.int64))
    for start in range(0, number, PART_ROWS):
        rows = np.arange(start, min(start + PART_ROWS, number), dtype=np.int64)
        _look_at_part(found, source, seen_by, activations, rows)
        advance(len(rows))
    return found


def _look_at_part(
    found: RowsLookedAt,
    source: PixelSource,
    seen_by: PixelSource,
    activations: TableActivations,
    rows: NDArray[np.int64],
) -> None:
    """Add what is found in one part."""
    names = source.table.names
    contents = source.content_hashes(rows, activations.hashes)
    namespace, keys, failures = activations.store(seen_by, rows)
    row_of = {names[row]: place for place, row in enumerate(rows.tolist())}
    # a copy of what cannot be read was not tried again
    reasons = {contents[row_of[failure.name]]: failure.reason for failure in failures}
    good = [place for place, content in enumerate(contents) if content not in reasons]
    found.namespace = namespace
    found.contents[rows] = np.frombuffer(b"".join(contents), np.uint8).reshape(-1, HASH_BYTES)
    found.positions[rows[good]] = namespace.locate([keys[place] for place in good])
    found.unreadable += [
        FileFinding(names[int(row)], reasons[content])
        for row, content in zip(rows, contents, strict=True)
        if content in reasons
    ]
    headers = headers_of(source, rows[good].tolist())
    shares = crop_shares(headers, source.recipe)
    found.odd_modes += odd_modes(headers)
    found.odd_sizes += odd_sizes(headers, source.recipe)
    found.crops += worst_crops(shares.items())
    found.sum_of_crops += float(sum(shares.values()))
    found.num_headers += len(shares)


def headers_of(source: PixelSource, rows: Sequence[int]) -> dict[str, ImageHeader]:
    """The headers of some rows' pictures, by name; those that have none are left out."""
    table = source.table

    def one(row: int) -> ImageHeader | None:
        in_memory = table.names[row] in table.memory
        return read_image_header(source.content(row) if in_memory else table.path(row))

    with ThreadPoolExecutor(num_cores()) as pool:
        pairs = zip((table.names[row] for row in rows), pool.map(one, rows), strict=True)
        return {name: header for name, header in pairs if header is not None}
