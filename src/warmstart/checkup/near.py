"""Pairs of rows whose activations point the same way."""

import numpy as np
from numpy.typing import NDArray

BLOCK = 256  # rows against all later ones: at 50,000 rows 50 MB, and twice that to sort them
MOST_PER_ROW = 8  # neighbours; a film's frames would otherwise give N² pairs


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
    for start in range(0, len(rows), BLOCK):
        alike = rows[start : start + BLOCK] @ rows[start:].T
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
