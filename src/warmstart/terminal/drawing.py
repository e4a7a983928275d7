"""How waits are drawn: one line of a terminal, a notebook's bar, or a line now and then."""

import html
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from warmstart.display import text_width
from warmstart.errors import printable
from warmstart.terminal.wait import Wait

SECONDS_OF_SILENCE = 0.5  # after which a wait is drawn
SECONDS_BETWEEN_LINES = 10.0  # where there is no terminal
UNCOUNTED = 6  # times that, where a line could only say that it is not done yet
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
BAR_WIDTH = 20
FULL, EMPTY, PLAIN_FULL, PLAIN_EMPTY = "━", "─", "#", "."
CYAN, DIM, RESET = "\x1b[36m", "\x1b[2m", "\x1b[0m"
SOON = 0.02  # of the work that must be done before its end is foretold


@runtime_checkable
class Drawing(Protocol):
    """Where waits are drawn; ``seconds_between`` is how often."""

    seconds_between: float

    def show(self, waits: Sequence[Wait]) -> None:
        """Draw the last of these, which are open."""

    def clear(self) -> None:
        """Draw none of them for now."""

    def close(self) -> None:
        """Leave nothing behind."""


def drawing_of_now(lock: Any) -> Drawing:
    """What suits the standard error of now, or a notebook."""
    if has_kernel():
        return NotebookBar()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return TerminalLine(lock)
    return Lines()


def has_kernel() -> bool:
    """Whether this is a cell of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class TerminalLine:
    """The last line of a terminal; whatever is printed takes its place."""

    seconds_between = 0.1

    def __init__(self, lock: Any) -> None:
        """Take the standard streams for as long as something is waited for."""
        self.lock, self.width, self.turns = lock, 0, 0
        self.is_at_start, self.printed = True, time.perf_counter()
        self.streams = sys.stdout, sys.stderr
        self.ours = Beneath(sys.stdout, self), Beneath(sys.stderr, self)
        encoding = getattr(sys.stderr, "encoding", None) or "ascii"
        self.is_plain = not can_encode(SPINNER + FULL + EMPTY, encoding)
        self.has_colour = "NO_COLOR" not in os.environ and os.name != "nt"
        sys.stdout, sys.stderr = self.ours

    def show(self, waits: Sequence[Wait]) -> None:
        """Draw the last, if nothing was printed for a while."""
        now = time.perf_counter()
        began = max(self.printed, waits[0].began)
        if not self.width and (now - began < SECONDS_OF_SILENCE or not self.is_at_start):
            return
        self.turns += 1
        columns = terminal_columns(self.streams[1])
        left, right = parts_of_line(waits, now)
        bar = "" if waits[-1].total is None else self.bar(waits[-1])
        sign = ("|/-\\" if self.is_plain else SPINNER)[self.turns % (4 if self.is_plain else 10)]
        room = columns - 3 - text_width(right) - (BAR_WIDTH + 2 if bar else 0)
        if bar and room < min(24, text_width(left)):  # a narrow terminal: the words are worth more
            bar, room = "", room + BAR_WIDTH + 2
        left = shortened(left, max(8, room), "..." if self.is_plain else "…")
        plain_width = 2 + text_width(left) + (BAR_WIDTH + 2 if bar else 0) + text_width(right)
        if plain_width >= columns:
            right = ""
        if self.is_plain:
            right = right.replace("·", ",")
        text = f"{self.painted(sign, CYAN)} {left}{'  ' + bar if bar else ''}{right}"
        blank = " " * max(0, self.width - plain_width)
        self.write(f"\r{text}{blank}\r")
        self.width = plain_width

    def bar(self, wait: Wait) -> str:
        """How much is done of it."""
        full, empty = (PLAIN_FULL, PLAIN_EMPTY) if self.is_plain else (FULL, EMPTY)
        number = round(BAR_WIDTH * min(1.0, wait.done / max(1, wait.total or 1)))
        return self.painted(full * number, CYAN) + self.painted(empty * (BAR_WIDTH - number), DIM)

    def painted(self, text: str, colour: str) -> str:
        """In colour, where there is any."""
        return f"{colour}{text}{RESET}" if text and self.has_colour else text

    def clear(self) -> None:
        """Take the line away."""
        if self.width:
            self.write("\r" + " " * self.width + "\r")
            self.width = 0

    def notice(self, text: str) -> None:
        """Something is about to be printed."""
        self.clear()
        if text:
            self.is_at_start, self.printed = text.endswith("\n"), time.perf_counter()

    def close(self) -> None:
        """Take the line away, and give the streams back."""
        self.clear()
        for name, ours, before in zip(("stdout", "stderr"), self.ours, self.streams, strict=True):
            if getattr(sys, name) is ours:
                setattr(sys, name, before)

    def write(self, text: str) -> None:
        """On the standard error that was found."""
        self.streams[1].write(text)
        self.streams[1].flush()


class Beneath:
    """A standard stream whose text takes the place of the line of waits."""

    def __init__(self, stream: Any, line: TerminalLine) -> None:
        """Write to a stream."""
        self.stream, self.line = stream, line

    def write(self, text: str) -> int:
        """Clear the line first; where it goes to no terminal, the line may stay."""
        with self.line.lock:
            if self.stream.isatty():
                self.line.notice(text)
            return int(self.stream.write(text))

    def __getattr__(self, name: str) -> Any:
        """Everything else is as the stream has it."""
        return getattr(self.stream, name)


class Lines:
    """A line every ten seconds, where there is no terminal; of what nobody counts, less often."""

    seconds_between = 0.5

    def __init__(self) -> None:
        """Wait for the first."""
        self.written = time.perf_counter()

    def show(self, waits: Sequence[Wait]) -> None:
        """Print a line, if the last is long ago."""
        now = time.perf_counter()
        counted = [number for number, wait in enumerate(waits, 1) if wait.total is not None]
        if now - self.written >= SECONDS_BETWEEN_LINES * (1 if counted else UNCOUNTED):
            self.written = now
            told = waits[: counted[-1]] if counted else waits
            print("".join(parts_of_line(told, now)), file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Lines stay."""

    def close(self) -> None:
        """Likewise."""


