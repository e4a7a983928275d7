"""Inputs, targets, and the loss of each row that is minimised."""

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


@runtime_checkable
class HasMode(Protocol):
    """What says in which arithmetic rows were evaluated."""

    @property
    def mode(self) -> str:
        """Runner, version, number type and instruction set."""


@dataclass(frozen=True, eq=False)
class Evaluator:
    """How rows that do not train are judged, where it is not by the module that trains.

    ``module`` takes what ``Inputs.valid`` and ``choice`` give, in float32; ``inputs`` know the
    arithmetic of what lies before it.
    """

    module: nn.Module
    inputs: HasMode


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

    @property
    def num_classes(self) -> int:
        """How many classes there are, as far as training rows show; two where labels are many."""
        has_classes = not self.is_multi_label and len(self.train) > 0
        return int(self.train.max()) + 1 if has_classes else 2


def loss_per_row(
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


def sent_to(values: Tensor, device: torch.device) -> Tensor:
    """Labels and the like on another device, without waiting for what that is still to do."""
    if device.type == "cuda" and values.device.type == "cpu":
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)
