"""The table of images that everything else starts from."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from warmstart.data.cell_names import CellNames
from warmstart.display import Displayed, Sheet, SheetTable, few
from warmstart.errors import SettingError, printable

SPLITS = ("train", "valid", "test")
NO_LABEL = "(no label)"
MOST_COUNTED = 100  # classes that a line tells one by one
MOST_SHOWN = 15  # classes of a table that is shown
MOST_NAMED = 20  # damaged pictures, in a note; ``damaged`` has all


@dataclass(frozen=True)
class Exclusion:
    """A file that is in no row, and why; a name ending in "/" is a folder with all below it."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False, repr=False)
class ImageTable(Displayed):
    """One row per image: names (posix paths under ``root``), split and label of each.

    ``splits`` (N,) of "train", "valid" or "test"; ``labels`` (N,) int64 positions in ``classes``,
    -1 where a row has none, or (N, K) of 0 and 1 where an image may have many, -1 along a row that
    has none; ``exclusions`` name every file that is in no row; ``groups`` (N,) name what must not
    be parted; ``memory`` holds, by name, the (H, W, 3) or (H, W) pixels of rows that are not files;
    ``damaged`` are rows that are used though their picture is damaged, and how;
    ``notes`` say what a reader should know; ``faults`` what training refuses, where the table was
    read for a checkup.
    """

    root: Path
    names: Sequence[str]
    splits: NDArray[np.character]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    exclusions: tuple[Exclusion, ...] = ()
    groups: tuple[str, ...] | None = None
    memory: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    damaged: tuple[Exclusion, ...] = ()

    def __post_init__(self) -> None:
        """Refuse columns that do not fit each other, and freeze ``memory``.

        Raises:
            SettingError: lengths differ, a name occurs twice, or a split or label is unknown.
        """
        problem = self._problem()
        if problem is not None:
            raise SettingError(
                problem,
                expected="one name, split and label per row, labels within the classes.",
                fix="make the table with one of the readers: read_folders, read_csv, from_arrays.",
            )
        object.__setattr__(self, "notes", tuple(map(printable, self.notes)))
        object.__setattr__(self, "memory", MappingProxyType(dict(self.memory)))

    def _problem(self) -> str | None:
        num_rows, num_classes = len(self.names), len(self.classes)
        if self.splits.shape != (num_rows,) or len(self.labels) != num_rows:
            return (
                f"{num_rows} names, splits of shape {self.splits.shape} and labels of shape "
                f"{self.labels.shape} do not fit."
            )
        if self.groups is not None and len(self.groups) != num_rows:
            return f"{num_rows} names and {len(self.groups)} groups do not fit."
        if not isinstance(self.names, CellNames) and len(set(self.names)) != num_rows:
            name, count = Counter(self.names).most_common(1)[0]
            return f"the name {name!r} is in {count} rows."
        if len(set(self.classes)) != num_classes:
            return f"a class occurs twice among {', '.join(self.classes)}."
        is_known = np.zeros(num_rows, bool)
        for split in SPLITS:
            is_known |= self.splits == split
        if not is_known.all():
            return f"unknown splits: {', '.join(sorted(set(self.splits[~is_known].tolist())))}."
        if self.labels.ndim not in {1, 2}:
            return f"labels have {self.labels.ndim} axes."
        highest = num_classes - 1 if self.labels.ndim == 1 else 1
        if self.labels.size and not -1 <= self.labels.min() <= self.labels.max() <= highest:
            return f"labels reach from {self.labels.min()} to {self.labels.max()}."
        if self.labels.ndim == 2 and self.labels.shape[1] != num_classes:
            return f"labels of shape {self.labels.shape} do not fit {num_classes} classes."
        return None

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.names)

    @property
    def is_multi_label(self) -> bool:
        """Whether an image may have any number of classes; ``labels`` is then (N, K)."""
        return self.labels.ndim == 2

    def rows(self, split: str) -> NDArray[np.int64]:
        """Positions of the rows of one split, in table order."""
        return np.flatnonzero(self.splits == split).astype(np.int64)

    def path(self, row: int) -> Path:
        """Where the image of a row lies.

        Raises:
            SettingError: it is no file; ``array(row)`` has its pixels.
        """
        if self.names[row] in self.memory:
            raise SettingError(
                f"row {row} ({self.names[row]}) lies in memory, not in a file.",
                expected="a row that was read from a folder.",
                fix="use table.array(row).",
            )
        return self.root / self.names[row]

    def array(self, row: int) -> NDArray[np.uint8] | None:
        """The (H, W, 3) pixels of a row that lies in memory, None for a file."""
        pixels = self.memory.get(self.names[row])
        if pixels is not None and pixels.ndim == 2:
            return np.repeat(pixels[:, :, None], 3, axis=2)
        return pixels

    def without(self, exclusions: tuple[Exclusion, ...]) -> "ImageTable":
        """The same table with some rows moved to the exclusions."""
        gone = {exclusion.name for exclusion in exclusions}
        keep = [name not in gone for name in self.names]
        chosen = np.array(keep, bool)
        return replace(
            self,
            names=self.names.kept(chosen)
            if isinstance(self.names, CellNames)
            else tuple(name for name in self.names if name not in gone),
            splits=self.splits[chosen],
            labels=self.labels[chosen],
            exclusions=self.exclusions + exclusions,
            groups=None
            if self.groups is None
            else tuple(group for group, kept in zip(self.groups, keep, strict=True) if kept),
            memory={name: pixels for name, pixels in self.memory.items() if name not in gone},
            damaged=tuple(item for item in self.damaged if item.name not in gone),
        )

    def using(self, damaged: tuple[Exclusion, ...]) -> "ImageTable":
        """The same table, some more of whose pictures are used though they are damaged."""
        known, every = damaged_notes(self.damaged), (*self.damaged, *damaged)
        notes = tuple(note for note in self.notes if note not in known)
        return replace(self, damaged=every, notes=(*notes, *damaged_notes(every)))

    def counts(self) -> dict[str, dict[str, int]]:
        """Images of each class in each split; rows without one count as ``NO_LABEL``."""
        counted = {}
        for split in SPLITS:
            labels = self.labels[self.rows(split)]
            numbers = class_counts(labels, len(self.classes)).tolist()
            bare = int(((labels[:, 0] if self.is_multi_label else labels) < 0).sum())
            of_split = dict(zip(self.classes, numbers, strict=True))
            counted[split] = {**of_split, NO_LABEL: bare} if bare else of_split
        return counted

    def summary(self) -> str:
        """Counts per split and class, exclusions by reason and notes, as lines of text."""
        lines = []
        for split, numbers in self.counts().items():
            listed = in_few_words({name: number for name, number in numbers.items() if number})
            lines.append(f"{split}: {len(self.rows(split))} images ({listed or 'none'})")
        lines += self.left_out_lines()
        lines += [f"training refuses: {fault}" for fault in self.faults]
        return "\n".join([*map(printable, lines), *(f"note: {note}" for note in self.notes)])

    def _sheet(self) -> Sheet:
        classes = few(len(self.classes), "class", "classes")
        title = f"{few(len(self), 'image')}, {classes}"
        refused = tuple(f"training refuses: {fault}" for fault in self.faults)
        notes = (*self.left_out_lines(), *refused, *self.notes)
        kind = (("labels", "any number of classes for each image"),) if self.is_multi_label else ()
        return Sheet(f"{type(self).__name__}: {title}", kind, (self._grid(),), notes)

    def _grid(self) -> SheetTable:
        """Images of each class in each split that has any."""
        counts = self.counts()
        splits = [split for split in SPLITS if len(self.rows(split))]
        names = list(dict.fromkeys(name for split in splits for name in counts[split]))
        shown = names if len(names) <= MOST_SHOWN + 1 else names[:MOST_SHOWN]
        rows = [(name, *(f"{counts[split].get(name, 0)}" for split in splits)) for name in shown]
        total = ("all", *(f"{len(self.rows(split))}" for split in splits))
        rest = len(names) - len(shown)
        more = f"and {few(rest, 'class', 'classes')} more" if rest else ""
        strong = frozenset((len(rows), place) for place in range(len(total)))
        return SheetTable(("class", *splits), (*rows, total), 1, strong, more)

    def left_out_lines(self) -> list[str]:
        """Exclusions by reason: how many, and the first."""
        return [
            printable(f"left out: {number} × {reason} (first: {first})")
            for reason, number, first in reason_counts(self.exclusions)
        ]


