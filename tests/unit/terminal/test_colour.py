"""The same words with colour in a terminal and without it elsewhere."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

import warmstart
from warmstart.terminal.colour import RESULT, print_styled

SOURCE = str(Path(warmstart.__file__).parents[1])
SAY = (
    "import sys; from warmstart.cli.text.errors import print_error;"
    " from warmstart.terminal.colour import *;"
    "print_styled(('accuracy 0.9', RESULT), (' (n = 3) [bold]', ''));"
    "print_error('a', 'b', 'c' * 200)"
)
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
WORDS = "accuracy 0.9 (n = 3) [bold]\nError: a\nExpected: b\nFix: " + "c" * 200 + "\n"


def in_a_terminal(**more: str) -> str:
    """What a pseudo-terminal of 80 columns gets to see."""
    ours, theirs = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    env |= {"PYTHONPATH": SOURCE, "TERM": "xterm-256color", **more}
    with subprocess.Popen(
        [sys.executable, "-c", SAY], stdout=theirs, stderr=theirs, stdin=theirs, env=env
    ) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # what Linux says when the other side is closed
                break
            if not part:
                break
            seen += part
    os.close(ours)
    assert process.returncode == 0
    return seen.decode().replace("\r\n", "\n")


def test_colour_in_a_terminal() -> None:
    seen = in_a_terminal()
    assert ESCAPE.search(seen) is not None
    assert ESCAPE.sub("", seen) == WORDS


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_no_colour_where_it_is_not_wanted(more: dict[str, str]) -> None:
    seen = in_a_terminal(**more)
    assert "\x1b[3" not in seen  # bold is no colour, and stays
    assert ESCAPE.sub("", seen) == WORDS


def test_plain_text_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    print_styled(("accuracy 0.9", RESULT), (" [bold]", ""))
    assert capsys.readouterr().out == "accuracy 0.9 [bold]\n"
