"""What is waited for is seen after half a second, and nothing of it is left behind."""

import io
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from rich.cells import cell_len

from warmstart.terminal import drawing
from warmstart.terminal.drawing import Lines, TerminalLine, bar_html, in_minutes
from warmstart.terminal.progress import no_progress, show_progress
from warmstart.terminal.wait import Wait
from warmstart.terminal.waiting import WAITS, unmuted_waits, waiting

COLOURS = re.compile(r"\x1b\[\d+m")


class Screen(io.StringIO):
    """A terminal that is so many columns wide."""

    columns = 80
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def rows(self) -> list[str]:
        """What can be seen in the end: what follows a carriage return is written over."""
        seen = []
        for row in COLOURS.sub("", self.getvalue()).split("\n"):
            cells: list[str] = []
            for part in row.split("\r"):
                cells[: len(part)] = part
            seen.append("".join(cells).rstrip())
        return seen

    def drawn(self) -> list[str]:
        """Everything that was ever drawn."""
        return [part for part in re.split(r"[\r\n]", self.getvalue()) if part.strip()]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal on which waits are drawn at once."""
    found = Screen()
    monkeypatch.setattr(drawing, "SECONDS_OF_SILENCE", 0.0)
    monkeypatch.setattr(drawing, "terminal_columns", lambda stream: found.columns)
    monkeypatch.setattr(TerminalLine, "seconds_between", 0.005)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return found


def on_screen(test: Callable[..., None]) -> Callable[..., None]:
    """A test whose standard streams are the screen; a fixture's would be taken back by pytest."""

    @wraps(test)
    def run(screen: Screen, **fixtures: Any) -> None:
        before, sys.stdout, sys.stderr = (sys.stdout, sys.stderr), screen, screen
        try:
            test(screen=screen, **fixtures)
            assert (sys.stdout, sys.stderr) == (screen, screen)  # given back
            assert WAITS.open == []
        finally:
            sys.stdout, sys.stderr = before

    return run


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a thread."""
    while not is_so():
        time.sleep(0.005)


@on_screen
def test_a_wait_is_drawn_and_taken_away(screen: Screen) -> None:
    with waiting("solving the head", 4, "steps") as wait:
        wait.advance(3)
        until(lambda: "3/4 steps" in screen.getvalue())
    assert "solving the head" in screen.getvalue()
    assert screen.rows() == [""]


@on_screen
def test_what_is_printed_meanwhile_stands_alone_in_its_line(screen: Screen) -> None:
    with waiting("a long word of what is waited for"):
        until(lambda: "a long word" in screen.getvalue())
        sys.stdout.write("one\n")
        sys.stderr.write("two\n")
        number = len(screen.drawn())
        until(lambda: len(screen.drawn()) > number)
        sys.stdout.write("three\n")
    assert screen.rows() == ["one", "two", "three", ""]


@on_screen
def test_nothing_is_drawn_behind_half_a_line(screen: Screen) -> None:
    with waiting("reading"):
        sys.stdout.write("half")
        time.sleep(0.05)
        sys.stdout.write(" a line\n")
    assert screen.rows() == ["half a line", ""]


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
@on_screen
def test_a_line_fits_the_terminal(screen: Screen, columns: int) -> None:
    screen.columns = columns
    name = "tf_efficientnet_lite0 once per image · 一張照片一次, 2.1 MB to keep"
    with waiting(name, 1000, "images", until=time.perf_counter() + 60) as wait:
        wait.reach(400, "loss 0.1234")
        until(lambda: len(screen.drawn()) > 3)
    drawn = [COLOURS.sub("", line) for line in screen.drawn()]
    assert max(map(cell_len, drawn)) < columns
    assert "tf_eff" in drawn[-1]
    assert screen.rows() == [""]


@on_screen
def test_without_colour_there_is_none(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with waiting("reading", 2, "images"):
        until(lambda: "reading" in screen.getvalue())
    assert "\x1b" not in screen.getvalue()


@on_screen
def test_an_encoding_without_those_signs_gets_others(screen: Screen) -> None:
    screen.encoding = "ascii"
    with waiting("reading", 2, "images") as wait:
        wait.advance()
        until(lambda: "1/2 images" in screen.getvalue())
    COLOURS.sub("", screen.getvalue()).encode("ascii")


@on_screen
def test_the_innermost_wait_is_told_behind_those_that_lead(screen: Screen) -> None:
    with waiting("the recipe"), waiting("step 8", leads=True), waiting("part 2 of 3", leads=True):
        with waiting("epoch 1 of 7", 7, "steps"):
            until(lambda: "step 8 · part 2 of 3 · epoch 1 of 7" in screen.getvalue())
        until(lambda: "step 8 · part 2 of 3  " in screen.getvalue())
    assert "the recipe" not in screen.getvalue()


@on_screen
def test_what_is_quiet_is_quiet_inside_too_and_what_is_around_it_goes_on(screen: Screen) -> None:
    with waiting("outside"), waiting("hidden", quiet=True), waiting("inside"):
        until(lambda: "outside" in screen.getvalue())
        time.sleep(0.05)
    assert "hidden" not in screen.getvalue()
    assert "inside" not in screen.getvalue()
    with no_progress(3, "hidden"):
        time.sleep(0.05)
    assert "hidden" not in screen.getvalue()


@on_screen
def test_a_recipe_shows_the_waits_of_what_it_silences(screen: Screen) -> None:
    with unmuted_waits(is_unmuted=True), no_progress(3, "computed"):
        until(lambda: "computed" in screen.getvalue())
    with unmuted_waits(is_unmuted=False), no_progress(3, "quiet learner"):
        time.sleep(0.05)
    assert "quiet learner" not in screen.getvalue()


@on_screen
def test_nothing_is_left_behind_by_an_error(screen: Screen) -> None:
    def interrupted() -> None:
        with waiting("outside"), waiting("inside", 3):
            until(lambda: "inside" in screen.getvalue())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert screen.rows() == [""]
    assert not [thread for thread in threading.enumerate() if thread.name == "ctrl-c"]


@on_screen
def test_waits_of_other_threads_are_nobodys(screen: Screen) -> None:
    def wait() -> None:
        with waiting("elsewhere"):
            time.sleep(0.05)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    assert screen.getvalue() == ""


def test_without_a_terminal_there_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(Lines, "seconds_between", 0.01)
    with show_progress(20, "reading") as advance:
        advance(5)
        time.sleep(0.1)
    out, err = capsys.readouterr()
    first, *_, last = err.splitlines()
    assert out == ""
    assert first.startswith("reading  5/20 images · ")
    assert last.startswith("reading: 20 images, ")
    assert "\r" not in err


def test_where_nobody_counts_lines_are_rarer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "SECONDS_BETWEEN_LINES", 0.01)
    monkeypatch.setattr(drawing, "UNCOUNTED", 1_000_000)
    monkeypatch.setattr(Lines, "seconds_between", 0.01)
    with waiting("loading"):
        time.sleep(0.1)
        assert capsys.readouterr().err == ""
        with waiting("reading", 3, "images"), waiting("inside"):
            time.sleep(0.1)
    assert "reading  0/3 images" in capsys.readouterr().err


@on_screen
def test_a_dumb_terminal_gets_lines(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with waiting("reading"):
        time.sleep(0.05)
    assert screen.getvalue() == ""  # the first line comes after ten seconds


def test_a_notebook_gets_a_bar_with_the_same_words() -> None:
    wait = Wait("reading <b>", 20, "images", began=0.0)
    wait.reach(5)
    wait.advance(5)
    found = bar_html([wait], 10.0)
    assert 'value="10" max="20"' in found
    assert "reading &lt;b&gt;" in found
    assert "10/20 images · 20 s left" in found  # five of them in ten seconds
    assert "value" not in bar_html([Wait("reading", began=0.0)], 1.0)


def test_times_are_told_as_people_say_them() -> None:
    assert [in_minutes(each) for each in (5.2, 89.0, 90.0, 600.0, 5400.0, 9000.0)] == [
        "5 s", "89 s", "1:30 min", "10:00 min", "1:30 h", "2:30 h",
    ]  # fmt: skip


def test_a_terminal_that_does_not_say_how_wide_it_is_has_80_columns() -> None:
    assert drawing.terminal_columns(io.StringIO()) == 80
    read, write = os.pipe()
    try:
        with os.fdopen(write, "w") as stream:
            assert drawing.terminal_columns(stream) == 80
    finally:
        os.close(read)
