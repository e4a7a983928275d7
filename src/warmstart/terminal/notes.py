"""What a person should know and has not asked for."""

from warmstart.errors import printable
from warmstart.terminal.colour import say


def note(text: str, *, quiet: bool = False) -> None:
    """Say it on the standard error.

    Args:
        text: One sentence or two, without "note:".
        quiet: Do not.
    """
    if not quiet:
        say((f"note: {printable(text)}", ""), is_error=True)
