"""Many things in one line of text."""

from collections.abc import Sequence

NUM_LISTED = 5  # of many, enough to see what they have in common


def first_few(items: Sequence[str]) -> str:
    """The first of ``items``, for an error or a note, and how many more there are."""
    more = len(items) - NUM_LISTED
    return "; ".join(items[:NUM_LISTED]) + (f"; and {more} more" if more > 0 else "")
