"""Pixels and labels in memory → an ImageTable."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import shortly
from warmstart.data.label_forms import Labels, is_empty, read_labels
from warmstart.data.records import Noticed, Record, assemble
from warmstart.data.split import DEFAULT_DRAW
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError, first_few
from warmstart.images.arrays import stack_of


def from_arrays(
    train: Any,
    valid: Any,
    test: Any = None,
    classes: Sequence[str] | None = None,
) -> ImageTable:
    """Make a table of images that are arrays: names "train/0", "train/1" and so on.

    Args:
        train: (x, y): x (N, H, W, 3), or (N, H, W) of greys, as ``predict`` takes them, or a list
            of pictures that differ in size; y (N,) integers or texts, or (N, K) of 0 and 1 where an
            image may have any number of K classes.
        valid: Likewise.
        test: x alone, or (x, y).
        classes: Names of the classes. Integers in y are then positions in it, from 0. Without it,
            classes are the values that the y of train has, in their order.

    Returns:
        Rows in the order of the arrays, within each split. It holds copies of the pixels.

    Raises:
        SettingError: y has one label per row in one split and many in another, or ``classes`` has
            not one name per column.
    """
    given = {"train": train, "valid": valid}
    if test is not None:
        given["test"] = test if isinstance(test, tuple) else (test, None)
    check_pairs(given)
    memory: dict[str, NDArray[np.uint8]] = {}
    labels: dict[str, NDArray[Any] | Labels | None] = {}
    names: dict[str, list[str]] = {}
    for split, (x, y) in given.items():
        pixels = stack_of(x, f"x_{split}")
        names[split] = row_names(split, len(pixels))
        memory.update(zip(names[split], pixels, strict=True))
        labels[split] = None if y is None and split == "test" else read_y(y, len(pixels), split)
    of_train = labels["train"]
    forms = {form(of) for of in labels.values() if of is not None}
    if of_train is None or len(forms) > 1:
        raise SettingError(
            "the y of the splits have different numbers of columns.",
            expected="(N,) in all splits, or (N, K) in all with the same K.",
            fix="give all splits' y the same form.",
        )
    is_multi_label = form(of_train) != "one"
    order = resolve_classes(of_train, classes)
    records = []
    notes: list[str] = []
    for split, of in labels.items():
        told = [None] * len(names[split]) if of is None else named_labels(of, order, classes, split)
        rows = zip(names[split], told, strict=True)
        records += [Record(name, label, split) for name, label in rows]
        notes += of.notes if isinstance(of, Labels) else ()
    if (
        isinstance(of_train, np.ndarray)
        and of_train.ndim == 2
        and (of_train.sum(axis=1) == 1).all()
    ):
        notes.append(
            "every y has exactly one 1; if an image has one class only, pass y.argmax(axis=1)"
        )
    table = assemble(
        Path(),
        records,
        DEFAULT_DRAW,
        is_multi_label=is_multi_label,
        classes=order,
        noticed=Noticed(notes=list(dict.fromkeys(notes))),
    )
    return replace(table, memory=memory)


def check_pairs(given: Mapping[str, Any]) -> None:
    """See that each split is a pair of pictures and labels.

    Raises:
        SettingError: one is not.
    """
    for split, pair in given.items():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise SettingError(
                f"what was passed for {split} is no pair: {shortly(pair)}.",
                expected="(x, y): pictures, and a label for each.",
                fix=f"pass (x_{split}, y_{split}).",
            )


def row_names(split: str, number: int) -> list[str]:
    """Names that sort like the rows."""
    digits = len(str(max(number - 1, 0)))
    return [f"{split}/{row:0{digits}d}" for row in range(number)]


def form(labels: NDArray[Any] | Labels) -> object:
    """What is there: "one" label per row, "names" of any number, or how many columns of 0, 1."""
    if isinstance(labels, Labels):
        return "names" if labels.is_many else "one"
    return "one" if labels.ndim == 1 else labels.shape[1]


def read_y(y: Any, number: int, split: str) -> NDArray[Any] | Labels:
    """Labels as somebody passed them.

    Args:
        y: Integers, booleans or texts (N,), 0 and 1 (N, K), or N lists of texts.
        number: N, the number of images.
        split: Of the rows, for errors.

    Returns:
        (N,) integers, (N, K) of 0 and 1, or labels by name.

    Raises:
        SettingError: the length or the form is another.
    """
    values = as_rows(y)
    has_lists = values.ndim == 1 and any(
        isinstance(value, (list, tuple, set, frozenset, np.ndarray)) for value in values.tolist()
    )
    if values.ndim not in {1, 2} or len(values) != number or values.shape[1:] == (1,):
        raise SettingError(
            f"the y of {split} has shape {values.shape}, and its x {number} images.",
            expected=f"({number},), or ({number}, K) of 0 and 1.",
            fix=f"pass y_{split}.ravel()." if values.shape == (number, 1) else "check both.",
        )
    if not has_lists:
        check_no_label_missing(values, split)
    if values.ndim == 2 and values.dtype.kind in "biuf":
        if not np.isin(values, [0, 1]).all():
            raise SettingError(
                f"the y of {split} has {values.shape[1]} columns with other values than 0 and 1.",
                expected="(N, K) of 0 and 1, or (N,).",
                fix=f"for the most probable class of each row, pass y_{split}.argmax(axis=1).",
            )
        return values.astype(np.int64)
    if values.dtype.kind == "f":
        raise SettingError(
            f"the y of {split} is of {values.dtype}.",
            expected="integers or texts: classes, not measures.",
            fix=f'pass y_{split}.astype("int64").',
        )
    if values.dtype.kind in "iub":
        return values
    where = [f"row {row} of y_{split}" for row in range(number)]
    return read_labels([values[row] for row in range(number)], where)


def as_rows(y: Any) -> NDArray[Any]:
    """An array of rows; one of objects where rows are lists of different lengths, or sets."""
    try:
        return np.asarray(y)
    except ValueError:
        rows = list(y)
        values = np.empty(len(rows), object)
        values[:] = rows
        return values


def check_no_label_missing(labels: NDArray[Any], split: str) -> None:
    """None and NaN among the labels.

    Raises:
        DataError: there is one.
    """
    if labels.dtype.kind == "f":
        bad = np.isnan(labels)
    else:
        values: list[object] = labels.ravel().tolist() if labels.dtype.kind in "OUS" else []
        bad = np.array([is_empty(value) for value in values], bool)
    rows = np.flatnonzero(bad) // (labels.shape[1] if labels.ndim == 2 else 1)
    if len(rows):
        raise DataError(
            f"the y of {split} has {len(rows)} missing label(s), in rows: "
            f"{first_few([str(row) for row in rows])}.",
            expected="a label in every row.",
            fix=f"leave those rows out of x_{split} and y_{split}.",
        )


def resolve_classes(
    of_train: NDArray[Any] | Labels, classes: Sequence[str] | None
) -> tuple[str, ...]:
    """The classes in order.

    Raises:
        SettingError: ``classes`` has not one name per column, or has a name twice.
    """
    num_columns = form(of_train)
    if classes is not None:
        fits = not isinstance(num_columns, int) or len(classes) == num_columns
        if not fits or len(set(classes)) < len(classes):
            raise SettingError(
                f"classes has {len(classes)} names, {len(set(classes))} of them different.",
                expected="one name per class"
                + (f": {num_columns}, as y has columns." if isinstance(num_columns, int) else "."),
                fix="pass classes with each name once.",
            )
        return tuple(str(name) for name in classes)
    if isinstance(num_columns, int):
        return tuple(str(column) for column in range(num_columns))
    if isinstance(of_train, Labels):
        return tuple(sorted({name for row in of_train.rows for name in row or ()}))
    return tuple(str(value) for value in np.unique(of_train))


def named_labels(
    labels: NDArray[Any] | Labels,
    order: tuple[str, ...],
    classes: Sequence[str] | None,
    split: str,
) -> list[tuple[str, ...] | None]:
    """The classes of each row by name.

    Raises:
        DataError: a label is none of the classes.
    """
    if isinstance(labels, np.ndarray) and labels.ndim == 2:
        return [tuple(order[k] for k in np.flatnonzero(row)) for row in labels]
    position = {name: name for name in order}
    if isinstance(labels, Labels):
        rows = [row or () for row in labels.rows]
        if classes is not None:  # they may have the blanks that labels were read without
            position = {name.strip(): name for name in order}
    elif classes is not None:
        rows = [(str(int(value)),) for value in labels]
        position = {str(number): name for number, name in enumerate(order)}
    else:
        rows = [(str(value),) for value in labels]
    strangers = sorted({name for row in rows for name in row} - set(position))
    if strangers:
        raise DataError(
            f"the y of {split} has {len(strangers)} class(es) that "
            f"{'train does not have' if classes is None else 'classes does not name'}: "
            f"{first_few(strangers)}.",
            expected=f"one of {', '.join(position)}.",
            fix="add them to train." if classes is None else "name them in classes.",
        )
    return [tuple(position[name] for name in row) for row in rows]
