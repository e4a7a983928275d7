"""How far a computation over many images is, and what it has come to."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from warmstart.terminal.waiting import waiting


@contextmanager
def show_progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Give a function that takes how many rows were done since its last call.

    Args:
        total: How many there are.
        what: What is done with them.
    """
    began = time.perf_counter()
    with waiting(what, total, "images") as wait:
        yield wait.advance
    seconds = time.perf_counter() - began
    print(
        f"{what}: {total} images, {seconds:.1f} s, {total / max(seconds, 1e-9):.0f}/s",
        file=sys.stderr,
    )


@contextmanager
def no_progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Say nothing, unless waits are shown all the same.

    Args:
        total: How many rows there are.
        what: What is done with them.
    """
    with waiting(what, total, "images", quiet=True) as wait:
        yield wait.advance
