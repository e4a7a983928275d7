"""Ctrl-C answered at once, also while the main thread is deep in a computation.

Python runs a handler of signals between two of its instructions, and one of them may be a step of
training of many seconds. So the signal is also written into a socket, as
``signal.set_wakeup_fd`` does it, and a thread that reads there answers.
"""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from warmstart.terminal.colour import show_lines

STOPPING = "stopping: what is being done now is finished first; Ctrl-C again stops at once"
STOPPING_RUN = (
    "stopping: this step is finished first, and what is done is kept; Ctrl-C again stops at once"
)


class Answers:
    """What is said to Ctrl-C: ``text`` at the first press; ``at_second`` is called at the next."""

    def __init__(self, at_second: Callable[[], None] = lambda: None) -> None:
        """Nothing was pressed."""
        self.text, self.at_second, self.num_pressed = STOPPING, at_second, 0
        self.is_over = False  # it has stopped, and says so itself

    def press(self) -> None:
        """Answer; called from a thread."""
        self.num_pressed += 1
        if self.is_over:
            return
        if self.num_pressed == 1:
            show_lines(f"\n{self.text}", is_error=True)
        elif self.num_pressed == 2:
            self.at_second()


@contextmanager
def answering_interrupts(answers: Answers) -> Iterator[None]:
    """Answer from a thread for a while.

    Nothing is done where this is not the main thread, where Ctrl-C is ignored or ends the process
    anyway, and where somebody else listens, as an event loop does.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not callable(signal.getsignal(signal.SIGINT)):
        yield
        return
    here, there = socket.socketpair()
    there.settimeout(0)
    before = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    if before != -1:
        signal.set_wakeup_fd(before)
        here.close()
        there.close()
        yield
        return
    listener = threading.Thread(target=listen, args=(here, answers), name="ctrl-c", daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)
        there.close()  # which ends the thread
        listener.join(timeout=1)
        here.close()


def listen(source: socket.socket, answers: Answers) -> None:
    """Answer each Ctrl-C until the other end is closed."""
    with suppress(OSError):
        while numbers := source.recv(64):
            for number in numbers:
                if number == signal.SIGINT:
                    answers.press()
