"""Probabilities of a table's rows, averaged over views."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.inputs import stored_blocks
from warmstart.batches.source import PixelSource
from warmstart.data.table import damaged_notes
from warmstart.inference.averaging import mean_over_views
from warmstart.inference.predictor import Predictor
from warmstart.inference.table_activations import TableActivations
from warmstart.learner.feeding import Feeding
from warmstart.results.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Judge:
    """A predictor and the rows that it is asked about; ``store`` may have their activations.

    ``chosen_on_these`` names what the rows have chosen (law 15).
    """

    predictor: Predictor
    source: PixelSource
    store: TableActivations | None
    chosen_on_these: tuple[str, ...] = ()

    def predictions(
        self, rows: NDArray[np.int64], n_aug: int = 0, plain_weight: float | None = None
    ) -> Predictions:
        """The mean over the plain view and some augmented ones, each at its temperature already.

        Args:
            rows: Positions in the table.
            n_aug: How many augmented views.
            plain_weight: Share of the plain view; None weighs all alike.

        Returns:
            Predictions, in table order.
        """
        table = self.source.table
        chances = mean_over_views(partial(self.chances, rows), n_aug, plain_weight)
        names = tuple(table.names[row] for row in rows)
        damaged = tuple(item for item in table.damaged if item.name in set(names))
        return Predictions(
            names,
            chances,
            table.labels[rows],
            table.classes,
            answering=self.predictor.card.answering,
            chosen_on_these=self.chosen_on_these,
            notes=damaged_notes(damaged),
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
