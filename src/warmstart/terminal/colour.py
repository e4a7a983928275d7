"""Colour where there is a terminal, plain text where there is none.

A terminal is a stream that says so, unless NO_COLOR is set (https://no-color.org) or TERM is
"dumb": Rich knows the rules.
"""

import sys

from warmstart.errors import printable

TITLE, RESULT, BAD, DOUBTFUL, HINT = "dim", "bold", "bold red", "bold yellow", "bold cyan"


def print_styled(*parts: tuple[str, str], is_error: bool = False) -> None:
    """Print a line.

    Args:
        parts: (Text, style); an empty style is plain. The text is the same with colour or without.
        is_error: It goes to the standard error of the moment, else to the standard output.
    """
    parts = tuple((in_layout(text), style) for text, style in parts)
    out = sys.stderr if is_error else sys.stdout
    if not out.isatty():
        print("".join(text for text, _ in parts), file=out, flush=True)
        return
    from rich.console import Console  # here: it need not load where nothing is coloured
    from rich.text import Text

    console = Console(file=out, highlight=False, soft_wrap=True)
    console.print(Text.assemble(*parts), soft_wrap=True)


def show_lines(text: object = "", *, is_error: bool = False, flush: bool = True) -> None:
    """Print lines as they are but for signs that a terminal would obey.

    Args:
        text: Its line feeds and tabs are layout: those of a name are escaped where it enters.
        is_error: As for ``print_styled``.
        flush: It is seen at once.
    """
    print(in_layout(str(text)), file=sys.stderr if is_error else sys.stdout, flush=flush)


def in_layout(text: str) -> str:
    """A text without signs that a terminal would obey; line feeds and tabs stay."""
    lines = (line.split("\t") for line in text.split("\n"))
    return "\n".join("\t".join(map(printable, cells)) for cells in lines)


def notify(text: str, *, quiet: bool = False) -> None:
    """Tell on the standard error what a person should know and has not asked for.

    Args:
        text: One sentence or two, without "note:".
        quiet: Do not.
    """
    if not quiet:
        print_styled((f"note: {printable(text)}", ""), is_error=True)
