"""Of several processes the first speaks; the others say only what is wrong."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from warmstart.cli.text.errors import RunStopped
from warmstart.errors import SettingError
from warmstart.ranks.launch import Launch, read_launch
from warmstart.terminal.colour import show_lines
from warmstart.terminal.outputs import Nowhere

TOGETHER = "train"  # the word that several processes may carry out


@contextmanager
def only_first_speaks() -> Iterator[Launch]:
    """Send what any other process would print nowhere; give which one this is."""
    launch = read_launch()
    before = sys.stdout, sys.stderr
    if launch.rank:
        sys.stdout, sys.stderr = Nowhere(), Nowhere()
    try:
        yield launch
    finally:
        sys.stdout, sys.stderr = before


@contextmanager
def speaking(launch: Launch, error: BaseException) -> Iterator[None]:
    """Let a process that is not the first tell an error, and which one it is.

    Args:
        launch: Which.
        error: What is told; that it was stopped, the first says.
    """
    quiet = sys.stderr
    is_stop = isinstance(error, (RunStopped, KeyboardInterrupt, typer.Abort, typer.Exit))
    if launch.rank and not is_stop:
        sys.stderr = sys.__stderr__  # nobody else has put another there
        show_lines(f"rank {launch.rank} of {launch.size}:", is_error=True)
    try:
        yield
    finally:
        sys.stderr = quiet


def check_word(words: Sequence[str]) -> None:
    """See that several processes were started for what they can do together.

    Raises:
        SettingError: they were not.
    """
    launch = read_launch()
    if launch.size > 1 and words[:1] not in ([], [TOGETHER]):
        raise SettingError(
            f"torchrun has started {launch.size} processes, and `warmstart {words[0]}` is one.",
            expected=f"torchrun for `{TOGETHER}` alone.",
            fix="start it without torchrun.",
        )
