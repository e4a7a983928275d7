"""Rows that judge a body in training: they pass all of it, as what a saved model is asked does."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.activations.inputs import RenderedRows, computed_blocks
from warmstart.batches.source import num_cores
from warmstart.inference.frozen_part import FrozenPart
from warmstart.inference.table_activations import TableActivations
from warmstart.training.objective import Inputs
from warmstart.training.state import kept_modes


@dataclass(eq=False)
class WholeBody:
    """A body that trains, as the frozen part that it is between two epochs.

    ``network`` is what it is a part of; ``frozen_now`` makes it anew, with the weights of now;
    ``plain`` keeps the pixels of rows that judge, None decodes them each time. ``mode`` is the
    numeric mode in which it has judged, "" until then.
    """

    network: nn.Module
    frozen_now: Callable[[], FrozenPart]
    plain: TableActivations | None
    mode: str = ""


@dataclass(frozen=True, eq=False)
class WholeBodyInputs:
    """Inputs of a fit whose validation rows are what enters the head.

    ``training`` gives the batches of rows that train; ``valid_rows`` and ``choice_rows`` render.
    """

    body: WholeBody
    training: Inputs
    valid_rows: RenderedRows
    choice_rows: RenderedRows

    def train(
        self,
        batches: Sequence[NDArray[np.int64]],
        epoch: int,
        draws: Sequence[NDArray[np.int64]] | None = None,
    ) -> Iterator[Tensor]:
        """What crosses the cut, of each batch."""
        return self.training.train(batches, epoch, draws)

    def valid(self) -> Iterator[Tensor]:
        """Pooled rows (B, D) of all validation rows, through the body of now."""
        return self._pooled(self.valid_rows)

    def choice(self) -> Iterator[Tensor]:
        """Likewise of all rows that choose."""
        return self._pooled(self.choice_rows)

    def _pooled(self, rows: RenderedRows) -> Iterator[Tensor]:
        with kept_modes(self.body.network):
            frozen = self.body.frozen_now()
            self.body.mode = frozen.runner.mode
            yield from computed_blocks(frozen.runner, rows, frozen.device, num_cores())
