"""Rows that show the same picture: equal bytes, or equal to the eye.

Pairs whose activations point the same way are looked at small and grey.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warmstart.checkup.findings import Duplicates, Member
from warmstart.data.table import ImageTable
from warmstart.terminal.waiting import waiting

LEAST_SIMILARITY = (
    0.6  # of activations; chosen with the next on seeds 100 and 101 of planted_faults.py
)
LEAST_LIKENESS = 0.94  # of thumbnails
PAIRS_AT_ONCE = 512  # whose thumbnails are held


@runtime_checkable
class RowsInParts(Protocol):
    """(N, D) numbers, of which parts can be had: an array, or rows that are stored."""

    def __len__(self) -> int:
        """N."""

    def __getitem__(self, some: slice | NDArray[np.int64], /) -> NDArray[Any]:
        """Some of the rows."""


ThumbnailsOf = Callable[[Sequence[int]], dict[int, NDArray[np.float32]]]
"""Rows → their thumbnails; those that cannot be read are left out."""
PAIR_ROWS = 256  # rows against a block of others
BLOCK_ROWS = 4096  # of which two are in memory: 5 kB a row, thrice
MOST_PER_ROW = 8  # neighbours; a film's frames would otherwise give N² pairs
DENSE = 0.02  # of all pairs: above, the nearest are sought before they are listed
GREY_SIDE = 16
MOST_CROPPED = 0.1  # of width and height: how much one may be cropped more than the other
WINDOW_STEPS = (
    5  # windows tried along each axis; with 3, fine textures were missed (planted_faults.py)
)


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


def groups_of_content(
    contents: NDArray[np.uint8], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[list[int]]]:
    """Likewise of very many rows: one row of each content, and the groups of several.

    Args:
        contents: (N, 32) a hash of each.
        rows: (N,) positions, ascending.

    Returns:
        (M,) the first row of each content; and the rows of those that several have. Both in order.
    """
    words = np.ascontiguousarray(contents).view(np.uint64)
    order = np.lexsort(words.T)  # which keeps the order of equal ones
    is_new = np.ones(len(order), bool)
    is_new[1:] = (words[order[1:]] != words[order[:-1]]).any(axis=1)
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], len(order))
    several = np.flatnonzero(ends - starts > 1)
    groups = [rows[order[starts[i] : ends[i]]].tolist() for i in several.tolist()]
    return np.sort(rows[order[starts]]), sorted(groups)


def same_to_the_eye(
    firsts: Sequence[int] | NDArray[np.int64], activations: RowsInParts, thumbnails_of: ThumbnailsOf
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
        some = [
            (int(firsts[i]), int(firsts[j]))
            for i, j in pairs[start : start + PAIRS_AT_ONCE].tolist()
        ]
        small = thumbnails_of(sorted({row for pair in some for row in pair}))
        for first, second in some:
            if first in small and second in small:
                alike = similarity(small[first], small[second])
                if alike >= LEAST_LIKENESS:
                    found.append((first, second, alike))
    return found


def duplicates_of(
    table: ImageTable, groups: Sequence[list[int]], pairs: Sequence[tuple[int, int, float]]
) -> tuple[Duplicates, ...]:
    """Findings by name: equal bytes first, then pairs that look alike, the most alike first.

    Args:
        table: Whose rows.
        groups: Rows of equal bytes; rows that no other has the bytes of may be left out.
        pairs: Rows that look alike, one for each content; its copies are in the finding too.
    """
    exact = [
        Duplicates(members_of(table, rows), 1.0, is_exact=True) for rows in groups if len(rows) > 1
    ]
    copies = {rows[0]: rows for rows in groups}
    near = [
        Duplicates(
            members_of(table, copies.get(first, [first]) + copies.get(second, [second])),
            alike,
            is_exact=False,
        )
        for first, second, alike in sorted(pairs, key=lambda pair: (-pair[2], pair[:2]))
    ]
    return (*exact, *near)


def members_of(table: ImageTable, rows: Sequence[int]) -> tuple[Member, ...]:
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
    rows: NDArray[np.int64],
    groups: Sequence[list[int]],
    pairs: Sequence[tuple[int, int, float]],
    stated: Sequence[str] | None,
) -> NDArray[np.int64]:
    """What must stay in one fold: duplicates, and rows of one stated group, however they chain.

    Args:
        rows: (N,) those that are dealt to folds.
        groups: Rows of equal bytes.
        pairs: Rows that look alike.
        stated: Of every row of the table, the group that the user gave it.

    Returns:
        (N,) numbers of units.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = [(group[0], other) for group in groups for other in group[1:]]
    links += [(first, second) for first, second, _ in pairs]
    if stated is not None:
        first_of: dict[str, int] = {}
        links += [(first_of.setdefault(stated[row], row), row) for row in rows.tolist()]
    ends = np.array(links, np.int64).reshape(-1, 2)
    size = max(int(rows.max(initial=-1)), int(ends.max(initial=-1))) + 1
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
    _, unit_of = connected_components(graph, directed=False)
    return np.asarray(unit_of[rows], np.int64)


