"""SIGTERM and SIGHUP, as Ctrl-C: what was done is kept, and the run can be gone on with."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from warmstart.cli.text.fix_line import (
    UsageError,
    help_line,
    help_of_word,
    is_typable,
    usage_fix,
    with_flags,
)
from warmstart.errors import SettingError, WarmstartError, printable
from warmstart.terminal.colour import BAD, HINT, TITLE, print_styled, show_lines
from warmstart.terminal.outputs import ReaderGone

STOPPED_CODE = 130  # what a shell reports of a program that Ctrl-C ended
BROKEN_PIPE_CODE = 141  # what a shell reports of a program that SIGPIPE ended


class RunStopped(Exception):  # noqa: N818 - no error, and typer would swallow a KeyboardInterrupt
    """Ctrl-C during a run that can be gone on with."""

    def __init__(self, run: Path) -> None:
        """Name the run's folder."""
        super().__init__(str(run))
        self.run = run


def report_error(error: BaseException, words: Sequence[str], command: Any = None) -> int:
    """Print an error to stderr.

    Args:
        error: What was raised.
        words: The command line after `warmstart`.
        command: What parses it, with its subcommands.

    Returns:
        The exit code: 1 wrong data, 2 wrong usage, 130 Ctrl-C. What is no mistake of the user's is
        raised again, so that its traceback is seen.
    """
    if isinstance(error, (typer.Exit, SystemExit)):
        return int(getattr(error, "exit_code", getattr(error, "code", 0)) or 0)
    if isinstance(error, (RunStopped, KeyboardInterrupt, typer.Abort)):
        run = error.run if isinstance(error, RunStopped) else None
        show_lines(f"\n{stopped_line(run)}", is_error=True)
        return STOPPED_CODE
    if isinstance(error, ReaderGone):
        return BROKEN_PIPE_CODE
    if isinstance(error, Exception) and is_nowhere():
        print_error(
            "the folder that this was started in has been deleted.",
            "a folder to be in.",
            "cd to another folder, and type the same line again.",
        )
        return 1
    if isinstance(error, WarmstartError):
        print_error(error.what, error.expected, printable(mended_line(error, words, command)))
        return 2 if isinstance(error, SettingError) else 1
    if isinstance(error, OSError) and error.filename is not None:
        print_error(
            printable(f"{error.filename}: {error.strerror}."),
            "a place that can be read or written, with room on its disk.",
            "check this path and who may use it.",
        )
        return 1
    if isinstance(error, Exception) and isinstance(error, UsageError):
        return report_usage_error(error, words, command)
    raise error


def is_nowhere() -> bool:
    """Whether the current folder has been deleted."""
    try:
        return not Path.cwd().is_dir()
    except OSError:
        return True


def report_usage_error(error: Exception, words: Sequence[str], command: Any) -> int:
    """Print what is wrong with an option, a command or a value; return the exit code."""
    what = error.format_message()  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    usage = context.get_usage() if context is not None else "warmstart COMMAND"
    if what.startswith("Usage: "):  # no word was given: what there is, is help and no error
        show_lines(what)
        return 2
    fix = usage_fix(error, what, words, sorted(getattr(command, "commands", {})))
    if not fix.endswith("--help") and not is_typable(command, shlex.split(fix)[1:]):
        fix = help_of_word(what, fix) or help_line(error)
    print_error(printable(what), usage.removeprefix("Usage: "), printable(fix))
    return 2


def print_error(what: str, expected: str, fix: str) -> None:
    """Print the three lines."""
    sys.stdout.flush()  # what was printed before stands above
    parts = (("Error:", BAD), (f" {what}\n", ""), ("Expected:", TITLE), (f" {expected}\n", ""))
    print_styled(*parts, ("Fix:", HINT), (f" {fix}", ""), is_error=True)


def mended_line(error: WarmstartError, words: Sequence[str], command: Any) -> str:
    """The command line that mends an error, where one can; else what a person must do."""
    is_path = error.flags[:1] == ("=",)
    if not error.flags or ("--resume" in words and not is_path):
        return error.fix
    mended = with_flags(words, error.flags)
    if mended == list(words) or not is_typable(command, mended):
        return error.fix
    return "warmstart " + shlex.join(mended)


def stopped_line(run: Path | None) -> str:
    """That a command was stopped, and how its run is gone on with, if there is one."""
    go_on = "" if run is None else f" Go on with: {printable(resume_line(run))}"
    return f"Stopped.{go_on}"


def resume_line(run: Path) -> str:
    """What to type to go on with a run."""
    return "warmstart " + shlex.join(["train", "--resume", str(run)])
