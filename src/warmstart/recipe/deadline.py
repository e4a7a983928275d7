"""A time that a computation has, and how it notices that it is up."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from warmstart.activations.table_activations import Progress

FEWEST_SECONDS = 1.5  # of a computation, before its speed is believed


class TimeUpError(Exception):
    """There is not enough time left; what was computed so far is stored."""


@dataclass(frozen=True)
class Deadline:
    """``seconds`` from ``began`` (of time.perf_counter), of which the last ``reserve`` are kept.

    The reserve is for what comes after: the head, the folder of the model, the report.
    """

    seconds: float | None
    began: float
    reserve: float = 0.0

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.began

    @property
    def ends(self) -> float:
        """When all of it is over, of time.perf_counter."""
        return self.began + (self.seconds or 0.0)

    @property
    def left(self) -> float:
        """Seconds that may still be used."""
        if self.seconds is None:
            return float("inf")
        return self.seconds - self.reserve - self.spent


def within(deadline: Deadline, progress: Progress) -> Progress:
    """Progress of a computation that ends, by a TimeUpError, as soon as it cannot be done in time.

    Args:
        deadline: When that is.
        progress: What shows it.
    """

    @contextmanager
    def watched(total: int, what: str) -> Iterator[Callable[[int], None]]:
        began, done = time.perf_counter(), 0
        with progress(total, what) as advance:

            def checked(number: int) -> None:
                nonlocal done
                done += number
                advance(number)
                seconds, left = time.perf_counter() - began, deadline.left
                needed = seconds / max(done, 1) * (total - done)
                if left <= 0 or (seconds >= FEWEST_SECONDS and needed > left):
                    raise TimeUpError(
                        f"time was up after {done} of {total} images: the others need about "
                        f"{needed:.0f} s, and {max(left, 0):.0f} s were left"
                    )

            yield checked

    return watched
