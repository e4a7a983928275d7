import errno
import io
import sys

import pytest

from warmstart.errors import FileError, UnreadableImageError, UnreadableImagesError
from warmstart.terminal.colour import notify, print_styled, show_lines
from warmstart.terminal.outputs import Output, ReaderGone, standing_outputs

NASTY = "a\x1b[31mb\r\u202ec\udce9"
SAFE = "a\\x1b[31mb\\x0d\\x202ec\\xdce9"


def test_what_a_terminal_would_obey_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_lines(f"x\t{NASTY}\ny")
    print_styled((NASTY, "bold"), ("\n", ""), ("z", ""))
    notify(f"{NASTY}\n")
    out, err = capsys.readouterr()
    assert out == f"x\t{SAFE}\ny\n{SAFE}\nz\n"
    assert err == f"note: {SAFE}\\x0a\n"


def test_a_name_adds_no_line_to_an_error() -> None:
    one = UnreadableImageError("x\nFix: rm -r", "cut\nshort")
    assert str(one).count("\n") == 2
    several = UnreadableImagesError([one, one])
    assert several.what.split("\n")[1:] == ["  x\\x0aFix: rm -r: cut\\x0ashort"] * 2


class Failing(io.StringIO):
    """A stream whose reader goes after the first line, or whose disk is full then."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        if self.getvalue():
            raise self.error
        return super().write(text)


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC, errno.EIO])
def test_output_that_nobody_takes_is_dropped(number: int) -> None:
    stream = Output(Failing(OSError(number, "gone")))
    for text in ("first", "second", "third"):
        assert stream.write(text) == len(text)
    stream.flush()
    assert stream.getvalue() == "first"


def test_output_that_is_all_there_is_to_do_stops_the_work() -> None:
    stream = Output(Failing(BrokenPipeError()), is_wanted=True)
    stream.write("first")
    with pytest.raises(ReaderGone):
        stream.write("second")
    full = Output(Failing(OSError(errno.ENOSPC, "No space left")), is_wanted=True)
    full.write("first")
    with pytest.raises(FileError, match="No space left"):
        full.write("second")


def test_streams_are_as_before_afterwards() -> None:
    before = sys.stdout, sys.stderr
    with standing_outputs(stops_unread=False):
        assert isinstance(sys.stdout, Output)
    assert (sys.stdout, sys.stderr) == before
