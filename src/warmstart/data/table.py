"""The table of images that everything else starts from."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Exclusion:
    """A file that is in no row, and why."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class ImageTable:
    """One row per image: names (posix paths under ``root``), split and label of each.

    ``splits`` (N,) of "train", "valid" or "test"; ``labels`` (N,) int64 positions in ``classes``,
    -1 where a row has none; ``exclusions`` name every file that is in no row.
    """

    root: Path
    names: tuple[str, ...]
    splits: NDArray[np.str_]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    exclusions: tuple[Exclusion, ...] = ()

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.names)

    def rows(self, split: str) -> NDArray[np.int64]:
        """Positions of the rows of one split, in table order."""
        return np.flatnonzero(self.splits == split).astype(np.int64)

    def path(self, row: int) -> Path:
        """Where the image of a row lies."""
        return self.root / self.names[row]

    def without(self, exclusions: tuple[Exclusion, ...]) -> "ImageTable":
        """The same table with some rows moved to the exclusions."""
        gone = {exclusion.name for exclusion in exclusions}
        keep = np.array([name not in gone for name in self.names], bool)
        return replace(
            self,
            names=tuple(name for name in self.names if name not in gone),
            splits=self.splits[keep],
            labels=self.labels[keep],
            exclusions=self.exclusions + exclusions,
        )
