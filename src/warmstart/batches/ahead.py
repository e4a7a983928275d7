"""Renders rows while the program is still loading what will use them."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from warmstart.batches.rendering import Rendering
from warmstart.errors import UnreadableImageError

MOST_BYTES = 256 << 20


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
