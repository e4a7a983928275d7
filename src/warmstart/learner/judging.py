"""Probabilities of a table's rows, averaged over views."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.inputs import stored_blocks
from warmstart.batches.source import PixelSource
from warmstart.inference.predictor import Predictor
from warmstart.inference.table_activations import TableActivations
from warmstart.learner.checks import view_shares
from warmstart.learner.feeding import Feeding
from warmstart.results.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Judge:
    """A predictor and the rows that it is asked about; ``store`` may have their activations."""

    predictor: Predictor
    source: PixelSource
    store: TableActivations | None

    def predictions(
        self, split: str, views: list[int], plain_weight: float | None = None
    ) -> Predictions:
        """The mean over some views, of probabilities that each have their temperature already.

        Args:
            split: "train", "valid" or "test".
            views: The first of them the plain one.
            plain_weight: Its share; None weighs all alike.

        Returns:
            Predictions, in table order.
        """
        table = self.source.table
        rows = table.rows(split)
        shares = view_shares(len(views), plain_weight)
        parts = [share * self.chances(rows, v) for share, v in zip(shares, views, strict=True)]
        names = tuple(table.names[row] for row in rows)
        return Predictions(
            names,
            np.sum(parts, axis=0),
            table.labels[rows],
            table.classes,
            answering=self.predictor.card.answering,
        )

    def chances(self, rows: NDArray[np.int64], view: int) -> NDArray[np.float64]:
        """Probabilities (N, K) of one view of some rows."""
        predictor = self.predictor
        if self.store is None:
            return predictor.rows(partial(self.rendered, rows, view), len(rows))
        space, keys = Feeding(self.store, self.source, precompute=True).stored(rows, view)
        blocks = stored_blocks(space, space.locate(keys), predictor.frozen.device)
        return predictor.chances(blocks)

    def rendered(self, rows: NDArray[np.int64], view: int, position: int) -> NDArray[np.uint8]:
        """The pixels of one of some rows."""
        return self.source.render(int(rows[position]), view)