def in_few_words(numbers: Mapping[str, int]) -> str:
    """How many images each class has; of very many classes, how many the least and the most."""
    if len(numbers) <= MOST_COUNTED:
        return ", ".join(f"{name} {number}" for name, number in numbers.items())
    fewest, most = min(numbers.values()), max(numbers.values())
    return f"{len(numbers)} classes with {fewest if fewest == most else f'{fewest} to {most}'} each"


def damaged_notes(damaged: tuple[Exclusion, ...]) -> tuple[str, ...]:
    """How many pictures are used as far as they can be decoded, and which; no note if none is."""
    if not damaged:
        return ()
    listed = [f"{item.name} ({item.reason})" for item in damaged[:MOST_NAMED]]
    more = f"; {len(damaged) - MOST_NAMED} more" if len(damaged) > MOST_NAMED else ""
    pictures = "picture is" if len(damaged) == 1 else "pictures are"
    return (f"{len(damaged)} damaged {pictures} used: {'; '.join(listed)}{more}",)


def class_counts(labels: NDArray[np.int64], num_classes: int) -> NDArray[np.int64]:
    """How many rows each class has.

    Args:
        labels: (N,) labels, or (N, K) of 0 and 1; -1 where a row has none, which counts nowhere.
        num_classes: K.

    Returns:
        (K,) int64.

    >>> class_counts(np.array([0, 2, 2, -1]), 3)
    array([1, 0, 2])
    """
    if labels.ndim == 2:
        return np.asarray((labels == 1).sum(axis=0), np.int64)
    return np.bincount(labels[labels >= 0], minlength=num_classes).astype(np.int64)


def reason_counts(exclusions: Iterable[Exclusion]) -> list[tuple[str, int, str]]:
    """Reason, number and first name of what is left out, the most frequent reason first."""
    listed = list(exclusions)
    return [
        (reason, number, next(item.name for item in listed if item.reason == reason))
        for reason, number in Counter(item.reason for item in listed).most_common()
    ]
