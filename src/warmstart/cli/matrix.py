"""The confusion matrix as text that fits a terminal."""

from warmstart.errors import printable
from warmstart.results.confusion import ConfusionMatrix

NARROWEST = 5  # columns of text, below which names say nothing
LONGEST_NAME = 20


def matrix_text(matrix: ConfusionMatrix, num_columns: int) -> str | None:
    """The counts with a row per true class and a column per predicted one.

    Args:
        matrix: The counts.
        num_columns: How wide the terminal is.

    Returns:
        The table, names shortened where it must be; None where there are too many classes.
    """
    names = [shortened(name, LONGEST_NAME) for name in matrix.classes]
    first = max(len("true"), *map(len, names))
    longest = len(str(matrix.counts.max()))
    widest = max(longest, *map(len, names)) + 2
    width = min(widest, (num_columns - first) // len(names))
    if width < min(widest, max(NARROWEST, longest + 2)):
        return None
    titles = [shortened(name, width - 1) for name in names]
    lines = ["true".ljust(first) + "  predicted"]
    lines.append(" " * first + "".join(title.rjust(width) for title in titles))
    for name, row in zip(names, matrix.counts, strict=True):
        lines.append(name.ljust(first) + "".join(str(count).rjust(width) for count in row))
    return "\n".join(lines)


def shortened(name: str, most: int) -> str:
    """A name of at most so many characters, its middle left out if it is longer."""
    name = printable(name)
    if len(name) <= most:
        return name
    end = (most - 1) // 2
    return name[: most - 1 - end] + "…" + (name[-end:] if end else "")
