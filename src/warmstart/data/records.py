"""What a reader found → an ImageTable: one class order, one row order, one draw."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.data.doubts import label_doubts
from warmstart.data.drawing import drawn_rows
from warmstart.data.faults import Faults
from warmstart.data.split import Draw
from warmstart.data.table import SPLITS, Exclusion, ImageTable, class_counts
from warmstart.errors import DataError, first_few


@dataclass(frozen=True, slots=True)
class Record:
    """One image as its reader found it; ``labels`` is None where it has none."""

    name: str
    labels: tuple[str, ...] | None
    split: str = "train"
    group: str | None = None


@dataclass(frozen=True)
class Noticed:
    """What a reader saw besides records: files in none of them, notes, and what is at fault."""

    exclusions: Iterable[Exclusion] = ()
    notes: Iterable[str] = ()
    faults: Faults = field(default_factory=Faults)


def assemble(
    root: Path,
    records: Sequence[Record],
    draw: Draw,
    *,
    is_multi_label: bool = False,
    classes: tuple[str, ...] | None = None,
    noticed: Noticed | None = None,
) -> ImageTable:
    """Sort records into a table; draw validation rows if none has the split "valid".

    Args:
        root: What the names lie under.
        records: One per image, each name once, in any order.
        draw: How to draw.
        is_multi_label: Whether an image may have any number of classes.
        classes: Their order, if it is not that of the alphabet; must hold every label.
        noticed: What else its reader saw.

    Returns:
        Rows sorted by name; classes sorted, those of the training rows.
    """
    noticed = noticed or Noticed()
    faults = noticed.faults
    records = sorted(records, key=lambda record: record.name)
    used: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    for record in records:
        used[record.split].update(record.labels or ())
    known = class_order(used, faults, is_multi_label=is_multi_label)
    of_train = set(known)
    strange = tuple(one.name for one in records if not of_train.issuperset(one.labels or ()))
    classes = classes or known
    records = [record for record in records if record.name not in strange]
    left_out = [Exclusion(name, "of a class that train does not have") for name in strange]
    labels = encode_labels(records, classes, is_multi_label=is_multi_label)
    splits = np.array([record.split for record in records], dtype="<U5")
    groups = group_names(records, faults)
    if not (splits == "valid").any():
        rows = np.flatnonzero(splits == "train")
        chosen = drawn_rows(
            root,
            [records[row].name for row in rows],
            labels[rows],
            None if groups is None else [groups[row] for row in rows],
            draw,
            faults,
        )
        splits[rows[chosen]] = "valid"
    return ImageTable(
        root=root,
        names=tuple(record.name for record in records),
        splits=splits,
        labels=labels,
        classes=classes,
        exclusions=(*noticed.exclusions, *left_out),
        groups=groups,
        notes=(
            *noticed.notes,
            *label_doubts([record.labels for record in records], is_many=is_multi_label),
            *missing_classes(labels[splits == "valid"], labels[splits == "train"], classes),
        ),
        faults=faults.texts,
    )


def group_names(records: Sequence[Record], faults: Faults) -> tuple[str, ...] | None:
    """The group of each record, None if none has one; one that splits part is a fault."""
    if all(record.group is None for record in records):
        return None
    splits: dict[str, set[str]] = {}
    for record in records:
        if record.group is not None:
            splits.setdefault(record.group, set()).add(record.split)
    several = [f"{group} ({', '.join(sorted(of))})" for group, of in splits.items() if len(of) > 1]
    if several:
        faults.add(
            DataError(
                f"{len(several)} group(s) are in more than one split: {first_few(several)}.",
                expected="all images of a group in one split: a model knows what it was shown.",
                fix="move each group to one split, or leave the splits away, to have them drawn.",
            )
        )
    # a row without a group is a group of its own, which the line break keeps from being another's
    return tuple(f"\n{record.name}" if record.group is None else record.group for record in records)


def class_order(
    used: Mapping[str, Counter[str]], faults: Faults, *, is_multi_label: bool
) -> tuple[str, ...]:
    """The classes of the training rows, sorted, for all splits.

    Too few of them, two that are the same but for spaces, and more in another split are faults.

    Args:
        used: How many rows of each split have each label.
        faults: What takes an error.
        is_multi_label: Whether an image may have any number of classes.
    """
    check_lookalikes({name for counter in used.values() for name in counter}, faults)
    classes = tuple(sorted(used["train"]))
    check_unknown_classes(classes, used, faults)
    if len(classes) < (1 if is_multi_label else 2):
        faults.add(
            DataError(
                f"the training images have {len(classes)} class(es)"
                + (f": {', '.join(classes)}." if classes else "."),
                expected="two or more classes to tell apart.",
                fix="add images of another class, at the place where these were found.",
            )
        )
    return classes


def lookalikes(classes: Iterable[str], *, is_case_blind: bool) -> list[list[str]]:
    """Classes that are the same but for outer spaces and Unicode form (and case)."""
    spellings: dict[str, list[str]] = {}
    for name in sorted(classes):
        key = class_key(name)
        spellings.setdefault(key.casefold() if is_case_blind else key, []).append(name)
    return [names for names in spellings.values() if len(names) > 1]


def check_lookalikes(
    classes: Iterable[str], faults: Faults, *, is_case_blind: bool = False
) -> None:
    """Two spellings of one class would be learnt as two: a fault.

    Args:
        classes: Their names, in any order.
        faults: What takes the error.
        is_case_blind: Whether names that differ in case only are the same too.
    """
    alike = lookalikes(classes, is_case_blind=is_case_blind)
    if alike:
        first = " and ".join(repr(name) for name in alike[0])
        faults.add(
            DataError(
                f"{len(alike)} class name(s) are spelled in several ways; the first: {first}.",
                expected="names that differ in more than outer spaces or Unicode form"
                + (", and case." if is_case_blind else "."),
                fix=f"rename them all to {alike[0][-1].strip()!r}, in every split.",
            )
        )


def check_unknown_classes(
    classes: tuple[str, ...], used: Mapping[str, Counter[str]], faults: Faults
) -> None:
    """Law 1: a class that only valid or test has would shift labels in silence: a fault."""
    for split in ("valid", "test"):
        strange = sorted(set(used[split]) - set(classes))
        if strange:
            number = sum(used[split][name] for name in strange)
            faults.add(
                DataError(
                    f"{split} has {len(strange)} class(es) that train does not have, with {number} "
                    f"image(s): {', '.join(strange)}.",
                    expected=f"only classes of train: {', '.join(classes) or 'it has none'}.",
                    fix=f"add training images of them, or take these images out of {split}.",
                )
            )


def encode_labels(
    records: Sequence[Record], classes: tuple[str, ...], *, is_multi_label: bool
) -> NDArray[np.int64]:
    """Labels as integers.

    Args:
        records: N of them, with labels that are all among the classes.
        classes: (K,) names in order.
        is_multi_label: Whether an image may have any number of classes.

    Returns:
        (N,) positions in ``classes``, or (N, K) of 0 and 1; -1 where a record has no label.

    >>> encode_labels([Record("a.jpg", ("dog",)), Record("b.jpg", None)], ("cat", "dog"),
    ...               is_multi_label=False)
    array([ 1, -1])
    """
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


def missing_classes(
    of_valid: NDArray[np.int64], of_train: NDArray[np.int64], classes: tuple[str, ...]
) -> list[str]:
    """A note of the classes that no validation row has: no score will speak of them.

    Args:
        of_valid: Labels of the validation rows, (N,) or (N, K).
        of_train: Likewise of the training rows.
        classes: (K,) names in order.
    """
    absent = np.flatnonzero(class_counts(of_valid, len(classes)) == 0)
    if not len(absent):
        return []
    number = class_counts(of_train, len(classes))
    listed = ", ".join(f"{classes[label]} ({number[label]} in train)" for label in absent)
    return [f"{len(absent)} class(es) have no validation image: {listed}"]


def class_key(name: str) -> str:
    r"""What tells classes apart: file systems write one name in several forms of Unicode.

    >>> class_key("Cafe\u0301 ") == class_key("Caf\u00e9")
    True
    """
    return unicodedata.normalize("NFC", name).strip()
