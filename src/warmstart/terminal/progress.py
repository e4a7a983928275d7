"""How far a long computation is: images per second and time left."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS_BETWEEN_LINES = 10.0  # where there is no terminal


@contextmanager
def show_progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Give a function that takes how many rows were done since its last call.

    Args:
        total: How many there are.
        what: What is done with them.
    """
    began = time.perf_counter()
    if sys.stderr.isatty():
        with bar(total, what) as advance:
            yield advance
    else:
        with lines(total, what) as advance:
            yield advance
    seconds = time.perf_counter() - began
    print(
        f"{what}: {total} images, {seconds:.1f} s, {total / max(seconds, 1e-9):.0f}/s",
        file=sys.stderr,
    )


@contextmanager
def bar(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """A bar that goes away when it is full."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: object) -> Text:
            speed = getattr(task, "speed", None)
            return Text("" if speed is None else f"{speed:.0f} images/s")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        Speed(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda number: progress.advance(task, number)


@contextmanager
def lines(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """A line now and then."""
    began = written = time.perf_counter()
    done = 0

    def advance(number: int) -> None:
        nonlocal done, written
        done += number
        now = time.perf_counter()
        if now - written >= SECONDS_BETWEEN_LINES:
            written = now
            speed = done / (now - began)
            left = (total - done) / max(speed, 1e-9)
            print(
                f"{what}: {done}/{total}, {speed:.0f} images/s, {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    yield advance


@contextmanager
def no_progress(_total: int, _what: str) -> Iterator[Callable[[int], None]]:
    """Say nothing."""
    yield lambda _number: None
