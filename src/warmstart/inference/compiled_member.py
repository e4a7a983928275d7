"""A network whose frozen part was compiled by an earlier run: it answers without torch."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.openvino_runner import OpenVinoRunner
from warmstart.errors import UnreadableImageError
from warmstart.images.view import ViewRecipe
from warmstart.inference.member import ModelMember, Render, outputs_of
from warmstart.training.logistic_answers import LogisticAnswers

BLOCK_ROWS = 256  # whose logits are computed at once


@dataclass(frozen=True, eq=False)
class CompiledMember(ModelMember):
    """Pixels through a kept graph, then through a logistic head: the bits of ``NetworkMember``."""

    runner: OpenVinoRunner
    head: LogisticAnswers
    recipe: ViewRecipe

    @property
    def mode(self) -> str:
        """Of the graph."""
        return self.runner.mode

    @property
    def batch(self) -> int:
        """Of the graph's runner."""
        return self.runner.batch

    @property
    def num_features(self) -> int:
        """D of the pooled row that enters the head."""
        return self.runner.row_shape[0]

    def blocks(
        self, render: Render, rows: range, failures: list[UnreadableImageError]
    ) -> Iterator[NDArray[np.float32]]:
        """What enters the head; all rows are rendered before the first block.

        Args:
            render: What renders them.
            rows: Positions.
            failures: Takes the pictures that cannot be read; then the blocks are of no use.
        """
        outputs = outputs_of(self.runner, render, rows, failures)
        if rows and not failures:
            joined = np.concatenate(outputs)
            for start in range(0, len(joined), BLOCK_ROWS):
                yield joined[start : start + BLOCK_ROWS].astype(np.float32)

    def logits(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float64]]:
        """Logits (n, K) of each block."""
        return map(self.head.logits, blocks)

    def features(self, blocks: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Pooled rows (N, D) of blocks, of which there is one at least."""
        return np.concatenate(blocks)
