"""Computes the rows that are not stored yet, and stores them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.namespace import CacheNamespace
from warmstart.activations.runner import PrefixRunner
from warmstart.batches.rendering import PixelBlock
from warmstart.errors import CacheError, UnreadableImageError
from warmstart.ranks.ranks import Ranks

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
    """
    if not namespace.missing(keys):
        return []
    with namespace.lock():
        namespace.refresh()  # another process may have filled it while this one waited
        namespace.remove_unfinished()
        missing = namespace.missing(keys)
        if not missing:
            return []
        prefix = checked_runner(namespace, runner)
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


def fill_together(
    ranks: Ranks,
    namespace: CacheNamespace,
    keys: Sequence[bytes],
    stream: Callable[[list[int]], Iterator[PixelBlock]],
    runner: Callable[[], PrefixRunner],
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Store rows with other processes, each taking parts of them; one alone does nothing here.

    Rows that cannot be read stay missing, and so does what was lost on the way: ``fill`` comes
    after it, and takes the same arguments.
    """
    if ranks.talk is None or not namespace.missing(keys):
        return
    from warmstart.ranks.claims import Claims  # loads torch's communication

    claims, others = Claims(ranks, keys), list[int]()
    for number, part in enumerate(claims.parts()):
        missing = [part.start + row for row in namespace.missing(keys[part])]
        if not missing:
            continue
        if not claims.claim(number):
            others.append(number)
            continue
        pending = PendingRows(namespace, takes_lock=True)
        try:
            for block, values in checked_runner(namespace, runner).run(stream(missing)):
                pending.add([keys[row] for row in block.rows], values)
                advance(len(values) + len(block.failures))
        finally:  # Ctrl-C keeps what was computed
            pending.commit()
        claims.finish(number)
    claims.wait(others)
    namespace.refresh()


def checked_runner(namespace: CacheNamespace, runner: Callable[[], PrefixRunner]) -> PrefixRunner:
    """The runner, if it computes in the namespace's mode.

    Raises:
        CacheError: it does not.
    """
    prefix = runner()
    if (prefix.mode, prefix.stored_dtype) != (namespace.card.mode, namespace.card.dtype):
        raise CacheError(
            f"a runner in mode {prefix.mode} cannot fill a namespace of mode "
            f"{namespace.card.mode}.",
            expected="the mode that the namespace is named after.",
            fix="report this: it is a fault of warmstart.",
        )
    return prefix


class PendingRows:
    """Rows that are computed and not yet committed."""

    def __init__(self, namespace: CacheNamespace, *, takes_lock: bool = False) -> None:
        """Collect for ``namespace``, whose lock is held, or taken for each commit."""
        self.namespace, self.takes_lock = namespace, takes_lock
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
            with self.namespace.lock() if self.takes_lock else nullcontext():
                self.namespace.append(self.keys, np.concatenate(self.values))
            self.keys, self.values = [], []
