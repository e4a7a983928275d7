"""The standard streams of a command: whatever becomes of them, the work goes on to its result."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from warmstart.errors import FileError


class ReaderGone(Exception):  # noqa: N818 - no error, and no OSError, which typer would take
    """Whoever read the standard output has gone, as in ``warmstart predict … | head``."""


class Nowhere(io.TextIOBase):
    """A stream that keeps nothing, in place of one that was closed."""

    def write(self, text: str) -> int:
        """Take it."""
        return len(text)


class Output:
    """A standard stream that may fail: what is left, and all that follows, goes nowhere then."""

    def __init__(self, stream: Any, *, is_wanted: bool = False) -> None:
        """Write to a stream as long as it takes something.

        Args:
            stream: What to write to.
            is_wanted: It is all that the command is for, so that a failure is told.
        """
        self.stream, self.is_wanted = stream, is_wanted

    def write(self, text: str) -> int:
        """Write, or do not."""
        try:
            return int(self.stream.write(text))
        except OSError as error:
            self.let_go(error)
        return len(text)

    def flush(self) -> None:
        """Let it be seen what was written."""
        try:
            self.stream.flush()
        except OSError as error:
            self.let_go(error)

    def let_go(self, error: OSError) -> None:
        """Give up the stream.

        Raises:
            ReaderGone: the output is wanted, and nobody reads it.
            FileError: it is wanted, and has no room.
        """
        divert(self.stream)
        if self.is_wanted and isinstance(error, BrokenPipeError):
            raise ReaderGone from error
        if self.is_wanted:
            raise FileError(
                f"the standard output cannot be written ({error.strerror}).",
                expected="a place with room.",
                fix="free some space, or send it elsewhere.",
            ) from error

    def __getattr__(self, name: str) -> Any:
        """Everything else is as the stream has it."""
        return getattr(self.stream, name)


@contextmanager
def standing_outputs(*, stops_unread: bool) -> Iterator[None]:
    """Let no standard stream stop a command, and no name that its encoding lacks.

    Args:
        stops_unread: Writing to a standard output that takes nothing is an error, so that work for
            nothing ends.
    """
    open_closed()
    before = sys.stdout, sys.stderr
    for stream in before:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    out, err = before
    sys.stdout, sys.stderr = Output(out, is_wanted=stops_unread), Output(err)
    try:
        yield
    finally:
        for stream in before:
            Output(stream).flush()
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
            setattr(sys, name, Nowhere())


def divert(stream: Any) -> None:
    """Send what a stream holds and gets nowhere."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()
