"""The `warmstart` command: which words there are, and how errors are told."""

import sys

import typer

from warmstart.cli import cache, demo, lr_find, predict, train
from warmstart.cli.mistakes import report

app = typer.Typer(
    name="warmstart",
    help="Train a better image classifier from a model that already exists.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("train")(train.train)
app.command("predict")(predict.predict)
app.command("evaluate")(predict.evaluate)
app.command("lr-find")(lr_find.lr_find)
app.command("demo")(demo.demo)
app.add_typer(cache.app, name="cache")


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 wrong data, 2 wrong usage, 130 stopped by Ctrl-C."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(words, standalone_mode=False)
    except BaseException as error:  # noqa: BLE001 - the one place where errors become words
        code = report(error, words)
    sys.exit(code if isinstance(code, int) else 0)
