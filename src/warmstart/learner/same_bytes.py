"""Pictures with the same bytes in two splits or under two labels: said, and trained on."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.checkup.duplicates import label_names, same_content
from warmstart.data.table import SPLITS, ImageTable


def same_bytes_notes(
    table: ImageTable, hashes_of: Callable[[NDArray[np.int64]], Sequence[bytes]]
) -> tuple[str, ...]:
    """How many there are, and the first pair of each kind.

    Args:
        table: All rows.
        hashes_of: Rows → a hash of each picture's bytes.
    """
    rows = np.concatenate([table.rows(split) for split in SPLITS])
    groups = [group for group in same_content(rows.tolist(), hashes_of(rows)) if len(group) > 1]
    found = (
        difference_note(table, groups, split_of, "in two splits: what trains also judges"),
        difference_note(table, groups, label_text, "under two labels"),
    )
    return tuple(text for text in found if text)


def difference_note(
    table: ImageTable,
    groups: Sequence[Sequence[int]],
    kind_of: Callable[[ImageTable, int], str],
    where: str,
) -> str:
    """What is to be said of groups whose rows differ in a kind; "" if there is none.

    Args:
        table: All rows.
        groups: Rows of one content each.
        kind_of: A row → its kind; "" has none, and differs from no other.
        where: The rows of such a group are.
    """
    pairs = []
    for group in groups:
        firsts: dict[str, int] = {}
        for row in group:
            firsts.setdefault(kind_of(table, row), row)
        firsts.pop("", None)
        if len(firsts) > 1:
            pairs.append(list(firsts.items())[:2])
    if not pairs:
        return ""
    first = " = ".join(f"{table.names[row]} ({kind})" for kind, row in pairs[0])
    number = f"{len(pairs)} picture{'s' if len(pairs) > 1 else ''}"
    return f"the same bytes are {where}, {number}, first: {first}; data.check() lists them"


def split_of(table: ImageTable, row: int) -> str:
    """Train, valid or test."""
    return str(table.splits[row])


def label_text(table: ImageTable, row: int) -> str:
    """The name of a row's label, or of all; "" where it has none."""
    return " and ".join(label_names(table, row))
