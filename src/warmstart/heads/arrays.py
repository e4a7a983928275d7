"""Batches out of arrays in memory."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.training.probabilities import BLOCK_ROWS


class ArrayInputs:
    """Training rows (N, D) float32, the same in every epoch; none that are judged meanwhile."""

    def __init__(self, features: NDArray[np.float32], device: torch.device) -> None:
        """Put all rows where the head is."""
        self.features = torch.from_numpy(features).to(device)

    def train(
        self,
        batches: Sequence[NDArray[np.int64]],
        epoch: int,  # noqa: ARG002 - every epoch sees the same
        draws: Sequence[NDArray[np.int64]] | None = None,  # noqa: ARG002 - and every draw
    ) -> Iterator[Tensor]:
        """Each batch (B, D)."""
        for rows in batches:
            yield self.features[torch.from_numpy(rows).to(self.features.device)]

    def valid(self) -> Iterator[Tensor]:
        """Nothing."""
        yield from ()

    def blocks(self) -> Iterator[Tensor]:
        """All rows in order, as ``probabilities`` takes them."""
        yield from torch.split(self.features, BLOCK_ROWS)
