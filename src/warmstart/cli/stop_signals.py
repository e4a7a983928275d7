"""SIGTERM and SIGHUP, as Ctrl-C: what was done is kept, and the run can be gone on with."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOPPED_CODE = 130  # what a shell reports of a program that Ctrl-C ended
STOPS = ("SIGTERM", "SIGHUP")  # of a scheduler, a shutdown; a terminal that closes


@contextmanager
def stop_signals() -> Iterator[Callable[[], int]]:
    """Give a function that says with which code to end: 128 and the number of the signal.

    A signal that is ignored, as nohup asks for, stays so.
    """
    received = [signal.SIGINT]

    def stop(number: int, frame: object) -> None:
        received.append(signal.Signals(number))
        as_interrupt = signal.getsignal(signal.SIGINT)  # a fit's own waits for the end of its step
        if not callable(as_interrupt):  # ignored, as in the background of a script
            raise KeyboardInterrupt
        as_interrupt(signal.SIGINT, frame)  # type: ignore[arg-type]

    names = [name for name in STOPS if hasattr(signal, name)]
    numbers = [getattr(signal, name) for name in names]
    is_main = threading.current_thread() is threading.main_thread()
    ours = [n for n in numbers if is_main and signal.getsignal(n) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, stop)
    try:
        yield lambda: 128 + received[-1]
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
