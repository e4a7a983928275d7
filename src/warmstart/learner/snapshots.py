"""One answer from the weights at the end of each cycle of a fit.

Reference: Huang, Li, Pleiss, Liu, Hopcroft, Weinberger 2017, Snapshot Ensembles, arXiv 1704.00109.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor, nn

from warmstart.errors import SettingError
from warmstart.results.predictions import Predictions
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.state import clone_tensors, module_state, put_state


@dataclass(frozen=True, eq=False)
class Snapshots:
    """What a fit trained, and where it left the weights of its cycles."""

    module: nn.Module
    checkpoint: Checkpoint | None

    def mean(self, predict: Callable[[], Predictions], moved: Callable[[], None]) -> Predictions:
        """Predict with the weights of each snapshot, and average the probabilities.

        Args:
            predict: Predictions of the same rows with the weights of the moment.
            moved: Told whenever the weights have become others.

        Returns:
            The mean; the weights are afterwards what they were before.

        Raises:
            SettingError: the last fit left no snapshot.
        """
        states = [] if self.checkpoint is None else self.checkpoint.snapshots()
        if not states:
            raise SettingError(
                "the last fit left no snapshots of its weights.",
                expected="a fit with has_snapshots=True, whose cycles have ended.",
                fix='learn.fit(0.01, 3, cycle_len=1, checkpoint="run", has_snapshots=True)',
            )
        parts = []
        for state in states:
            with other_weights(self.module, state, moved):
                parts.append(predict())
        mean = np.mean([p.probabilities for p in parts], axis=0)
        scores = parts[0].known_scores
        if scores is not None:  # what is known is so to the weights that are there now
            scores = predict().known_scores
        return replace(parts[0], probabilities=mean, known_scores=scores)


@contextmanager
def other_weights(
    module: nn.Module, tensors: dict[str, Tensor], moved: Callable[[], None]
) -> Iterator[None]:
    """Other parameters and buffers for a while; also after an error the old ones are put back."""
    own = clone_tensors(module_state(module))
    try:
        put_state(module, tensors)
        moved()
        yield
    finally:
        put_state(module, own)
        moved()
