"""Which fold of a cross-validation each row is in."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.data.split import draw_key
from warmstart.errors import SettingError


def draw_folds(
    units: Sequence[str], labels: NDArray[np.int64], num_folds: int, *, seed: int = 42
) -> NDArray[np.int64]:
    """Deal whole units to folds so that each fold has its share of every class.

    Units of rare classes are dealt first, large ones before small, then by the hash of (seed,
    unit). Each goes where its classes are scarcest, then where there are fewest rows. Where every
    unit is one row of one class, the folds' numbers of rows of a class differ by at most one. What
    is drawn does not depend on the rows' order.

    Args:
        units: (N,) what must not be parted: the name of each row, of its group, or of its content.
        labels: (N,) labels, or (N, K) of 0 and 1; -1 where a row has none.
        num_folds: Number of folds, at least 2.
        seed: Another seed, other folds.

    Returns:
        (N,) from 0 to ``num_folds`` - 1; every fold has a row.
    """
    keys, unit_of_row = np.unique(np.array(units, dtype=object), return_inverse=True)
    check_num_folds(num_folds, len(keys))
    member = labels == 1 if labels.ndim == 2 else labels[:, None] == np.unique(labels[labels >= 0])
    counts_of = np.zeros((len(keys), member.shape[1]), np.int64)
    np.add.at(counts_of, unit_of_row, member.astype(np.int64))
    sizes = np.bincount(unit_of_row, minlength=len(keys))
    totals = counts_of.sum(axis=0)
    rarest = np.where(counts_of > 0, totals, len(labels) + 1).min(axis=1, initial=len(labels) + 1)
    order = sorted(
        range(len(keys)), key=lambda i: (rarest[i], -sizes[i], draw_key(str(keys[i]), seed))
    )
    weights = 1 / np.maximum(totals, 1) ** 2.0
    fold_of_unit = np.zeros(len(keys), np.int64)
    has, num_rows = np.zeros((num_folds, len(totals)), np.int64), np.zeros(num_folds, np.int64)
    for i in order:
        # the least sum over folds and classes of squared shares, once the unit is in that fold
        crowded = (has * (counts_of[i] * weights)).sum(axis=1)
        fold = min(range(num_folds), key=lambda f: (crowded[f], num_rows[f]))
        fold_of_unit[i] = fold
        has[fold] += counts_of[i]
        num_rows[fold] += sizes[i]
    return fold_of_unit[unit_of_row]


def fold_units(groups: Sequence[str] | None, contents: Sequence[bytes]) -> list[str]:
    """What must stay in one fold (N,): rows of one group, and rows with the same content.

    Copies of one picture in two folds would let a head judge what it was trained on.

    Args:
        groups: (N,) the group of each row; None where there are none.
        contents: (N,) the sha256 of each row's bytes.
    """
    names = [content.hex() for content in contents]
    return names if groups is None else joined_units(groups, names)


def joined_units(groups: Sequence[str], contents: Sequence[str]) -> list[str]:
    """One name (N,) for all rows that hang together by a group or by their content.

    Args:
        groups: (N,) the group of each row.
        contents: (N,) a hash of its bytes.
    """
    above: dict[tuple[str, str], tuple[str, str]] = {}

    def root(key: tuple[str, str]) -> tuple[str, str]:
        while (higher := above.setdefault(key, key)) != key:
            above[key] = above[higher]
            key = above[key]
        return key

    for group, content in zip(groups, contents, strict=True):
        first, second = sorted((root(("group", group)), root(("content", content))))
        above[first] = second  # a group is above its contents: the name of a group remains
    return [root(("group", group))[1] for group in groups]


def check_num_folds(num_folds: int, num_units: int) -> None:
    """See that the rows can be dealt to so many folds.

    Raises:
        SettingError: they cannot.
    """
    if isinstance(num_folds, bool) or num_folds < 2:
        raise SettingError(
            f"k={num_folds!r} is no number of folds.",
            expected="a whole number, at least 2.",
            fix="pass k=5.",
            flags=("--k", "5"),
        )
    if num_units < max(3, num_folds):  # of two, a fold would leave one to train on
        raise SettingError(
            f"k={num_folds} folds are asked for, and there are {num_units} training rows or groups "
            "of rows that must stay together.",
            expected="as many folds as those, or fewer, and at least three of them.",
            fix="pass a smaller k, or bring more images.",
        )


def classes_in_one_fold(
    folds: NDArray[np.int64], labels: NDArray[np.int64], classes: Sequence[str]
) -> list[str]:
    """Classes all of whose rows are in one fold: the head that scores them never saw the class.

    Args:
        folds: (N,) the fold of each row.
        labels: (N,) labels, or (N, K) of 0 and 1.
        classes: (K,) names in order.

    >>> classes_in_one_fold(np.array([0, 0, 1]), np.array([0, 1, 1]), ["cat", "dog"])
    ['cat']
    """
    member = labels == 1 if labels.ndim == 2 else labels[:, None] == np.arange(len(classes))
    return [
        name
        for name, rows in zip(classes, member.T, strict=True)
        if len(np.unique(folds[rows])) == 1
    ]
