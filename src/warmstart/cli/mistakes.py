"""Errors as a shell user reads them: what, what was expected, and a line to type."""

import shlex
import sys
from collections.abc import Sequence

import typer

from warmstart.errors import DataError, ModelFolderError, WarmstartError

UsageError = typer.BadParameter.__mro__[1]


def report(error: BaseException, words: Sequence[str]) -> int:
    """Print an error to stderr.

    Args:
        error: What was raised.
        words: The command line after `warmstart`.

    Returns:
        The exit code: 1 wrong data, 2 wrong usage, 130 Ctrl-C. What is no mistake of the user's is
        raised again, so that its traceback is seen.
    """
    if isinstance(error, (typer.Exit, SystemExit)):
        return int(getattr(error, "exit_code", getattr(error, "code", 0)) or 0)
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        print("\nStopped.", file=sys.stderr)
        return 130
    if isinstance(error, WarmstartError):
        fix = error.fix
        if error.flags:
            fix = "warmstart " + shlex.join(with_flags(words, error.flags))
        print(f"Error: {error.what}\nExpected: {error.expected}\nFix: {fix}", file=sys.stderr)
        return 1 if isinstance(error, (DataError, ModelFolderError)) else 2
    if isinstance(error, Exception) and isinstance(error, UsageError):
        print(usage_message(error, words), file=sys.stderr)
        return 2
    raise error


def with_flags(words: Sequence[str], flags: Sequence[str]) -> list[str]:
    """The command line with one flag set: replaced where it was given, else at the end.

    Args:
        words: What was typed.
        flags: A flag alone, a flag and its value, or the old and the new form of an argument as
            ("=", old, new).
    """
    if flags[0] == "=":
        return [flags[2] if word == flags[1] else word for word in words]
    out = list(words)
    if flags[0] in out and len(flags) == 2:
        out[out.index(flags[0]) + 1] = flags[1]
        return out
    kept = [word for word in out if not (len(flags) == 2 and word.startswith(flags[0] + "="))]
    return [*kept, *flags]


def usage_message(error: Exception, words: Sequence[str]) -> str:
    """A wrong option, command or value, in three lines."""
    what = error.format_message()  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "warmstart"
    near = getattr(error, "possibilities", None)
    wrong = getattr(error, "option_name", None)
    fix = f"{command} --help"
    if near and wrong:
        fix = "warmstart " + shlex.join([near[0] if word == wrong else word for word in words])
    elif " Did you mean " in what:
        wrong, right = what.split("'")[1], what.split("Did you mean ")[1].strip(" ?'\"")
        fix = "warmstart " + shlex.join([right if word == wrong else word for word in words])
    usage = context.get_usage() if context is not None else "warmstart COMMAND"
    return f"Error: {what}\nExpected: {usage.removeprefix('Usage: ')}\nFix: {fix}"
