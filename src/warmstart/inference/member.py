"""What a predictor asks of each network that answers; it needs no torch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.runner import PrefixRunner
from warmstart.batches.rendering import PixelBlock, View, stream_pixels
from warmstart.batches.source import ViewsOnDevice, num_cores
from warmstart.errors import UnreadableImageError
from warmstart.images.view import ViewRecipe
from warmstart.metrics.known_features import KnownFeatures
from warmstart.terminal.waiting import waiting

Render = Callable[[int], View]
"""Position of a row → its pixels (size, size, 3) uint8, as one member sees it."""


class ModelMember(ABC):
    """One of the networks that answer together, or the only one: a frozen part, and a head.

    ``recipe`` says how it sees a picture. Blocks of what enters the head are the member's own:
    arrays, or tensors on its device.
    """

    recipe: ViewRecipe

    @property
    @abstractmethod
    def mode(self) -> str:
        """Its numeric mode."""

    @property
    @abstractmethod
    def batch(self) -> int:
        """Rows that its frozen part takes at once."""

    @property
    def views_on(self) -> ViewsOnDevice | None:
        """What makes views for it on a device; None where the processor's threads do."""
        return None

    @property
    @abstractmethod
    def num_features(self) -> int:
        """D of the pooled row that enters the head."""

    @abstractmethod
    def blocks(
        self, render: Render, rows: range, failures: list[UnreadableImageError]
    ) -> Iterator[Any]:
        """What enters the head, in blocks; all rows are rendered before the first.

        Args:
            render: What renders them.
            rows: Positions.
            failures: Takes the pictures that cannot be read; then the blocks are of no use.
        """

    @abstractmethod
    def logits(self, blocks: Iterable[Any]) -> Iterator[NDArray[np.float64]]:
        """Logits (n, K) of each block."""

    @abstractmethod
    def features(self, blocks: Sequence[Any]) -> NDArray[np.float32]:
        """Pooled rows (N, D) of blocks, of which there is one at least."""

    def known_scores(self, known: KnownFeatures, blocks: Sequence[Any]) -> NDArray[np.float64]:
        """How well each row (N,) is known.

        Args:
            known: What its training pictures looked like to this network.
            blocks: What enters the head.
        """
        highest = [logits.max(axis=1) for logits in self.logits(blocks)]
        return known.score(self.features(blocks), np.concatenate(highest))


def outputs_of(
    runner: PrefixRunner, render: Render, rows: range, failures: list[UnreadableImageError]
) -> list[NDArray[np.generic]]:
    """What a frozen part's runner gives for rendered rows, in parts; arguments as of ``blocks``."""
    stream = stream_pixels(render, rows, block=runner.batch, num_threads=num_cores())
    outputs = []
    with waiting("predicting", len(rows), "images") as wait:
        for block, values in runner.run(noting(stream, failures)):
            outputs.append(values)
            wait.advance(len(block.rows) + len(block.failures))
    return outputs


def noting(
    blocks: Iterator[PixelBlock], failures: list[UnreadableImageError]
) -> Iterator[PixelBlock]:
    """Blocks as they come, their failures put into the list."""
    for block in blocks:
        failures += block.failures
        yield block
