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
    exclusions: Iterable[Exclusion] = (),
    notes: Iterable[str] = (),
) -> ImageTable:
    """Sort records into a table; draw validation rows if none has the split "valid".

    Args:
        root: What the names lie under.
        records: One per image, each name once, in any order.
        draw: How to draw.
        is_multi_label: Whether an image may have any number of classes.
        exclusions: Files in no record.
        notes: What the reader noticed.

    Returns:
        Rows sorted by name; classes sorted, those of the training rows.
    """
    records = sorted(records, key=lambda record: record.name)
    splits = np.array([record.split for record in records], dtype="<U5")
    classes = class_order(records, is_multi_label=is_multi_label)
    labels = encode(records, classes, is_multi_label=is_multi_label)
    groups = None
    if any(record.group is not None for record in records):
        # a row without a group is a group of its own; the line break keeps it apart from any other
        groups = tuple(
            record.group if record.group is not None else f"\n{record.name}" for record in records
        )
    noted = list(notes)
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
    noted += missing_classes(labels[splits == "valid"], labels[splits == "train"], classes)
    return ImageTable(
        root, tuple(record.name for record in records), splits, labels, classes,
        exclusions=tuple(exclusions), groups=groups, notes=tuple(noted),
    )  # fmt: skip


def class_order(records: Sequence[Record], *, is_multi_label: bool) -> tuple[str, ...]:
    """The sorted classes of the training records: the one order for all splits.

    Raises:
        DataError: there are too few, two are the same but for case, or another split has more.
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
    return classes


def refuse_lookalikes(classes: Iterable[str]) -> None:
    """Two spellings of one class would be learnt as two.

    Raises:
        DataError: classes differ only in case, outer spaces or Unicode form.
    """
    spellings: dict[str, list[str]] = {}
    for name in sorted(classes):
        key = unicodedata.normalize("NFC", name).strip().casefold()
        spellings.setdefault(key, []).append(name)
    twins = [names for names in spellings.values() if len(names) > 1]
    if twins:
        first = " and ".join(repr(name) for name in twins[0])
        raise DataError(
            f"{len(twins)} class name(s) are spelled in several ways; the first: {first}.",
            expected="names that differ in more than case, outer spaces or Unicode form.",
            fix=f"rename them all to {twins[0][-1].strip()!r}, in every split.",
        )


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
