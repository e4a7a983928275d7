"""Rows that show the same picture: equal bytes, or equal to the eye.

Pairs whose activations point the same way are looked at small and grey.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warmstart.checkup.findings import Duplicates, Member
from warmstart.data.table import ImageTable

LEAST_SIMILARITY = (
    0.6  # of activations; chosen with the next on seeds 100 and 101 of planted_faults.py
)
LEAST_LIKENESS = 0.94  # of thumbnails
PAIRS_AT_ONCE = 512  # whose thumbnails are held

ThumbnailsOf = Callable[[Sequence[int]], dict[int, NDArray[np.float32]]]
"""Rows → their thumbnails; those that cannot be read are left out."""
PAIR_ROWS = 256  # rows against all later ones: at 50,000 rows 50 MB, and twice that to sort them
MOST_PER_ROW = 8  # neighbours; a film's frames would otherwise give N² pairs
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
        groups: Rows of equal bytes.
        pairs: Rows that look alike, one for each content; its copies are in the finding too.
    """
    exact = [
        Duplicates(members_of(table, rows), 1.0, is_exact=True) for rows in groups if len(rows) > 1
    ]
    copies = {rows[0]: rows for rows in groups}
    near = [
        Duplicates(members_of(table, copies[first] + copies[second]), alike, is_exact=False)
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
    rows: Sequence[int],
    groups: Sequence[list[int]],
    pairs: Sequence[tuple[int, int, float]],
    stated: Sequence[str] | None,
) -> list[str]:
    """What must stay in one fold: duplicates, and rows of one stated group, however they chain.

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


def unit_rows(activations: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows of length 1 about the mean of all: what all pictures share says nothing.

    Args:
        activations: (N, D).
    """
    rows = activations.astype(np.float32)
    rows -= rows.mean(axis=0)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return rows


def near_pairs(
    activations: NDArray[np.floating], threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Every pair above a similarity, of each row the nearest few.

    Args:
        activations: (N, D).
        threshold: Cosine similarity about the mean, in [-1, 1].

    Returns:
        (P, 2) positions, the smaller first, in order; and (P,) similarities.
    """
    rows = unit_rows(activations) if len(activations) else activations
    pairs = [np.empty((0, 2), np.int64)]
    values = [np.empty(0, np.float32)]
    for start in range(0, len(rows), PAIR_ROWS):
        alike = rows[start : start + PAIR_ROWS] @ rows[start:].T
        alike[np.tril_indices(len(alike), 0, alike.shape[1])] = -2.0
        num_kept = min(MOST_PER_ROW, alike.shape[1])
        nearest = np.argpartition(-alike, num_kept - 1, axis=1)[:, :num_kept]
        found = np.take_along_axis(alike, nearest, axis=1)
        first, place = np.nonzero(found >= threshold)
        pairs.append(np.stack([first + start, nearest[first, place] + start], axis=1))
        values.append(found[first, place])
    both, similarity = np.concatenate(pairs), np.concatenate(values)
    order = np.lexsort((both[:, 1], both[:, 0]))
    return both[order], similarity[order]


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
