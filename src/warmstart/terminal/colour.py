"""Colour where there is a terminal, plain text where there is none.

A terminal is a stream that says so, unless NO_COLOR is set (https://no-color.org) or TERM is
"dumb": Rich knows the rules.
"""

import sys
from typing import TextIO

TITLE, RESULT, BAD, DOUBTFUL, HINT = "dim", "bold", "bold red", "bold yellow", "bold cyan"


def say(*parts: tuple[str, str], stream: TextIO | None = None) -> None:
    """Print a line.

    Args:
        parts: (Text, style); an empty style is plain. The text is the same with colour or without.
        stream: Where it goes; None is the standard output of the moment.
    """
    out = sys.stdout if stream is None else stream
    if not out.isatty():
        print("".join(text for text, _ in parts), file=out, flush=True)
        return
    from rich.console import Console  # here: it need not load where nothing is coloured
    from rich.text import Text

    console = Console(file=out, highlight=False, soft_wrap=True)
    console.print(Text.assemble(*parts), soft_wrap=True)
