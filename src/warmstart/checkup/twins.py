"""Rows that show the same picture: equal bytes, or equal to the eye."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.checkup.findings import Member, Twins
from warmstart.checkup.near import near_pairs
from warmstart.checkup.thumbnails import likeness
from warmstart.data.table import ImageTable

LEAST_SIMILARITY = (
    0.6  # of activations; chosen with the next on seeds 100 and 101 of planted_faults.py
)
LEAST_LIKENESS = 0.94  # of thumbnails
PAIRS_AT_ONCE = 512  # whose thumbnails are held

ThumbnailsOf = Callable[[Sequence[int]], dict[int, NDArray[np.float32]]]
"""Rows → their thumbnails; those that cannot be read are left out."""


def same_content(rows: Sequence[int], contents: Sequence[bytes]) -> list[list[int]]:
    """Rows by content, in order of the first; most groups have one row.

    Args:
        rows: (N,) positions.
        contents: (N,) a hash of each.
    """
    groups: dict[bytes, list[int]] = defaultdict(list)
    for row, content in zip(rows, contents, strict=True):
        groups[content].append(row)
    return list(groups.values())


def same_to_the_eye(
    firsts: Sequence[int], activations: NDArray[np.floating], thumbnails_of: ThumbnailsOf
) -> list[tuple[int, int, float]]:
    """Pairs of rows with like activations whose thumbnails agree.

    Activations alone also find two pictures of one scene; thumbnails say whether it is one picture.

    Args:
        firsts: (N,) one row of each content.
        activations: (N, D).
        thumbnails_of: Asked about the rows of pairs only.

    Returns:
        Two rows and their likeness, in order of the first.
    """
    pairs, _ = near_pairs(activations, LEAST_SIMILARITY)
    found = []
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        some = [(firsts[i], firsts[j]) for i, j in pairs[start : start + PAIRS_AT_ONCE].tolist()]
        small = thumbnails_of(sorted({row for pair in some for row in pair}))
        for first, second in some:
            if first in small and second in small:
                alike = likeness(small[first], small[second])
                if alike >= LEAST_LIKENESS:
                    found.append((first, second, alike))
    return found


def as_twins(
    table: ImageTable, groups: Sequence[list[int]], pairs: Sequence[tuple[int, int, float]]
) -> tuple[Twins, ...]:
    """Findings by name: equal bytes first, then pairs that look alike, the most alike first.

    Args:
        table: Whose rows.
        groups: Rows of equal bytes.
        pairs: Rows that look alike, one for each content; its copies are in the finding too.
    """
    exact = [Twins(members(table, rows), 1.0, is_exact=True) for rows in groups if len(rows) > 1]
    copies = {rows[0]: rows for rows in groups}
    near = [
        Twins(members(table, copies[first] + copies[second]), alike, is_exact=False)
        for first, second, alike in sorted(pairs, key=lambda pair: (-pair[2], pair[:2]))
    ]
    return (*exact, *near)


def members(table: ImageTable, rows: Sequence[int]) -> tuple[Member, ...]:
    """Rows with names of their classes."""
    return tuple(
        Member(table.names[row], str(table.splits[row]), label_names(table, row)) for row in rows
    )


def label_names(table: ImageTable, row: int) -> tuple[str, ...]:
    """Names of a row's classes; empty if it has no label."""
    label = table.labels[row]
    numbers = np.flatnonzero(label == 1) if table.is_multi_label else label[label >= 0].reshape(-1)
    return tuple(table.classes[number] for number in numbers)


def units(
    rows: Sequence[int],
    groups: Sequence[list[int]],
    pairs: Sequence[tuple[int, int, float]],
    stated: Sequence[str] | None,
) -> list[str]:
    """What must stay in one fold: twins, and rows of one stated group, however they chain.

    Args:
        rows: (N,) those that are dealt to folds.
        groups: Rows of equal bytes.
        pairs: Rows that look alike.
        stated: Of every row of the table, the group that the user gave it.

    Returns:
        (N,) names of units.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = [(group[0], other) for group in groups for other in group[1:]]
    links += [(first, second) for first, second, _ in pairs]
    if stated is not None:
        first_of: dict[str, int] = {}
        links += [(first_of.setdefault(stated[row], row), row) for row in rows]
    ends = np.array(links, np.int64).reshape(-1, 2)
    size = max([*rows, *ends.ravel().tolist()], default=-1) + 1
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
    _, unit_of = connected_components(graph, directed=False)
    return [str(unit_of[row]) for row in rows]
