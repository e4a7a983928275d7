"""The `warmstart` command: which words there are, and how errors are told."""

import sys
import warnings
from collections.abc import Callable

import typer

from warmstart.cli import (
    cache,
    check,
    compare,
    compare_runs,
    demo,
    evaluate,
    lr_find,
    predict,
    show,
    train,
)
from warmstart.cli.expand import first_line
from warmstart.cli.mistakes import report
from warmstart.cli.report import report_run
from warmstart.cli.stop_signals import STOPPED_CODE, stop_signals
from warmstart.terminal.colour import DOUBTFUL, say
from warmstart.terminal.outputs import standing_outputs

app = typer.Typer(
    name="warmstart",
    help="Train a better image classifier from a model that already exists.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS: dict[str, Callable[..., None]] = {
    "check": check.check,
    "train": train.train,
    "predict": predict.predict,
    "evaluate": evaluate.evaluate,
    "compare-runs": compare_runs.compare_runs,
    "show": show.show,
    "lr-find": lr_find.lr_find,
    "compare": compare.compare,
    "report": report_run,
    "demo": demo.demo,
}
for name, command in COMMANDS.items():
    app.command(name, help=first_line(command))(command)
app.add_typer(cache.app, name="cache")


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 wrong data, 2 wrong usage, 130 Ctrl-C, 143 SIGTERM."""
    words = sys.argv[1:] if arguments is None else arguments
    stops_unread = words[:1] == ["predict"]  # its lines are all that it is for
    with (
        warnings.catch_warnings(),
        standing_outputs(stops_unread=stops_unread),
        stop_signals() as stop_code,
    ):
        # torch tells this of its own two kernels when it is first loaded; nobody can act on it
        warnings.filterwarnings("ignore", "(?s).*Overriding a previously registered kernel")
        warnings.showwarning = show_warning
        try:
            code = app(words, prog_name="warmstart", standalone_mode=False)
            sys.stdout.flush()
            if code == STOPPED_CODE:  # what typer makes of Ctrl-C
                report(KeyboardInterrupt(), words)
        except BaseException as error:  # noqa: BLE001 - the one place where errors become words
            code = report(error, words, typer.main.get_command(app))
        code = stop_code() if code == STOPPED_CODE else code
    sys.exit(code if isinstance(code, int) else 0)


def show_warning(message: Warning | str, *_where: object, **_more: object) -> None:
    """A warning as a line, without the place in the program that it comes from."""
    say(("Warning:", DOUBTFUL), (f" {message}", ""), is_error=True)
