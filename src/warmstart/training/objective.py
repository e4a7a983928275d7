"""What is minimised, and how well it goes on rows that do not train."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


@runtime_checkable
class Inputs(Protocol):
    """Where batches come from; whether they are pixels or activations only it knows."""

    def train(self, batches: Sequence[NDArray[np.int64]], epoch: int) -> Iterator[Tensor]:
        """The inputs of each batch of training positions, as epoch ``epoch`` sees them."""

    def valid(self) -> Iterator[Tensor]:
        """The inputs of all validation rows, in order."""


@dataclass(frozen=True, eq=False)
class Targets:
    """What the loss compares with.

    ``train`` (N,) int64 classes, or (N, K) float 0/1 where a row may have several labels;
    ``valid`` likewise.
    """

    train: Tensor
    valid: Tensor

    @property
    def is_multi_label(self) -> bool:
        """Whether a row may have several labels."""
        return self.train.ndim == 2


def row_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """The loss of each row (N,): cross-entropy, or the mean binary one over the classes."""
    if targets.ndim == 2:
        return nn.functional.binary_cross_entropy_with_logits(
            logits, targets, reduction="none"
        ).mean(dim=1)
    return nn.functional.cross_entropy(logits, targets, reduction="none")


@dataclass(frozen=True)
class Evaluation:
    """Mean loss, and the share of rows whose every label is right (N = num_rows)."""

    loss: float
    accuracy: float
    num_rows: int


def evaluate(module: nn.Module, inputs: Inputs, targets: Targets) -> Evaluation | None:
    """Judge on the validation rows: sums are counted in float64 and divided once.

    Args:
        module: Put into eval mode, and back as it was.
        inputs: Whose ``valid`` rows are seen.
        targets: Their labels.

    Returns:
        None where there is no validation row.
    """
    if len(targets.valid) == 0:
        return None
    was_training = module.training
    module.eval()
    loss, right, start = 0.0, 0, 0
    try:
        with torch.inference_mode():
            for batch in inputs.valid():
                logits = module(batch).float()
                wanted = targets.valid[start : start + len(logits)].to(logits.device)
                loss += float(row_losses(logits, wanted).double().sum())
                right += int(rows_right(logits, wanted).sum())
                start += len(logits)
    finally:
        module.train(was_training)
    return Evaluation(loss / start, right / start, start)


def rows_right(logits: Tensor, targets: Tensor) -> Tensor:
    """(N,) bool: the most probable class is the label, or all labels are right at 0.5."""
    if targets.ndim == 2:
        return ((logits > 0) == (targets > 0.5)).all(dim=1)
    return logits.argmax(dim=1) == targets
