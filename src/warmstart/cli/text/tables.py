"""Tables of text: the confusion matrix, and backbones by rank."""

from collections.abc import Sequence
from textwrap import fill

from rich.cells import cell_len

from warmstart.comparison.backbones import BackboneTrial, against_the_next
from warmstart.comparison.compare import Comparison
from warmstart.errors import printable
from warmstart.results.confusion import ConfusionMatrix

NARROWEST = 5  # columns of text, below which names say nothing
LONGEST_NAME = 20
WIDTH = 80
NAME = 32  # columns for a backbone's name


def matrix_text(matrix: ConfusionMatrix, num_columns: int) -> str | None:
    """The counts with a row per true class and a column per predicted one.

    Args:
        matrix: The counts.
        num_columns: How wide the terminal is.

    Returns:
        The table, names shortened where it must be; None where there are too many classes.
    """
    names = [shorten_name(name, LONGEST_NAME) for name in matrix.classes]
    first = max(len("true"), *map(cell_len, names))
    longest = len(str(matrix.counts.max()))
    widest = max(longest, *map(cell_len, names)) + 2
    width = min(widest, (num_columns - first) // len(names))
    if width < min(widest, max(NARROWEST, longest + 2)):
        return None
    titles = [shorten_name(name, width - 1) for name in names]
    lines = ["true".ljust(first) + "  predicted"]
    lines.append(" " * first + "".join(padding(title, width) + title for title in titles))
    for name, row in zip(names, matrix.counts, strict=True):
        lines.append(
            name + padding(name, first) + "".join(str(count).rjust(width) for count in row)
        )
    return "\n".join(lines)


def shorten_name(name: str, most: int) -> str:
    """A name of at most so many columns, its middle left out if it is longer."""
    name = printable(name)
    if cell_len(name) <= most:
        return name
    end = (most - 1) // 2
    return beginning(name, most - 1 - end) + "…" + beginning(name[::-1], end)[::-1]


def beginning(text: str, most: int) -> str:
    """As much of a text as so many columns hold."""
    while cell_len(text) > most:
        text = text[: most if len(text) > most else -1]
    return text


def padding(text: str, width: int) -> str:
    """The spaces that fill a text up to so many columns; Chinese signs take two each."""
    return " " * (width - cell_len(text))


def table_text(ranking: Sequence[BackboneTrial], failures: Sequence[tuple[str, str]]) -> str:
    """A line per backbone, the most accurate first; then those that could not be tried.

    Args:
        ranking: At least one.
        failures: Names and reasons.
    """
    num_rows = len(ranking[0].predictions.rows)
    titles = ["accuracy", "95 %", "s/1000", "MB", "kB/image"]
    lines = [
        f"accuracy on {num_rows} training images, each by a head trained without its fold;",
        "seconds per 1,000 images, weights in MB, one stored view of an image in kB",
        row_text("backbone", titles),
        *(row_text(each.arch, trial_cells(each)) for each in ranking),
    ]
    lines += [fill(f"left out: {name}: {reason}", WIDTH) for name, reason in failures]
    return "\n".join(lines)


def trial_cells(each: BackboneTrial) -> list[str]:
    """A backbone's figures."""
    low, high = each.predictions.accuracy_interval
    return [
        f"{each.predictions.accuracy:.4f}",
        f"{low:.3f}–{high:.3f}",
        f"{each.seconds_per_1000:.1f}",
        f"{each.weights_bytes / 1e6:.1f}",
        f"{each.row_bytes / 1e3:.1f}",
    ]


def row_text(name: str, columns: Sequence[str]) -> str:
    """One line of the table."""
    widths = (9, 13, 8, 8, 10)
    numbers = "".join(text.rjust(width) for text, width in zip(columns, widths, strict=True))
    shown = shorten_name(name, NAME)
    return shown + padding(shown, NAME) + numbers


def verdict_text(
    ranking: Sequence[BackboneTrial], chosen: BackboneTrial, equals: Sequence[BackboneTrial]
) -> str:
    """Whether each is better than the next, and which one to take.

    Args:
        ranking: The most accurate first.
        chosen: The one to take.
        equals: Those that it was chosen from.
    """
    lines = [
        fill(f"{upper.arch} better than {lower.arch}? {comparison_words(found)}", WIDTH)
        for upper, lower, found in zip(
            ranking, ranking[1:], against_the_next(ranking), strict=False
        )
    ]
    if len(equals) > 1:
        names = ", ".join(each.arch for each in equals)
        why = f"the fastest of those that the first is not shown to be better than ({names})"
    else:
        why = "the most accurate, and that is not chance" if lines else "the only one"
    return "\n".join([*lines, fill(f"take {chosen.arch}: {why}", WIDTH)])


def comparison_words(found: Comparison) -> str:
    """A comparison in a few words."""
    return (
        f"{found.is_better}: {found.difference:+.4f} (95 % {found.low:+.4f} to {found.high:+.4f})"
    )
