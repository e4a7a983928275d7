"""What is minimised, and how well it goes on rows that do not train."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.errors import TrainingError
from warmstart.evaluation.counts import ClassCounts, macro_f1
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


def row_losses(
    logits: Tensor, targets: Tensor, smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """The loss of each row (N,): cross-entropy, or the mean binary one over the classes.

    Args:
        logits: (N, K).
        targets: (N,) classes, or (N, K) of 0 and 1.
        smoothing: Share of the target that is spread evenly: over the K classes, or over yes and
            no of each class.
        weights: (K,) how much a row of each class counts; of many labels, how much having the
            label counts against not having it.
    """
    if targets.ndim == 2:
        soft = targets * (1 - smoothing) + smoothing / 2 if smoothing else targets
        return nn.functional.binary_cross_entropy_with_logits(
            logits, soft, reduction="none", pos_weight=weights
        ).mean(dim=1)
    losses = nn.functional.cross_entropy(
        logits, targets, reduction="none", label_smoothing=smoothing
    )
    return losses if weights is None else losses * weights[targets]


@dataclass(frozen=True)
class Evaluation:
    """Mean loss, the share of rows whose every label is right (N = num_rows), and macro F1."""

    loss: float
    accuracy: float
    num_rows: int
    macro_f1: float


def evaluate(module: nn.Module, inputs: Inputs, targets: Targets) -> Evaluation | None:
    """Judge on the validation rows.

    Args:
        module: Put into eval mode, and back as it was.
        inputs: Whose ``valid`` rows are seen.
        targets: Their labels.

    Returns:
        None where there is no validation row.
    """
    return judged(module, inputs.valid(), targets.valid) if len(targets.valid) else None


def judged(module: nn.Module, batches: Iterable[Tensor], wanted: Tensor) -> Evaluation:
    """Mean loss, accuracy and macro F1: sums are counted in float64 and divided once.

    Args:
        module: Put into eval mode, and back as it was.
        batches: Inputs of all rows, in order.
        wanted: Their targets.

    Raises:
        TrainingError: there are more or fewer inputs than targets.
    """
    loss, right, start = 0.0, 0, 0
    counts = torch.zeros((3, 1), dtype=torch.int64)
    with kept_modes(module), torch.inference_mode():
        module.eval()
        for batch in batches:
            logits = module(batch).float()
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
