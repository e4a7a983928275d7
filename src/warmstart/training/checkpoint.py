"""Progress of a fit in one file, replaced whole or not at all."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from warmstart.errors import TrainingError
from warmstart.results.history import History

FORMAT = "warmstart-checkpoint-1"
SECONDS_BETWEEN = 60.0  # within an epoch; an epoch's end is always written


@dataclass(eq=False)
class Progress:
    """Where a fit is."""

    tensors: dict[str, Tensor]
    epoch: int
    step: int
    loss_sum: float
    num_rows: int
    seconds: float
    is_finished: bool
    history: History


class Checkpoint:
    """One fit's file. Its checksum is not kept: safetensors refuses a file that is cut short."""

    def __init__(self, path: Path, *, seconds_between: float = SECONDS_BETWEEN) -> None:
        """Use ``path``; its folder is made."""
        self.path, self.seconds_between = path, seconds_between
        path.parent.mkdir(parents=True, exist_ok=True)
        self._identity = ""
        self._written = time.monotonic()

    def is_due(self) -> bool:
        """Whether the last writing is long enough ago."""
        return time.monotonic() - self._written >= self.seconds_between

    def save(self, progress: Progress) -> None:
        """Write, fsync, rename."""
        card = {
            "format": FORMAT,
            "identity": self._identity,
            "epoch": progress.epoch,
            "step": progress.step,
            "loss_sum": progress.loss_sum,
            "num_rows": progress.num_rows,
            "seconds": progress.seconds,
            "is_finished": progress.is_finished,
            "num_threads": torch.get_num_threads(),
            "history": progress.history.to_jsonl(),
        }
        tensors = {name: tensor.contiguous() for name, tensor in progress.tensors.items()}
        content = save(tensors, {"progress": json.dumps(card)})
        temporary = self.path.with_name(f".writing-{os.getpid()}-{self.path.name}")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)
        self._written = time.monotonic()

    def load(self, identity: str) -> Progress | None:
        """What was written last, or None.

        Args:
            identity: Of the fit that wants to go on.

        Raises:
            TrainingError: the file belongs to another fit, or was not written by this format.
        """
        self._identity = identity
        if not self.path.exists():
            return None
        with safe_open(self.path, "pt") as file:
            card = json.loads((file.metadata() or {}).get("progress", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if card.get("format") != FORMAT or card["identity"] != identity:
            raise TrainingError(
                f"{self.path} belongs to another fit: its data, settings or starting weights "
                "differ.",
                expected="the same arguments, data and seed as when the checkpoint was written.",
                fix=f"use another folder, or delete this one: rm -r {self.path.parent}",
            )
        return Progress(
            tensors=tensors,
            epoch=card["epoch"],
            step=card["step"],
            loss_sum=card["loss_sum"],
            num_rows=card["num_rows"],
            seconds=card["seconds"],
            is_finished=card["is_finished"],
            history=History.from_jsonl(card["history"]),
        )
