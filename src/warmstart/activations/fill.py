"""Computes the rows that are not stored yet, and stores them."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.namespace import CacheNamespace
from warmstart.activations.runner import PrefixRunner
from warmstart.batches.rendering import PixelBlock
from warmstart.errors import CacheError, UnreadableImageError

SHARD_BYTES = 16 << 20  # what a kill can cost: a few seconds of work
SHARD_ROWS = 2048


def fill(
    namespace: CacheNamespace,
    keys: Sequence[bytes],
    stream: Callable[[list[int]], Iterator[PixelBlock]],
    runner: Callable[[], PrefixRunner],
    advance: Callable[[int], None] = lambda _: None,
) -> list[UnreadableImageError]:
    """Store every row of ``keys`` that is not stored yet.

    Args:
        namespace: Where.
        keys: A name per row; the same name twice is computed once.
        stream: Positions in ``keys`` → their pixels, in order.
        runner: Gives the runner; called only if a row is missing.
        advance: Told how many rows were done.

    Returns:
        The images that cannot be read; all others are stored.

    Raises:
        CacheError: the runner does not compute in the namespace's mode.
    """
    if not namespace.missing(keys):
        return []
    with namespace.lock():
        namespace.refresh()  # another process may have filled it while this one waited
        namespace.remove_unfinished()
        missing = namespace.missing(keys)
        if not missing:
            return []
        prefix = runner()
        if (prefix.mode, prefix.stored_dtype) != (namespace.card.mode, namespace.card.dtype):
            raise CacheError(
                f"a runner in mode {prefix.mode} cannot fill a namespace of mode "
                f"{namespace.card.mode}.",
                expected="the mode that the namespace is named after.",
                fix="report this: it is a fault of warmstart.",
            )
        pending = PendingRows(namespace)
        failures: list[UnreadableImageError] = []
        try:
            for block, values in prefix.run(stream(missing)):
                failures += block.failures
                pending.add([keys[row] for row in block.rows], values)
                advance(len(values) + len(block.failures))
        finally:  # Ctrl-C keeps what was computed
            pending.commit()
        return failures


class PendingRows:
    """Rows that are computed and not yet committed."""

    def __init__(self, namespace: CacheNamespace) -> None:
        """Collect for ``namespace``."""
        self.namespace = namespace
        self.keys: list[bytes] = []
        self.values: list[NDArray[np.generic]] = []
        self.most_rows = min(SHARD_ROWS, max(1, SHARD_BYTES // namespace.row_bytes))

    def add(self, keys: list[bytes], values: NDArray[np.generic]) -> None:
        """Take rows, and commit a shard when there are enough."""
        self.keys += keys
        self.values.append(values)
        if len(self.keys) >= self.most_rows:
            self.commit()

    def commit(self) -> None:
        """Write what there is."""
        if self.keys:
            self.namespace.append(self.keys, np.concatenate(self.values))
            self.keys, self.values = [], []
