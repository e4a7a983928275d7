"""Rows of shards as numbers → an ImageTable: no row is an object of its own."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.data.cell_names import CellNames
from warmstart.data.doubts import count_doubts
from warmstart.data.drawing import drawn_rows
from warmstart.data.faults import Faults
from warmstart.data.records import class_order, missing_classes
from warmstart.data.split import Draw
from warmstart.data.table import SPLITS, Exclusion, ImageTable, class_counts
from warmstart.errors import DataError, first_few

MOST_NAMED = 1000  # rows without a label, each by its name; of more, how many there are


@dataclass(frozen=True, eq=False)
class CodedRows:
    """The rows of all shards: ``labels`` (N,) are positions in ``classes``, -1 where one is empty.

    ``splits`` (N,) are words of ``SPLITS``.
    """

    names: CellNames
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    splits: NDArray[np.character]
    notes: list[str]

    def kept(self, keep: NDArray[np.bool_]) -> "CodedRows":
        """Some of the rows."""
        return replace(
            self,
            names=self.names.kept(keep),
            labels=self.labels[keep],
            splits=self.splits[keep],
        )


@dataclass(frozen=True)
class BareRows:
    """What is said of rows without a label: what they are, what was expected, what mends it."""

    what: str = "rows"
    expected: str = "a class in every row but those of test."
    fix: str = "leave those rows out of the file, or fill them."


def assemble_coded(
    root: Path,
    rows: CodedRows,
    draw: Draw,
    faults: Faults,
    exclusions: Iterable[Exclusion],
    bare: BareRows | None = None,
) -> ImageTable:
    """A table, as ``records.assemble`` makes it of records.

    Args:
        root: What the names lie under.
        rows: All of them, sorted by name; one label each.
        draw: How validation rows are drawn, if none has the split "valid".
        faults: What takes an error.
        exclusions: What is in no row.
        bare: How rows without a label are called.
    """
    rows, left_out = without_bare(rows, faults, bare or BareRows())
    used = {
        split: +Counter(dict(zip(rows.classes, numbers.tolist(), strict=True)))
        for split in SPLITS
        for numbers in [class_counts(rows.labels[rows.splits == split], len(rows.classes))]
    }
    classes = class_order(used, faults, is_multi_label=False)
    place_of = {name: place for place, name in enumerate(classes)}
    new_place = np.array([*(place_of.get(name, -2) for name in rows.classes), -1], np.int64)
    rows = replace(rows, labels=new_place[rows.labels])
    if (rows.labels == -2).any():
        strange = [rows.names[int(row)] for row in np.flatnonzero(rows.labels == -2)]
        left_out += [Exclusion(name, "of a class that train does not have") for name in strange]
        rows = rows.kept(rows.labels != -2)
    names, labels, splits = rows.names, rows.labels, rows.splits
    if not (splits == "valid").any():
        places = np.flatnonzero(splits == "train")
        of_rows = names if len(places) == len(names) else names.kept(splits == "train")
        chosen = drawn_rows(root, of_rows, labels[places], None, draw, faults)
        splits[places[chosen]] = "valid"
    every = sum(used.values(), Counter[str]())
    return ImageTable(
        root=root,
        names=names,
        splits=splits,
        labels=labels,
        classes=classes,
        exclusions=(*exclusions, *left_out),
        notes=(
            *rows.notes,
            *count_doubts(every, is_many=False),
            *missing_classes(labels[splits == "valid"], labels[splits == "train"], classes),
        ),
        faults=faults.texts,
    )


def without_bare(
    rows: CodedRows, faults: Faults, says: BareRows
) -> tuple[CodedRows, list[Exclusion]]:
    """Rows without a label that are no test rows: a fault, that names them."""
    bare = (rows.labels < 0) & (rows.splits != "test")
    number = int(bare.sum())
    if not number:
        return rows, []
    first = [rows.names[int(row)] for row in np.flatnonzero(bare)[:MOST_NAMED]]
    faults.add(
        DataError(
            f"{number} of {len(bare)} {says.what} have no label: {first_few(first)}.",
            expected=says.expected,
            fix=says.fix,
        )
    )
    left_out = [Exclusion(name, "no label") for name in first]
    if number > MOST_NAMED:
        left_out.append(Exclusion(f"{number - MOST_NAMED} more {says.what}", "no label"))
    return rows.kept(~bare), left_out
