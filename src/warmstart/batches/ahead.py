"""Renders rows while the program is still loading what will use them."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 256 << 20


class RenderAhead:
    """The first rows of a table, rendered by threads; whoever asks for a row gets it once."""

    def __init__(
        self,
        render: Callable[[str], NDArray[np.uint8]],
        names: Iterable[str],
        *,
        row_bytes: int,
        num_threads: int = 1,
    ) -> None:
        """Start at once.

        Args:
            render: Name → pixels; called from threads.
            names: Rows in the order in which they will be asked for.
            row_bytes: What one takes; as many are rendered as fit in MOST_BYTES.
            num_threads: One by default: the other cores are loading.
        """
        self._pool = ThreadPoolExecutor(num_threads, thread_name_prefix="ahead")
        self._lock = Lock()
        self._waiting: dict[str, Future[NDArray[np.uint8]]] = {}
        for name, _ in zip(names, range(MOST_BYTES // row_bytes), strict=False):
            self._waiting[name] = self._pool.submit(render, name)
        self._pool.shutdown(wait=False)

    def take(self, name: str) -> NDArray[np.uint8] | None:
        """The pixels of a row that was begun; None if it was not, or was taken before.

        Args:
            name: The row.
        """
        with self._lock:
            future = self._waiting.pop(name, None)
        return None if future is None or future.cancel() else future.result()

    def forget(self) -> None:
        """Let go of what nobody asked for."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            future.cancel()
