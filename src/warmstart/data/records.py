"""What a reader found → an ImageTable: one class order, one row order, one draw."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.data.split import Draw, draw_valid
from warmstart.data.table import Exclusion, ImageTable, class_counts
from warmstart.errors import DataError

NUM_LISTED = 5  # of many, enough to see what they have in common


@dataclass(frozen=True, slots=True)
class Record:
    """One image as its reader found it; ``labels`` is None where it has none."""

    name: str
    labels: tuple[str, ...] | None
    split: str = "train"
    group: str | None = None


def assemble(
    root: Path,
    records: Sequence[Record],
    draw: Draw,
    *,
    is_multi_label: bool = False,
    classes: tuple[str, ...] | None = None,
    exclusions: Iterable[Exclusion] = (),
    notes: Iterable[str] = (),
) -> ImageTable:
    """Sort records into a table; draw validation rows if none has the split "valid".

    Args:
        root: What the names lie under.
        records: One per image, each name once, in any order.
        draw: How to draw.
        is_multi_label: Whether an image may have any number of classes.
        classes: Their order, if it is not that of the alphabet; must hold every label.
        exclusions: Files in no record.
        notes: What the reader noticed.

    Returns:
        Rows sorted by name; classes sorted, those of the training rows.
    """
    records = sorted(records, key=lambda record: record.name)
    classes = class_order(records, classes, is_multi_label=is_multi_label)
    labels = encode(records, classes, is_multi_label=is_multi_label)
    splits = np.array([record.split for record in records], dtype="<U5")
    groups = group_names(records)
    if not (splits == "valid").any():
        rows = np.flatnonzero(splits == "train")
        chosen = draw_valid(
            [records[row].name for row in rows],
            labels[rows],
            None if groups is None else [groups[row] for row in rows],
            draw,
        )
        refuse_no_choice(chosen, len(rows))
        splits[rows[chosen]] = "valid"
    return ImageTable(
        root=root,
        names=tuple(record.name for record in records),
        splits=splits,
        labels=labels,
        classes=classes,
        exclusions=tuple(exclusions),
        groups=groups,
        notes=(
            *notes,
            *case_note(classes),
            *missing_classes(labels[splits == "valid"], labels[splits == "train"], classes),
        ),
    )


def group_names(records: Sequence[Record]) -> tuple[str, ...] | None:
    """The group of each record, None if none has one.

    Raises:
        DataError: a group is parted between splits.
    """
    if all(record.group is None for record in records):
        return None
    splits: dict[str, set[str]] = {}
    for record in records:
        if record.group is not None:
            splits.setdefault(record.group, set()).add(record.split)
    parted = [f"{group} ({', '.join(sorted(of))})" for group, of in splits.items() if len(of) > 1]
    if parted:
        raise DataError(
            f"{len(parted)} group(s) are in more than one split: {some(parted)}.",
            expected="all images of a group in the same split: a model knows what it was shown.",
            fix="move each group to one split, or leave the splits away, to have them drawn.",
        )
    # a row without a group is a group of its own, which the line break keeps from being another's
    return tuple(f"\n{record.name}" if record.group is None else record.group for record in records)


def some(items: Sequence[str]) -> str:
    """The first of ``items``, for an error, and how many more there are."""
    more = len(items) - NUM_LISTED
    return "; ".join(items[:NUM_LISTED]) + (f"; and {more} more" if more > 0 else "")


def class_order(
    records: Sequence[Record], order: tuple[str, ...] | None, *, is_multi_label: bool
) -> tuple[str, ...]:
    """The classes of the training records, sorted or as ``order`` has them, for all splits.

    Raises:
        DataError: there are too few, two are the same but for spaces, or another split has more.
    """
    used: dict[str, Counter[str]] = {"train": Counter(), "valid": Counter(), "test": Counter()}
    for record in records:
        used[record.split].update(record.labels or ())
    refuse_lookalikes({name for counter in used.values() for name in counter})
    classes = tuple(sorted(used["train"]))
    refuse_strangers(classes, used)
    if len(classes) < (1 if is_multi_label else 2):
        raise DataError(
            f"the training images have {len(classes)} class(es)"
            + (f": {', '.join(classes)}." if classes else "."),
            expected="two or more classes to tell apart.",
            fix="add images of another class, at the place where these were found.",
        )
    return classes if order is None else order


def lookalikes(classes: Iterable[str], *, is_case_blind: bool) -> list[list[str]]:
    """Classes that are the same but for outer spaces and Unicode form (and case)."""
    spellings: dict[str, list[str]] = {}
    for name in sorted(classes):
        key = unicodedata.normalize("NFC", name).strip()
        spellings.setdefault(key.casefold() if is_case_blind else key, []).append(name)
    return [names for names in spellings.values() if len(names) > 1]


def refuse_lookalikes(classes: Iterable[str], *, is_case_blind: bool = False) -> None:
    """Two spellings of one class would be learnt as two.

    Raises:
        DataError: there are such.
    """
    twins = lookalikes(classes, is_case_blind=is_case_blind)
    if twins:
        first = " and ".join(repr(name) for name in twins[0])
        raise DataError(
            f"{len(twins)} class name(s) are spelled in several ways; the first: {first}.",
            expected="names that differ in more than outer spaces or Unicode form"
            + (", and case." if is_case_blind else "."),
            fix=f"rename them all to {twins[0][-1].strip()!r}, in every split.",
        )


def case_note(classes: Iterable[str]) -> list[str]:
    """A note of classes that differ in case only: meant for letters, a slip for animals."""
    twins = [" and ".join(names) for names in lookalikes(classes, is_case_blind=True)]
    return [f"classes that differ in case only: {some(twins)}"] if twins else []


def refuse_strangers(classes: tuple[str, ...], used: dict[str, Counter[str]]) -> None:
    """Law 1: a class that only valid or test has would shift labels in silence.

    Raises:
        DataError: there is such a class.
    """
    for split in ("valid", "test"):
        strangers = sorted(set(used[split]) - set(classes))
        if strangers:
            number = sum(used[split][name] for name in strangers)
            raise DataError(
                f"{split} has {len(strangers)} class(es) that train does not have, with {number} "
                f"image(s): {', '.join(strangers)}.",
                expected=f"only classes of train: {', '.join(classes) or 'it has none'}.",
                fix=f"add training images of them, or take these images out of {split}.",
            )


def encode(
    records: Sequence[Record], classes: tuple[str, ...], *, is_multi_label: bool
) -> NDArray[np.int64]:
    """(N,) positions in ``classes``, or (N, K) of 0 and 1; -1 where a record has no label."""
    position = {name: number for number, name in enumerate(classes)}
    if not is_multi_label:
        return np.array(
            [position[record.labels[0]] if record.labels else -1 for record in records], np.int64
        )
    labels = np.zeros((len(records), len(classes)), np.int64)
    for row, record in enumerate(records):
        if record.labels is None:
            labels[row] = -1
        else:
            labels[row, [position[name] for name in record.labels]] = 1
    return labels


def refuse_no_choice(chosen: NDArray[np.bool_], num_rows: int) -> None:
    """A draw that finds nothing to draw.

    Raises:
        DataError: no row validates.
    """
    if not chosen.any():
        raise DataError(
            f"none of the {num_rows} training images can be spared for validation: every class "
            "has one image, or one group.",
            expected="a class with two or more images (in two or more groups).",
            fix="add images, or give valid images of your own; and check that the labels are "
            "classes, not one name per image.",
        )


def missing_classes(
    of_valid: NDArray[np.int64], of_train: NDArray[np.int64], classes: tuple[str, ...]
) -> list[str]:
    """A note of the classes that no validation row has: no score will speak of them."""
    absent = np.flatnonzero(class_counts(of_valid, len(classes)) == 0)
    if not len(absent):
        return []
    number = class_counts(of_train, len(classes))
    listed = ", ".join(f"{classes[label]} ({number[label]} in train)" for label in absent)
    return [f"{len(absent)} class(es) have no validation image: {listed}"]
