"""Backbones, ranked, as text of 80 columns."""

from collections.abc import Sequence
from textwrap import fill

from warmstart.cli.matrix import shortened
from warmstart.comparison.backbones import BackboneTrial, against_the_next
from warmstart.comparison.compare import Comparison

WIDTH = 80
NAME = 32  # columns for a backbone's name


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
        *(row_text(each.arch, cells(each)) for each in ranking),
    ]
    lines += [fill(f"left out: {name}: {reason}", WIDTH) for name, reason in failures]
    return "\n".join(lines)


def cells(each: BackboneTrial) -> list[str]:
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
    return shortened(name, NAME).ljust(NAME) + numbers


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
        fill(f"{upper.arch} better than {lower.arch}? {answer(found)}", WIDTH)
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


def answer(found: Comparison) -> str:
    """A comparison in a few words."""
    return (
        f"{found.is_better}: {found.difference:+.4f} (95 % {found.low:+.4f} to {found.high:+.4f})"
    )
