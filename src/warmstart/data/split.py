"""Which rows validate, where the data does not say."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import read_fields, real, whole


@dataclass(frozen=True)
class Draw:
    """How validation rows are drawn: a share of each class, and what the draw depends on.

    Args:
        valid_pct: Share of each class that validates, in (0, 1).
        seed: Another seed, other rows.
    """

    valid_pct: float = 0.2
    seed: int = 42

    def __post_init__(self) -> None:
        """Check both, with a SettingError."""
        read_fields(self, valid_pct=real(0.2, above=0, below=1), seed=whole())


DEFAULT_DRAW = Draw()


def draw_valid(
    names: Sequence[str],
    labels: NDArray[np.int64],
    groups: Sequence[str] | None,
    draw: Draw,
) -> NDArray[np.bool_]:
    """Choose the rows that validate.

    Every class keeps a row in training. One label per row: ``valid_pct`` of each class, rounded,
    at least one row of a class that has two. Many labels per row: ``valid_pct`` of all rows. A
    group is never parted, and shares are then met as nearly as whole groups allow.

    A row's turn is the hash of (seed, name), so the choice depends on neither the rows' order nor
    on a library's random numbers, and a few added files move few rows.

    Args:
        names: (N,) names of the rows.
        labels: (N,) labels or (N, K) of 0 and 1; no row may lack one.
        groups: (N,) names of groups, or None.
        draw: Share and seed.

    Returns:
        (N,) true for the rows that validate.
    """
    if groups is None and labels.ndim == 1:
        return draw_from_classes(names, labels, draw)
    if labels.ndim == 1:
        member = (labels[:, None] == np.unique(labels)).astype(np.int64)
        strata = member
    else:
        member, strata = labels, np.ones((len(labels), 1), np.int64)
    return draw_units(names if groups is None else groups, member, strata, draw)


def draw_from_classes(
    names: Sequence[str], labels: NDArray[np.int64], draw: Draw
) -> NDArray[np.bool_]:
    """The first ``valid_pct`` of each class, by turn."""
    chosen = np.zeros(len(names), bool)
    for label in np.unique(labels):
        members = sorted(
            np.flatnonzero(labels == label).tolist(), key=lambda row: turn(names[row], draw.seed)
        )
        chosen[members[: num_drawn(len(members), draw.valid_pct)]] = True
    return chosen


def draw_units(
    units: Sequence[str],
    member: NDArray[np.int64],
    strata: NDArray[np.int64],
    draw: Draw,
) -> NDArray[np.bool_]:
    """Take whole units, by turn, while they bring the strata nearer to their shares.

    Args:
        units: (N,) the unit of each row.
        member: (N, K) the classes of each row; each must keep a row outside the choice.
        strata: (N, M) what is counted towards the shares.
        draw: Share and seed.

    Returns:
        (N,) true for the rows of chosen units.
    """
    keys, unit_of_row = np.unique(np.array(units, dtype=object), return_inverse=True)
    classes_of = np.zeros((len(keys), member.shape[1]), np.int64)
    counts_of = np.zeros((len(keys), strata.shape[1]), np.int64)
    np.add.at(classes_of, unit_of_row, member)
    np.add.at(counts_of, unit_of_row, strata)
    totals = strata.sum(axis=0)
    missing = np.array([num_drawn(int(total), draw.valid_pct) for total in totals], np.int64)
    left = member.sum(axis=0)
    chosen = np.zeros(len(keys), bool)
    for unit in sorted(range(len(keys)), key=lambda unit: turn(str(keys[unit]), draw.seed)):
        if not missing.clip(0).any():
            break
        after = missing - counts_of[unit]
        gain = ((np.abs(missing) - np.abs(after)) / np.maximum(totals, 1)).sum()
        has = classes_of[unit] > 0
        if gain > 0 and (left[has] > classes_of[unit][has]).all():
            chosen[unit], missing, left = True, after, left - classes_of[unit]
    return chosen[unit_of_row]


def num_drawn(number: int, valid_pct: float) -> int:
    """How many of ``number`` rows validate: at least one, never all; none of one."""
    return min(max(1, round(valid_pct * number)), max(number - 1, 0))


def turn(name: str, seed: int) -> bytes:
    """When a name's turn comes."""
    return hashlib.sha256(f"{seed}\n{name}".encode()).digest()
