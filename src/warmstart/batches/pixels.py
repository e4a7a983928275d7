"""Pixels of many rows, rendered by threads ahead of whoever uses them."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import UnreadableImageError


@dataclass(frozen=True, eq=False)
class PixelBlock:
    """Rendered rows: ``rows`` (B,), ``pixels`` (B, H, W, 3) uint8, and those that failed."""

    rows: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    failures: tuple[UnreadableImageError, ...]


def stream_pixels(
    render: Callable[[int], NDArray[np.uint8]],
    rows: Sequence[int],
    *,
    block: int = 8,
    num_threads: int = 2,
    ahead: int = 512,
) -> Iterator[PixelBlock]:
    """Render ``rows`` in order, at most ``ahead`` images before they are asked for.

    Args:
        render: Row → (H, W, 3) uint8; may raise UnreadableImageError. Called from threads.
        rows: What to render.
        block: Rows per block.
        num_threads: Threads that render; they change no bit of the result.
        ahead: Bound on images held.

    Yields:
        Blocks in the order of ``rows``; unreadable rows are in ``failures``, not in ``pixels``.
    """
    waiting: deque[tuple[int, Future[NDArray[np.uint8]]]] = deque()
    todo = iter(rows)
    with ThreadPoolExecutor(num_threads, thread_name_prefix="render") as pool:
        try:
            for row in todo:
                waiting.append((row, pool.submit(render, row)))
                if len(waiting) >= max(ahead, block):
                    yield collect(waiting, block)
            while waiting:
                yield collect(waiting, block)
        finally:
            for _, future in waiting:
                future.cancel()


def collect(waiting: deque[tuple[int, Future[NDArray[np.uint8]]]], block: int) -> PixelBlock:
    """Take the next ``block`` renderings off the queue."""
    rows, pixels, failures = [], [], []
    for _ in range(min(block, len(waiting))):
        row, future = waiting.popleft()
        try:
            pixels.append(future.result())
            rows.append(row)
        except UnreadableImageError as error:
            failures.append(error)
    stacked = np.stack(pixels) if pixels else np.empty((0, 0, 0, 3), np.uint8)
    return PixelBlock(np.array(rows, np.int64), stacked, tuple(failures))