class NotebookBar:
    """A bar under a notebook's cell, in one place; it goes away when it is full."""

    seconds_between = 0.25

    def __init__(self) -> None:
        """Show nothing yet."""
        self.handle: Any = None
        self.began = time.perf_counter()

    def show(self, waits: Sequence[Wait]) -> None:
        """Draw it, or draw it anew."""
        now = time.perf_counter()
        if self.handle is None and now - self.began < SECONDS_OF_SILENCE:
            return
        self.put(bar_html(waits, now))

    def put(self, text: str) -> None:
        """Show HTML in the bar's place."""
        from IPython.display import display  # it is running

        data = {"text/html": text, "text/plain": ""}
        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self.handle.update(data, raw=True)

    def clear(self) -> None:
        """Show nothing in its place."""
        if self.handle is not None:
            self.put("")

    def close(self) -> None:
        """Likewise."""
        self.clear()


def bar_html(waits: Sequence[Wait], now: float) -> str:
    """A notebook's bar; without a total it is one that only moves."""
    wait = waits[-1]
    left, right = parts_of_line(waits, now)
    value = "" if wait.total is None else f' value="{wait.done}" max="{max(1, wait.total)}"'
    return (
        f'<div style="font-family: monospace"><progress style="width: 16em"{value}></progress> '
        f"{html.escape(left + right)}</div>"
    )


def parts_of_line(waits: Sequence[Wait], now: float) -> tuple[str, str]:
    """What is done, and how far it is.

    Args:
        waits: Those that are open; the last one is told of.
        now: Of time.perf_counter.
    """
    wait = waits[-1]
    names = [one.what for one in waits[:-1] if one.leads] + [wait.what]
    left = " · ".join(map(printable, [*names, wait.note] if wait.note else names))
    seconds = now - wait.began
    facts = [f"{int(seconds)} s" if wait.total is None else count_of(wait, seconds)]
    ends = [one.until for one in waits if one.until is not None]
    if ends:
        facts.append(f"{max(0.0, min(ends) - now):.0f} s left in all")
    return left, "  " + " · ".join(facts)


def count_of(wait: Wait, seconds: float) -> str:
    """How many are done, how fast, and how long it will still take."""
    total, done = wait.total or 0, wait.done - wait.first
    text = f"{wait.done}/{total}" + (f" {wait.unit}" if wait.unit else "")
    if done <= 0 or done < SOON * (total - wait.first) or seconds < SECONDS_OF_SILENCE:
        return f"{text} · {int(seconds)} s"
    left = (total - wait.done) * seconds / done
    return text + (f" · {in_minutes(left)} left" if wait.done < total else f" · {int(seconds)} s")


def in_minutes(seconds: float) -> str:
    """Seconds, or minutes and seconds, or hours and minutes."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds) // 60
    if minutes < 90:
        return f"{minutes}:{round(seconds) % 60:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"


def shortened(text: str, cells: int, sign: str) -> str:
    """A text that takes so many cells at most."""
    if text_width(text) <= cells:
        return text
    from rich.cells import set_cell_size  # here: what computes nothing draws nothing

    return set_cell_size(text, cells - len(sign)).rstrip() + sign


def terminal_columns(stream: Any) -> int:
    """How wide the terminal is now."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError, AttributeError):
        return 80


def can_encode(text: str, encoding: str) -> bool:
    """Whether an encoding has these signs."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
