"""Inputs, targets, and how well it goes on rows that do not train."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.errors import TrainingError
from warmstart.metrics.evaluate import BriefScores, brief_scores
from warmstart.training.probabilities import probabilities


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
class Judging:
    """How rows that do not train are judged, where it is not by the module that trains.

    ``module`` takes what ``Inputs.valid`` and ``choice`` give, in float32; ``mode`` is asked
    afterwards for the arithmetic of what lies before it.
    """

    module: nn.Module
    mode: Callable[[], str]


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


def evaluate(
    module: nn.Module, inputs: Inputs, targets: Targets, precision: str = "f32"
) -> BriefScores | None:
    """Judge on the validation rows.

    Args:
        module: What ``inputs.valid()`` enters; it ends in the mode that it was in.
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
    module: nn.Module, blocks: Iterable[Tensor], wanted: Tensor, precision: str = "f32"
) -> BriefScores:
    """Mean loss, accuracy and macro F1 of what a saved model would answer.

    Args:
        module: It ends in the mode that it was in.
        blocks: Inputs of all rows, in order, at most ``BLOCK_ROWS`` at a time.
        wanted: Their targets, one or more.
        precision: "f32" or "bf16".

    Raises:
        TrainingError: there are more or fewer inputs than targets.
    """
    chances = probabilities(module, blocks, is_multi_label=wanted.ndim == 2, precision=precision)
    if len(chances) != len(wanted):
        raise TrainingError(
            f"the inputs to judge by have {len(chances)} rows, their labels {len(wanted)}.",
            expected="one label per row.",
            fix="build inputs and targets from the same table.",
        )
    return brief_scores(chances, wanted.cpu().numpy().astype(np.int64))
