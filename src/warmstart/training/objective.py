"""Inputs, targets, and how well it goes on rows that do not train."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.errors import TrainingError
from warmstart.evaluation.counts import ClassCounts, macro_f1
from warmstart.training.arithmetic import in_arithmetic
from warmstart.training.row_loss import row_losses
from warmstart.training.state import kept_modes


@runtime_checkable
class Inputs(Protocol):
    """Where batches come from; whether they are pixels or activations only it knows."""

    def train(
        self,
        batches: Sequence[NDArray[np.int64]],
        epoch: int,
        draws: Sequence[NDArray[np.int64]] | None = None,
    ) -> Iterator[Tensor]:
        """The inputs of each batch of training positions, as epoch ``epoch`` sees them.

        ``draws`` say of each position the epoch that sees it in its stead, if they are not alike.
        """

    def valid(self) -> Iterator[Tensor]:
        """The inputs of all validation rows, in order."""


@runtime_checkable
class ChoosingInputs(Inputs, Protocol):
    """Inputs with rows that neither train nor judge, but choose the best epoch."""

    def choice(self) -> Iterator[Tensor]:
        """The inputs of all those rows, in order."""


@dataclass(frozen=True, eq=False)
class Targets:
    """What the loss compares with.

    ``train`` (N,) int64 classes, or (N, K) float 0/1 where a row may have several labels;
    ``valid`` likewise, and ``choice``, of rows held back to choose the best epoch by.
    """

    train: Tensor
    valid: Tensor
    choice: Tensor | None = None

    @property
    def is_multi_label(self) -> bool:
        """Whether a row may have several labels."""
        return self.train.ndim == 2


@dataclass(frozen=True)
class Evaluation:
    """Mean loss, the share of rows whose every label is right (N = num_rows), and macro F1."""

    loss: float
    accuracy: float
    num_rows: int
    macro_f1: float


def evaluate(
    module: nn.Module, inputs: Inputs, targets: Targets, precision: str = "f32"
) -> Evaluation | None:
    """Judge on the validation rows.

    Args:
        module: Put into eval mode, and back as it was.
        inputs: Whose ``valid`` rows are seen.
        targets: Their labels.
        precision: "f32" or "bf16".

    Returns:
        None where there is no validation row.
    """
    if not len(targets.valid):
        return None
    return judged(module, inputs.valid(), targets.valid, precision)


def judged(
    module: nn.Module, batches: Iterable[Tensor], wanted: Tensor, precision: str = "f32"
) -> Evaluation:
    """Mean loss, accuracy and macro F1: sums are counted in float64 and divided once.

    Args:
        module: Put into eval mode, and back as it was.
        batches: Inputs of all rows, in order.
        wanted: Their targets.
        precision: "f32" or "bf16".

    Raises:
        TrainingError: there are more or fewer inputs than targets.
    """
    loss, right, start = 0.0, 0, 0
    counts, run = torch.zeros((3, 1), dtype=torch.int64), in_arithmetic(module, precision)
    with kept_modes(module), torch.inference_mode():
        module.eval()
        for batch in batches:
            logits = run(batch).float()
            part = wanted[start : start + len(logits)].to(logits.device)
            start += len(logits)
            if start > len(wanted):
                break
            loss += float(row_losses(logits, part).double().sum())
            right += int(rows_right(logits, part).sum())
            counts = counts + class_counts(logits, part).cpu()
    if start != len(wanted):
        raise TrainingError(
            f"the inputs to judge by have {start} rows or more, their labels {len(wanted)}.",
            expected="one label per row.",
            fix="build inputs and targets from the same table.",
        )
    hits, called, rows = counts.double().numpy()
    f1 = macro_f1(ClassCounts(hits, called, rows), all_classes=wanted.ndim == 2)
    return Evaluation(loss / start, right / start, start, f1)


def class_counts(logits: Tensor, targets: Tensor) -> Tensor:
    """Per class (3, K): rows that are right, called so, and truly so."""
    if targets.ndim == 2:
        said, so = logits > 0, targets > 0.5
    else:
        every = torch.arange(logits.shape[1], device=logits.device)
        said, so = logits.argmax(dim=1)[:, None] == every, targets[:, None] == every
    return torch.stack([(said & so).sum(dim=0), said.sum(dim=0), so.sum(dim=0)])


def rows_right(logits: Tensor, targets: Tensor) -> Tensor:
    """(N,) bool: the most probable class is the label, or all labels are right at 0.5."""
    if targets.ndim == 2:
        return ((logits > 0) == (targets > 0.5)).all(dim=1)
    return logits.argmax(dim=1) == targets
