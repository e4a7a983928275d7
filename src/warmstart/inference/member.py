"""One of the networks that answer together, or the only one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.activations.frozen_part import FrozenPart
from warmstart.activations.inputs import regroup
from warmstart.batches.rendering import PixelBlock, stream_pixels
from warmstart.batches.source import num_cores
from warmstart.errors import UnreadableImageError
from warmstart.images.view import ViewRecipe
from warmstart.metrics.known_features import KnownFeatures
from warmstart.terminal.waiting import waiting
from warmstart.training.probabilities import BLOCK_ROWS, highest_logits

Render = Callable[[int], NDArray[np.uint8]]
"""Position of a row → its pixels (size, size, 3) uint8, as one member sees it."""


@dataclass(frozen=True, eq=False)
class NetworkMember:
    """Pixels through the frozen part's runner, then through the head.

    ``model`` is the whole as an ordinary module; ``recipe`` says how it sees a picture.
    """

    model: nn.Module
    frozen: FrozenPart
    head: nn.Module
    recipe: ViewRecipe

    def blocks(
        self, render: Render, rows: range, failures: list[UnreadableImageError]
    ) -> Iterator[Tensor]:
        """What enters the head, in blocks of BLOCK_ROWS; all rows are rendered before the first.

        Args:
            render: What renders them.
            rows: Positions.
            failures: Takes the pictures that cannot be read; then the blocks are of no use.
        """
        runner = self.frozen.runner
        stream = stream_pixels(render, rows, block=runner.batch, num_threads=num_cores())
        outputs = []
        with waiting("predicting", len(rows), "images") as wait:
            for block, values in runner.run(noting(stream, failures)):
                outputs.append(values)
                wait.advance(len(block.rows) + len(block.failures))
        if not failures:
            sizes = [min(BLOCK_ROWS, len(rows) - i) for i in range(0, len(rows), BLOCK_ROWS)]
            yield from regroup(iter(outputs), sizes, self.frozen.device)

    def known_scores(self, known: KnownFeatures, blocks: Sequence[Tensor]) -> NDArray[np.float64]:
        """How well each row (N,) is known.

        Args:
            known: What its training pictures looked like to this network.
            blocks: What enters the head.
        """
        return known.score(features_of(blocks), highest_logits(self.head, blocks))


def features_of(blocks: Sequence[Tensor]) -> NDArray[np.float32]:
    """Pooled rows (N, D) of blocks, of which there is one at least."""
    return np.concatenate([block.float().cpu().numpy() for block in blocks])


def noting(
    blocks: Iterator[PixelBlock], failures: list[UnreadableImageError]
) -> Iterator[PixelBlock]:
    """Blocks as they come, their failures put into the list."""
    for block in blocks:
        failures += block.failures
        yield block
