"""What is being waited for: nothing takes longer than a second without a word.

Whoever begins something that may take a while opens a wait; the innermost one that is open is
drawn once half a second has passed without output, and taken away when it is over or something
else is printed. Waits of other threads than the main one are nobody's who looks at a screen.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar, runtime_checkable

from warmstart.terminal.drawing import Drawing, drawing_of_now
from warmstart.terminal.interrupts import Answers, answering_interrupts
from warmstart.terminal.wait import Wait

P = ParamSpec("P")
R = TypeVar("R")


class Waits:
    """The waits of the process that are open, and the thread that draws them."""

    def __init__(self) -> None:
        """Nothing is waited for."""
        self.open: list[Wait] = []
        self.is_unmuted = False
        self.lock = threading.RLock()
        self.drawing: Drawing | None = None
        self.over = threading.Event()

    @contextmanager
    def add(self, wait: Wait) -> Iterator[Wait]:
        """Have it drawn until it is over."""
        is_inside = bool(self.open) and self.open[-1].is_muted
        wait.is_muted = is_inside or (wait.is_muted and not self.is_unmuted)
        answering = nullcontext() if wait.is_muted or self.open else answering_interrupts(Answers())
        with answering:
            try:
                with self.lock:
                    self.open.append(wait)
                    if self.drawing is None and not wait.is_muted:
                        self.begin()
                yield wait
            finally:
                with self.lock:
                    self.open = [one for one in self.open if one is not wait]
                    if all(one.is_muted for one in self.open):
                        self.end()

    def begin(self) -> None:
        """Draw from now on."""
        self.drawing, self.over = drawing_of_now(self.lock), threading.Event()
        drawer = threading.Thread(
            target=self.draw, args=(self.drawing, self.over), name="waits", daemon=True
        )
        drawer.start()

    def end(self) -> None:
        """Leave nothing behind."""
        self.over.set()
        if self.drawing is not None:
            self.drawing.close()
            self.drawing = None

    def draw(self, drawing: Drawing, over: threading.Event) -> None:
        """Until it is over, from a thread."""
        while not over.wait(drawing.seconds_between):
            with self.lock:
                if over.is_set():
                    return
                shown = [wait for wait in self.open if not wait.is_muted]
                if shown:
                    drawing.show(shown)
                else:
                    drawing.clear()


WAITS = Waits()


def waiting(
    what: str,
    total: int | None = None,
    unit: str = "",
    *,
    quiet: bool = False,
    until: float | None = None,
    leads: bool = False,
) -> AbstractContextManager[Wait]:
    """Tell what is going on for as long as it takes.

    Args:
        what: Is done, such as "solving the head".
        total: Of what the wait is told to ``advance``; None where nobody knows.
        unit: Its name, such as "images".
        quiet: Say nothing, also of what is waited for inside.
        until: When it ends in any case, of time.perf_counter.
        leads: Name it before what is waited for inside.

    Returns:
        A context of the wait.
    """
    wait = Wait(what, total, unit, until, leads=leads, is_muted=quiet)
    if threading.current_thread() is not threading.main_thread():
        return nullcontext(wait)
    return WAITS.add(wait)


@contextmanager
def unmuted_waits(*, is_unmuted: bool) -> Iterator[None]:
    """Within, what is quiet prints nothing but shows its waits all the same, if so."""
    before, WAITS.is_unmuted = WAITS.is_unmuted, WAITS.is_unmuted or is_unmuted
    try:
        yield
    finally:
        WAITS.is_unmuted = before


@runtime_checkable
class MayBeQuiet(Protocol):
    """A learner, or what it consists of."""

    @property
    def quiet(self) -> bool:
        """Whether nothing is to be said."""


Q = TypeVar("Q", bound=MayBeQuiet)


def waits(
    what: str,
) -> Callable[[Callable[Concatenate[Q, P], R]], Callable[Concatenate[Q, P], R]]:
    """Have a function of a learner tell what it does for as long as it takes.

    Args:
        what: Is done.
    """

    def of(function: Callable[Concatenate[Q, P], R]) -> Callable[Concatenate[Q, P], R]:
        @wraps(function)
        def told(learn: Q, /, *args: P.args, **options: P.kwargs) -> R:
            with waiting(what, quiet=learn.quiet):
                return function(learn, *args, **options)

        return told

    return of
