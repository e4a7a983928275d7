"""A head that was fitted, kept so that it need not be fitted again after a stop."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from warmstart.errors import FileError, TrainingError
from warmstart.files.strict import convert
from warmstart.learner.head_rows import HeadRows
from warmstart.results.head_fit import HeadFit
from warmstart.training.head import build_head
from warmstart.training.head_card import LogisticHeadCard
from warmstart.training.sealed import raise_damaged, read_sealed, write_sealed

FORMAT = "warmstart-head-1"
OUT_OF_FOLD = "out_of_fold"
ROWS_FORMAT = "warmstart-head-rows-1"


@dataclass(frozen=True, eq=False)
class FittedHead:
    """A logistic head, ``out_of_fold`` (N, K) probabilities, and the record of the fit.

    ``rate`` is that of the MLP, which takes its place if ``record.head`` says so; 0 if it was not
    tried.
    """

    module: nn.Module
    card: LogisticHeadCard
    out_of_fold: NDArray[np.float64]
    record: HeadFit
    rate: float


@dataclass(frozen=True)
class HeadEntry:
    """What the file says beside its tensors."""

    format: str
    identity: str
    record: HeadFit
    card: LogisticHeadCard
    rate: float


@dataclass(frozen=True)
class RowsEntry:
    """What is written before a head is fitted: whether its rows stay in the store."""

    format: str
    is_streamed: bool


def kept_streaming(path: Path, measured: bool) -> bool:
    """Whether rows stay in the store: as it was when the fit began, whatever memory there is now.

    Args:
        path: Where that is kept; it is written if there is none.
        measured: What is so now.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_sealed(path, {}, asdict(RowsEntry(ROWS_FORMAT, measured)))
        return measured
    try:
        entry = convert(read_sealed(path)[1], RowsEntry, str(path))
    except FileError as error:
        raise_damaged(path, error.what)
    if entry.format != ROWS_FORMAT:
        raise_damaged(path, f"its format is {entry.format!r}")
    return entry.is_streamed


class HeadCheckpoint:
    """One file, written once."""

    def __init__(self, path: Path, settings: Mapping[str, Any], rows: HeadRows) -> None:
        """Say where, and what the head depends on."""
        digest = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode())
        for values in (rows.targets, rows.folds, rows.weights):
            digest.update(np.ascontiguousarray(values).tobytes())
        self.path, self.identity = path, digest.hexdigest()

    def load(self) -> FittedHead | None:
        """What was written, None where nothing was.

        Raises:
            TrainingError: it is another fit's, or damaged.
        """
        if not self.path.exists():
            return None
        tensors, entry = read_sealed(self.path)
        if entry.get("format") != FORMAT or entry.get("identity") != self.identity:
            raise TrainingError(
                f"{self.path} belongs to another fit: its data or settings differ.",
                expected="the same arguments and data as when the checkpoint was written.",
                fix=f"use another folder, or delete this one: rm -r {self.path.parent}",
            )
        try:
            saved = convert(entry, HeadEntry, str(self.path))
            module = build_head(saved.card)
            own = {name: tensor.shape for name, tensor in module.state_dict().items()}
            found = tensors.pop(OUT_OF_FOLD, torch.empty(0)).numpy()
            if own != {name: tensor.shape for name, tensor in tensors.items()}:
                raise_damaged(self.path, "its weights are not those of its head")
        except FileError as error:
            raise_damaged(self.path, error.what)
        module.load_state_dict(tensors)
        return FittedHead(module, saved.card, found, saved.record, saved.rate)

    def save(self, fitted: FittedHead) -> None:
        """Write, fsync, rename."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        tensors = fitted.module.state_dict()
        tensors[OUT_OF_FOLD] = torch.from_numpy(fitted.out_of_fold)
        entry = {"record": asdict(fitted.record), "card": asdict(fitted.card), "rate": fitted.rate}
        write_sealed(self.path, tensors, {"format": FORMAT, "identity": self.identity, **entry})
