"""The `warmstart` command: which words there are, and how errors are told."""

import atexit
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from warmstart.cli.commands import (
    cache,
    check,
    compare,
    compare_runs,
    demo,
    evaluate,
    export,
    lr_find,
    predict,
    report,
    review,
    serve,
    show,
    train,
)
from warmstart.cli.commands.options import first_line
from warmstart.cli.run.config import BEGAN
from warmstart.cli.run.importing import load_beside, map_torch
from warmstart.cli.text.errors import STOPPED_CODE, report_error
from warmstart.cli.text.first_speaks import check_word, only_first_speaks, speaking
from warmstart.cli.text.stopping import answered_stops
from warmstart.terminal.colour import DOUBTFUL, print_styled, show_lines
from warmstart.terminal.outputs import standing_outputs
from warmstart.terminal.waiting import waiting

TRAINS = {"train", "lr-find"}  # commands that need torch whatever else they are told
STOPS = ("SIGTERM", "SIGHUP")  # of a scheduler, a shutdown; a terminal that closes

app = typer.Typer(
    name="warmstart",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS: dict[str, Callable[..., None]] = {
    "check": check.check_command,
    "train": train.train_command,
    "predict": predict.predict_command,
    "evaluate": evaluate.evaluate_command,
    "export": export.export_command,
    "compare-runs": compare_runs.compare_runs_command,
    "show": show.show_command,
    "lr-find": lr_find.lr_find_command,
    "compare": compare.compare_command,
    "report": report.report_command,
    "review": review.review_command,
    "serve": serve.serve_command,
    "demo": demo.demo_command,
}


def show_version(is_asked: bool) -> bool:
    """Print the version and end, if it was asked for.

    Raises:
        Exit: it was.
    """
    if is_asked:
        show_lines(f"warmstart {version('warmstart')}")
        raise typer.Exit
    return is_asked


@app.callback(help="Train a better image classifier from a model that already exists.")
def options_of_all(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and exit.",
            is_eager=True,
            callback=show_version,
            show_default=False,
        ),
    ] = False,
) -> None:
    """Take what stands before the word of a command."""


for name, command in COMMANDS.items():
    app.command(name, help=first_line(command))(command)
app.add_typer(cache.app, name="cache")


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 wrong data, 2 wrong usage, 130 Ctrl-C, 143 SIGTERM."""
    if arguments is not None:  # else the command begins with its process
        BEGAN.set(time.perf_counter())
    words = sys.argv[1:] if arguments is None else arguments
    if arguments is None and words[1:] and words[0] in TRAINS and "--help" not in words:
        load_beside(map_torch)
    stops_unread = words[:1] == ["predict"]  # its lines are all that it is for
    with (
        warnings.catch_warnings(),
        standing_outputs(stops_unread=stops_unread),
        only_first_speaks() as launch,
        stop_signals() as stop_code,
        answered_stops(ends_process=arguments is None) as answers,
        waiting(" ".join(["warmstart", *words[:1]])),
    ):
        # torch tells this of its own two kernels when it is first loaded; nobody can act on it
        warnings.filterwarnings("ignore", "(?s).*Overriding a previously registered kernel")
        warnings.showwarning = show_warning
        try:
            check_word(words)
            code = app(words, prog_name="warmstart", standalone_mode=False)
            sys.stdout.flush()
            answers.is_over = True
            ignore_stops(ends_process=arguments is None)
            if code == STOPPED_CODE:  # what typer makes of Ctrl-C
                report_error(KeyboardInterrupt(), words)
        except BaseException as error:  # noqa: BLE001 - the one place where errors become words
            answers.is_over = True
            ignore_stops(ends_process=arguments is None)
            with speaking(launch, error):
                code = report_error(error, words, typer.main.get_command(app))
        code = stop_code() if code == STOPPED_CODE else code
    code = code if isinstance(code, int) else 0
    if arguments is None:
        end_process(code)
    sys.exit(code)


def ignore_stops(*, ends_process: bool) -> None:
    """Let no stop interrupt the end: torchrun sends one to whoever ends because another died.

    Args:
        ends_process: The process ends with the command.
    """
    if ends_process and threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", *STOPS):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)


def end_process(code: int) -> NoReturn:
    """End as ``sys.exit`` does, without the seconds in which torch and OpenVINO are taken apart.

    Args:
        code: For whoever started it.
    """
    atexit._run_exitfuncs()  # as Python does it: temporary folders go, what was begun is written
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def show_warning(message: Warning | str, *_where: object, **_more: object) -> None:
    """A warning as a line, without the place in the program that it comes from."""
    print_styled(("Warning:", DOUBTFUL), (f" {message}", ""), is_error=True)


@contextmanager
def stop_signals() -> Iterator[Callable[[], int]]:
    """Give a function that says with which code to end: 128 and the number of the signal.

    A signal that is ignored, as nohup asks for, stays so.
    """
    received = [signal.SIGINT]

    def stop(number: int, frame: object) -> None:
        received.append(signal.Signals(number))
        as_interrupt = signal.getsignal(signal.SIGINT)  # a fit's own waits for the end of its step
        if not callable(as_interrupt):  # ignored, as in the background of a script
            raise KeyboardInterrupt
        as_interrupt(signal.SIGINT, frame)  # type: ignore[arg-type]

    names = [name for name in STOPS if hasattr(signal, name)]
    numbers = [getattr(signal, name) for name in names]
    is_main = threading.current_thread() is threading.main_thread()
    ours = [n for n in numbers if is_main and signal.getsignal(n) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, stop)
    try:
        yield lambda: 128 + received[-1]
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
