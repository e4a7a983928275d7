"""Pixels of many rows, rendered by threads ahead of whoever uses them, also while it loads."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import UnreadableImageError

MOST_BYTES = 256 << 20  # of rows that are rendered while the program is still loading


@dataclass(frozen=True, eq=False)
class Rendering:
    """``pixels`` (H, W, 3) uint8 of a file whose content has the hash ``sha256``."""

    sha256: bytes
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class PixelBlock:
    """Rendered rows: ``rows`` (B,), ``pixels`` (B, H, W, 3) uint8, and those that failed."""

    rows: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    failures: tuple[UnreadableImageError, ...]


class PendingView(ABC):
    """A view that a thread has prepared, and that is finished together with others of its kind."""

    @abstractmethod
    def finish(
        self, rows: Sequence[int], views: Sequence[Any], failures: Sequence[UnreadableImageError]
    ) -> PixelBlock:
        """The block of some views, this one among them.

        Args:
            rows: What they are called in the block.
            views: As many, of the same kind.
            failures: Of other rows of the block.
        """


View: TypeAlias = NDArray[np.uint8] | PendingView


def stream_pixels(
    render: Callable[[int], View],
    rows: Sequence[int],
    *,
    block: int = 8,
    num_threads: int = 2,
    ahead: int = 512,
) -> Iterator[PixelBlock]:
    """Render ``rows`` in order, at most ``ahead`` images before they are asked for.

    Args:
        render: Row → (H, W, 3) uint8, or, for all rows, a PendingView; may raise
            UnreadableImageError. Called from threads.
        rows: What to render.
        block: Rows per block.
        num_threads: Threads that render; they change no bit of the result.
        ahead: Bound on images held.

    Yields:
        Blocks in the order of ``rows``; unreadable rows are in ``failures``, not in ``pixels``.
    """
    waiting: deque[tuple[int, Future[View]]] = deque()
    todo = iter(rows)
    with ThreadPoolExecutor(num_threads, thread_name_prefix="render") as pool:
        try:
            for row in todo:
                waiting.append((row, pool.submit(render, row)))
                if len(waiting) >= max(ahead, 2 * block):
                    yield next_block(waiting, block)
            while waiting:
                yield next_block(waiting, block)
        finally:
            for _, future in waiting:
                future.cancel()


def pixels_of_view(view: View) -> NDArray[np.uint8]:
    """The pixels of one view (H, W, 3), finished alone if nobody has."""
    return view.finish((0,), (view,), ()).pixels[0] if isinstance(view, PendingView) else view


def next_block(waiting: deque[tuple[int, Future[View]]], block: int) -> PixelBlock:
    """Take the next ``block`` renderings off the queue."""
    rows, pixels, pending = list[int](), list[NDArray[np.uint8]](), list[PendingView]()
    failures = list[UnreadableImageError]()
    for _ in range(min(block, len(waiting))):
        row, future = waiting.popleft()
        try:
            view = future.result()
        except UnreadableImageError as error:
            failures.append(error)
            continue
        rows.append(row)
        if isinstance(view, PendingView):
            pending.append(view)
        else:
            pixels.append(view)
    if pending:
        return pending[0].finish(rows, pending, failures)
    stacked = np.stack(pixels) if pixels else np.empty((0, 0, 0, 3), np.uint8)
    return PixelBlock(np.array(rows, np.int64), stacked, tuple(failures))


class RenderAhead:
    """The first rows of a table, rendered by threads; whoever asks for a row gets it once."""

    def __init__(
        self,
        render: Callable[[str], Rendering],
        names: Iterable[str],
        *,
        row_bytes: int,
        num_threads: int = 1,
    ) -> None:
        """Start at once.

        Args:
            render: Name → pixels and the hash of what they were made from; called from threads.
            names: Rows in the order in which they will be asked for.
            row_bytes: What one takes; as many are rendered as fit in MOST_BYTES.
            num_threads: One by default: the other cores are loading.
        """
        self._pool = ThreadPoolExecutor(num_threads, thread_name_prefix="ahead")
        self._lock = Lock()
        self._waiting: dict[str, Future[Rendering]] = {}
        for name, _ in zip(names, range(MOST_BYTES // row_bytes), strict=False):
            self._waiting[name] = self._pool.submit(render, name)
        self._pool.shutdown(wait=False)

    def take(self, name: str) -> Rendering | None:
        """A row that was begun; None if it was not, was taken before, or could not be read then.

        Args:
            name: The row.
        """
        with self._lock:
            future = self._waiting.pop(name, None)
        if future is None or future.cancel():
            return None
        try:
            return future.result()
        except UnreadableImageError:  # whoever asks reads it again, and is told the reason
            return None

    def forget(self) -> None:
        """Let go of what nobody asked for."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            future.cancel()