def mean_row(activations: RowsInParts) -> NDArray[np.float32]:
    """(D,) the mean of all rows: what all pictures share says nothing.

    Args:
        activations: (N, D).
    """
    total: NDArray[np.float64] | float = 0.0
    for start in range(0, len(activations), BLOCK_ROWS):
        total = total + activations[start : start + BLOCK_ROWS].sum(axis=0, dtype=np.float64)
    return np.asarray(total / max(len(activations), 1), np.float32)


def unit_rows(activations: NDArray[np.floating], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length 1 about the mean of all.

    Args:
        activations: (n, D).
        mean: (D,).
    """
    rows = activations.astype(np.float32)
    rows -= mean
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return rows


def near_pairs(
    activations: RowsInParts, threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Every pair above a similarity, of each row the nearest few of those behind it.

    Each row is compared with each; of all rows two blocks are in memory.

    Args:
        activations: (N, D).
        threshold: Cosine similarity about the mean, in [-1, 1].

    Returns:
        (P, 2) positions, the smaller first, in order; and (P,) similarities.
    """
    number, mean = len(activations), mean_row(activations)
    pairs = [np.empty((0, 2), np.int64)]
    values = [np.empty(0, np.float32)]
    with waiting("comparing pictures", number, "images") as wait:
        for start in range(0, number, BLOCK_ROWS):
            rows = unit_rows(activations[start : start + BLOCK_ROWS], mean)
            near, alike = pairs[0], values[0]
            for other in range(start, number, BLOCK_ROWS):
                others = rows
                if other > start:
                    others = unit_rows(activations[other : other + BLOCK_ROWS], mean)
                more, found = pairs_of_blocks(rows, others, start, other, threshold)
                near, alike = nearest_pairs(
                    np.concatenate([near, more]), np.concatenate([alike, found])
                )
            pairs.append(near)
            values.append(alike)
            wait.advance(len(rows))
    both, similarity = np.concatenate(pairs), np.concatenate(values)
    order = np.lexsort((both[:, 1], both[:, 0]))
    return both[order], similarity[order]


def pairs_of_blocks(
    rows: NDArray[np.float32],
    others: NDArray[np.float32],
    start: int,
    other: int,
    threshold: float,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Pairs of a row and one behind it that are alike, at most MOST_PER_ROW of each row.

    Args:
        rows: (n, D) of length 1.
        others: (m, D) likewise.
        start: The position of the first row.
        other: Of the first of the others.
        threshold: As in ``near_pairs``.
    """
    pairs = [np.empty((0, 2), np.int64)]
    values = [np.empty(0, np.float32)]
    for begin in range(0, len(rows), PAIR_ROWS):
        behind = begin if other == start else 0  # none before this row is behind it
        alike = rows[begin : begin + PAIR_ROWS] @ others[behind:].T
        if other == start:
            alike[np.tril_indices(len(alike), 0, alike.shape[1])] = -2.0
        is_near = alike >= threshold
        if is_near.sum() > DENSE * is_near.size:  # a film's frames: sorting all pairs takes long
            last = max(0, alike.shape[1] - MOST_PER_ROW)
            too_far = np.argpartition(alike, last, axis=1)[:, :last]
            np.put_along_axis(is_near, too_far, values=False, axis=1)
        first, place = np.nonzero(is_near)
        found = np.stack([first + start + begin, place + other + behind], axis=1)
        near, value = nearest_pairs(found.astype(np.int64), alike[first, place])
        pairs.append(near)
        values.append(value)
    return np.concatenate(pairs), np.concatenate(values)


def nearest_pairs(
    pairs: NDArray[np.int64], values: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Of each first row the MOST_PER_ROW pairs that are most alike."""
    order = np.lexsort((pairs[:, 1], -values, pairs[:, 0]))
    first = pairs[order, 0]
    rank = np.arange(len(first)) - np.searchsorted(first, first)  # within its row
    kept = order[rank < MOST_PER_ROW]
    return pairs[kept], values[kept]


def thumbnails(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The whole picture, and windows of it, small and grey.

    Args:
        pixels: (H, W, 3).

    Returns:
        (1 + windows, GREY_SIDE²), each of mean 0 and length 1; the whole picture is first.
    """
    grey = Image.fromarray(pixels).convert("L")
    boxes = [(0.0, 0.0, float(grey.width), float(grey.height))]
    for cropped in (MOST_CROPPED / 2, MOST_CROPPED):
        for down in np.linspace(0, cropped, WINDOW_STEPS):
            for across in np.linspace(0, cropped, WINDOW_STEPS):
                left, top = across * grey.width, down * grey.height
                width, height = (1 - cropped) * grey.width, (1 - cropped) * grey.height
                boxes.append((left, top, left + width, top + height))
    small = [
        np.asarray(
            grey.resize((GREY_SIDE, GREY_SIDE), Image.Resampling.BOX, box=box), np.float32
        ).ravel()
        for box in boxes
    ]
    rows = np.stack(small)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return rows


def similarity(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The best correlation of one picture, whole, with the other, whole or a little cropped.

    Args:
        first: From ``thumbnails``.
        second: Likewise.

    Returns:
        In [-1, 1].
    """
    return float(max((first[0] @ second.T).max(), (first @ second[0]).max()))
