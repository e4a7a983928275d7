"""A network of torch's that answers, alone or with others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.activations.frozen_part import FrozenPart
from warmstart.activations.inputs import regroup
from warmstart.batches.source import ViewsOnDevice
from warmstart.errors import UnreadableImageError
from warmstart.images.view import ViewRecipe
from warmstart.inference.member import ModelMember, Render, outputs_of
from warmstart.training.probabilities import BLOCK_ROWS, module_logits


@dataclass(frozen=True, eq=False)
class NetworkMember(ModelMember):
    """Pixels through the frozen part's runner, then through the head.

    ``whole`` gives all of it as an ordinary module; ``recipe`` says how it sees a picture.
    """

    whole: Callable[[], nn.Module]
    frozen: FrozenPart
    head: nn.Module
    recipe: ViewRecipe

    @property
    def model(self) -> nn.Module:
        """The whole as an ordinary module."""
        return self.whole()

    @property
    def mode(self) -> str:
        """Of the frozen part."""
        return self.frozen.card.mode

    @property
    def batch(self) -> int:
        """Of the frozen part's runner."""
        return self.frozen.runner.batch

    @property
    def views_on(self) -> ViewsOnDevice | None:
        """Of the frozen part."""
        return self.frozen.views_on

    @property
    def num_features(self) -> int:
        """D of the pooled row that enters the head."""
        return int(self.frozen.card.shape[0])

    def blocks(
        self, render: Render, rows: range, failures: list[UnreadableImageError]
    ) -> Iterator[Tensor]:
        """What enters the head, in blocks of BLOCK_ROWS; all rows are rendered before the first.

        Args:
            render: What renders them.
            rows: Positions.
            failures: Takes the pictures that cannot be read; then the blocks are of no use.
        """
        outputs = outputs_of(self.frozen.runner, render, rows, failures)
        if not failures:
            sizes = [min(BLOCK_ROWS, len(rows) - i) for i in range(0, len(rows), BLOCK_ROWS)]
            yield from regroup(iter(outputs), sizes, self.frozen.device)

    def logits(self, blocks: Iterable[Tensor]) -> Iterator[NDArray[np.float64]]:
        """Logits (n, K) of each block of at most BLOCK_ROWS rows."""
        return module_logits(self.head, blocks)

    def features(self, blocks: Sequence[Tensor]) -> NDArray[np.float32]:
        """Pooled rows (N, D) of blocks, of which there is one at least."""
        return features_of(blocks)


def features_of(blocks: Sequence[Tensor]) -> NDArray[np.float32]:
    """Pooled rows (N, D) of blocks, of which there is one at least."""
    return np.concatenate([block.float().cpu().numpy() for block in blocks])
