"""Ctrl-C during a command: answered at once, and obeyed at once when it is pressed again."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from warmstart.cli.text.errors import STOPPED_CODE, stopped_line
from warmstart.terminal.colour import show_lines
from warmstart.terminal.interrupts import STOPPING_RUN, Answers, answering_interrupts

GRACE_SECONDS = 1.0  # in which a process that was told twice ends by itself, if it can


@dataclass(eq=False)
class Stopping:
    """What a command would leave if it were stopped now: a ``run`` to go on with, or nothing."""

    answers: Answers
    run: Path | None = None

    def end_now(self) -> None:
        """End the process, wherever its main thread is; what is on the disk is whole (law 8)."""
        time.sleep(GRACE_SECONDS)
        if not self.answers.is_over:
            show_lines(stopped_line(self.run), is_error=True)
            os._exit(STOPPED_CODE)


OF_NOW: ContextVar[Stopping | None] = ContextVar("stopping", default=None)


@contextmanager
def answered_stops(*, ends_process: bool) -> Iterator[Answers]:
    """Answer Ctrl-C while a command is carried out; give what has to know when it is over.

    Args:
        ends_process: The process is the command's own: the second press may end it.
    """
    stopping = Stopping(Answers())
    if ends_process:
        stopping.answers.at_second = stopping.end_now
    token = OF_NOW.set(stopping)
    try:
        with answering_interrupts(stopping.answers):
            yield stopping.answers
    finally:
        stopping.answers.is_over = True
        OF_NOW.reset(token)


def keep_on_stop(run: Path) -> None:
    """What is done in this run is kept when it is stopped, and said so."""
    stopping = OF_NOW.get()
    if stopping is not None:
        stopping.run, stopping.answers.text = run, STOPPING_RUN
