"""A checkup as text of 80 columns: counts, then the first few of each kind."""

from collections.abc import Sequence
from textwrap import wrap

from warmstart.checkup.findings import Duplicates
from warmstart.checkup.found import Found
from warmstart.errors import printable

WIDTH, NUM_SHOWN = 80, 5
REFUSED = "what training refuses"  # few kinds, each of which stops it


def summary(found: Found) -> str:
    """Everything that a person should know before looking closer.

    Args:
        found: What there is.
    """
    sections = sections_of(found)
    splits = ", ".join(f"{number} {split}" for split, number in found.num_rows.items() if number)
    lines = [f"{sum(found.num_rows.values())} pictures ({splits})"]
    lines += [f"{len(items):>6}  {title}" for title, items in sections if items]
    if not any(items for _, items in sections):
        lines.append("nothing was found")
    lines.append(f"The crop leaves out {found.crop.mean_share:.0%} of the pixels on average.")
    for title, items in sections:
        if items:
            lines += ["", f"{title[0].upper()}{title[1:]}:"]
            most = len(items) if title == REFUSED else NUM_SHOWN
            lines += [line for item in items[:most] for line in folded(item)]
            if len(items) > most:
                lines.append(f"  and {len(items) - most} more")
    if found.notes:
        lines += [
            "",
            *(line for note in found.notes for line in wrap(f"note: {printable(note)}", WIDTH)),
        ]
    return "\n".join(lines)


def sections_of(found: Found) -> list[tuple[str, list[str]]]:
    """Titles, and a line for each finding."""
    exact = [group for group in found.exact_duplicates if not group.crosses_splits]
    near = [group for group in found.near_duplicates if not group.crosses_splits]
    left_out: dict[str, list[str]] = {}
    for item in found.left_out:
        left_out.setdefault(f"left out, {item.reason}", []).append(item.name)
    return [
        (REFUSED, list(found.faults)),
        (
            "files that cannot be read",
            [f"{item.name}: {item.reason}" for item in found.unreadable],
        ),
        ("pictures that are in two splits", in_lines(found.leaks)),
        ("pictures with two labels", in_lines(found.contradictions)),
        ("exact duplicates within a split", in_lines(exact)),
        ("near duplicates within a split", in_lines(near)),
        (
            "labels that look wrong",
            [
                f"{row.name}: called {row.label}, looks like {row.suggestion} ({row.margin:.2f})"
                for row in found.mislabelled
            ],
        ),
        (
            "pictures in odd colours",
            [f"{item.name}: {item.reason}" for item in found.odd_modes],
        ),
        (
            "tiny or huge pictures",
            [f"{item.name}: {item.reason}" for item in found.odd_sizes],
        ),
        (
            "classes with too few pictures",
            [f"{item.name}: {item.num_train} in train; {item.reason}" for item in
             found.small_classes],
        ),
        (
            "pictures that lose more than half their pixels to the crop",
            [f"{name}: {share:.0%}" for name, share in found.crop.worst],
        ),
        *left_out.items(),
    ]  # fmt: skip


def in_lines(several: Sequence[Duplicates]) -> list[str]:
    """Each set of duplicates as names with their splits and labels."""
    return [
        ("same bytes: " if group.is_exact else f"alike ({group.similarity:.3f}): ")
        + " = ".join(
            f"{member.name} ({' '.join([member.split, *member.labels])})"
            for member in group.members
        )
        for group in several
    ]


def folded(item: str) -> list[str]:
    """A finding within 80 columns; a name is never broken, so that it can be copied."""
    return wrap(
        printable(item),
        WIDTH,
        initial_indent="  ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )
