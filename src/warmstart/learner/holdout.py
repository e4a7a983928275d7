"""Training rows that do not train: choices are made on them, so that valid can judge (law 15)."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import read_fields, real
from warmstart.data.folds import draw_folds
from warmstart.data.split import Draw, draw_valid
from warmstart.data.table import ImageTable
from warmstart.terminal.colour import notify

SHARE = 0.2


@dataclass(frozen=True)
class Holdout:
    """``share`` of the training rows of each class, drawn by a hash of their names; 0 is none."""

    share: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the share, with a SettingError."""
        read_fields(self, share=real(SHARE, least=0, below=1))

    def name(self) -> str:
        """What checkpoints say of it, in the words of the first version."""
        return f"HeldBack(share={self.share!r}, seed={self.seed!r})"

    def split(self, table: ImageTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows that train, and rows that choose; groups are never parted."""
        rows = table.rows("train")
        if not self.share:
            return rows, rows[:0]
        names = [table.names[row] for row in rows]
        groups = None if table.groups is None else [table.groups[row] for row in rows]
        chosen = draw_valid(names, table.labels[rows], groups, Draw(self.share, self.seed))
        return rows[~chosen], rows[chosen]


@dataclass(frozen=True)
class HoldoutFold(Holdout):
    """Part ``fold`` of ``num_folds`` of the training rows, each of which is in one of them.

    ``units`` say of each training row what must stay together.
    """

    share: float = 1 / 3
    seed: int = 0
    fold: int = 0
    num_folds: int = 3
    units: tuple[str, ...] = field(default=(), repr=False)

    def name(self) -> str:
        """Likewise."""
        part = f"fold={self.fold!r}, num_folds={self.num_folds!r}"
        return f"HeldFold(share={self.share!r}, seed={self.seed!r}, {part})"

    def split(self, table: ImageTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows that train, and rows of the fold."""
        rows = table.rows("train")
        folds = draw_folds(self.units, table.labels[rows], self.num_folds, seed=self.seed)
        return rows[folds != self.fold], rows[folds == self.fold]


NO_HOLDOUT = Holdout()


def notify_holdout(num_rows: int, num_train: int, *, quiet: bool) -> None:
    """Say which rows choose from now on."""
    notify(
        f"{num_rows} training rows are held back to choose by, and {num_train} train; "
        'learn.hold_back(0) gives them back, choose_on="valid" holds back none.',
        quiet=quiet,
    )
