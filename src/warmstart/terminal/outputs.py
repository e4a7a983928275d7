"""The standard streams of a command: whatever becomes of them, the work goes on to its result."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO


class Unread:
    """A stream that drops what nobody takes any more: a reader that has gone, a full disk."""

    def __init__(self, stream: TextIO) -> None:
        """Write to a stream as long as it takes something."""
        self.stream = stream

    def write(self, text: str) -> int:
        """Write, or do not."""
        try:
            return self.stream.write(text)
        except OSError:
            self.let_go()
        return len(text)

    def flush(self) -> None:
        """Let it be seen what was written."""
        try:
            self.stream.flush()
        except OSError:
            self.let_go()

    def let_go(self) -> None:
        """Send what is left, and all that follows, nowhere."""
        divert(self.stream)

    def __getattr__(self, name: str) -> Any:
        """Everything else is as the stream has it."""
        return getattr(self.stream, name)


@contextmanager
def standing_outputs(*, stops_unread: bool) -> Iterator[None]:
    """Let no standard stream stop a command, and no name that its encoding lacks.

    Args:
        stops_unread: Writing to a standard output that nobody reads raises a BrokenPipeError, so
            that work for nothing ends.
    """
    open_closed()
    before = sys.stdout, sys.stderr
    for stream in before:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    out, err = before
    sys.stdout = out if stops_unread else Unread(out)  # type: ignore[assignment]
    sys.stderr = Unread(err)  # type: ignore[assignment]
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(BrokenPipeError):
                stream.flush()
        sys.stdout, sys.stderr = before


def open_closed() -> None:
    """Send a standard stream that was closed nowhere; the next file would take its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123


def divert(stream: TextIO) -> None:
    """Send what a stream holds and gets nowhere."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()
