"""Progress of a fit in one file, replaced whole or not at all."""

import hashlib
import time
from dataclasses import dataclass, field, fields
from math import inf
from pathlib import Path

import torch
from torch import Tensor

from warmstart.errors import FileError, TrainingError
from warmstart.files.strict import convert
from warmstart.files.writing import remove_stale
from warmstart.results.history import History
from warmstart.training.sealed import raise_damaged, read_sealed, write_sealed

FORMAT = "warmstart-checkpoint-3"
SECONDS_BETWEEN = 60.0  # within an epoch; an epoch's end is always written


@dataclass(eq=False)
class Progress:
    """Where a fit is, and what was chosen by measuring: the fields of ``StepMode``, threads."""

    tensors: dict[str, Tensor]
    epoch: int
    step: int
    loss_sum: float
    num_rows: int
    seconds: float
    is_finished: bool
    history: History
    precision: str = "f32"
    best_loss: float = inf
    best_score: float = -inf
    num_stale_epochs: int = 0
    micro_rows: int = 0
    is_twice: bool = False
    is_compiled: bool = False
    compiling: str = ""
    num_threads: int = field(default_factory=torch.get_num_threads)


@dataclass(frozen=True)
class CheckpointCard:
    """What a checkpoint says beside its tensors: whose it is, and the fields of ``Progress``."""

    format: str
    identity: str
    history: str
    epoch: int
    step: int
    loss_sum: float
    num_rows: int
    seconds: float
    is_finished: bool
    precision: str
    best_loss: float
    best_score: float
    num_stale_epochs: int
    num_threads: int
    micro_rows: int = 0  # earlier versions passed whole batches, and these fits go on so
    is_twice: bool = False
    is_compiled: bool = False
    compiling: str = ""


PLAIN = tuple(f.name for f in fields(Progress) if f.name not in {"tensors", "history"})


class Checkpoint:
    """One fit's file, and beside it one file per snapshot."""

    def __init__(self, path: Path, *, seconds_between: float = SECONDS_BETWEEN) -> None:
        """Use ``path``; its folder is made."""
        self.path, self.seconds_between = path, seconds_between
        path.parent.mkdir(parents=True, exist_ok=True)
        self._identity = ""
        self._written = time.monotonic()

    @property
    def key(self) -> str:
        """Whose file it is, and where: the same whenever this fit goes on."""
        whole = f"{self._identity} {self.path.resolve()}"
        return hashlib.sha256(whole.encode(errors="backslashreplace")).hexdigest()

    def is_due(self) -> bool:
        """Whether the last writing is long enough ago."""
        return time.monotonic() - self._written >= self.seconds_between

    def save(self, progress: Progress) -> None:
        """Write, fsync, rename."""
        card = {name: getattr(progress, name) for name in PLAIN}
        card |= {"format": FORMAT, "identity": self._identity}
        card |= {"history": progress.history.to_jsonl()}
        write_sealed(self.path, progress.tensors, card)
        self._written = time.monotonic()

    def load(self, identity: str) -> Progress | None:
        """What was written last, or None; what a killed writer left is removed.

        Args:
            identity: Of the fit that wants to go on.

        Raises:
            TrainingError: the file is damaged, belongs to another fit, or has another format.
        """
        self._identity = identity
        for number in range(len(self.snapshot_paths()) + 1):
            remove_stale(self.path.parent, self.snapshot_path(number).name, is_locked=True)
        remove_stale(self.path.parent, self.path.name, is_locked=True)
        if not self.path.exists():
            return None
        tensors, card = read_sealed(self.path)
        if card.get("format") != FORMAT or card.get("identity") != identity:
            raise TrainingError(
                f"{self.path} belongs to another fit: its data, settings or starting weights "
                "differ.",
                expected="the same arguments, data and seed as when the checkpoint was written.",
                fix=f"use another folder, or delete this one: rm -r {self.path.parent}",
            )
        try:
            found = convert(card, CheckpointCard, str(self.path))
            history = History.from_jsonl(found.history, str(self.path))
        except FileError as error:
            raise_damaged(self.path, error.what)
        plain = {name: getattr(found, name) for name in PLAIN}
        return Progress(tensors=tensors, history=history, **plain)

    def discard(self) -> None:
        """Delete what this fit has written."""
        for path in (self.path, *self.snapshot_paths()):
            path.unlink(missing_ok=True)

    def save_snapshot(self, number: int, tensors: dict[str, Tensor]) -> None:
        """Keep the weights at the end of cycle ``number``, counted from 0."""
        card = {"format": FORMAT, "identity": self._identity, "cycle": number}
        write_sealed(self.snapshot_path(number), tensors, card)

    def snapshot_path(self, number: int) -> Path:
        """Where the weights at the end of a cycle are."""
        return self.path.with_name(f"{self.path.stem}-cycle-{number}{self.path.suffix}")

    def snapshot_paths(self) -> list[Path]:
        """All that are there, in the order of the cycles."""
        paths: list[Path] = []
        while (path := self.snapshot_path(len(paths))).exists():
            paths.append(path)
        return paths

    def snapshots(self) -> list[dict[str, Tensor]]:
        """Weights at the end of each cycle of the fit that was loaded or saved last.

        Raises:
            TrainingError: one is damaged, or another fit wrote it.
        """
        found = []
        for path in self.snapshot_paths():
            tensors, card = read_sealed(path)
            if card.get("identity") != self._identity:
                raise TrainingError(
                    f"{path} belongs to another fit.",
                    expected="snapshots of the fit whose checkpoint lies beside them.",
                    fix=f"delete it: rm {path}",
                )
            found.append(tensors)
        return found
