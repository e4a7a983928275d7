"""What a learner says of rows and images."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from warmstart.activations.inputs import (
    RenderedRows,
    RowPixels,
    SomePixels,
    StoredPixels,
    stored_blocks,
)
from warmstart.activations.table_activations import TableActivations
from warmstart.arguments import shortly
from warmstart.batches.source import PixelSource
from warmstart.data.table import SPLITS, ImageTable, damaged_notes
from warmstart.errors import SettingError, UnreadableImageError, UnreadableImagesError
from warmstart.inference.averaging import mean_over_views, tta_augmentation
from warmstart.inference.evaluation import ITSELF
from warmstart.inference.predictor import Predictor
from warmstart.learner.cross_validation import check_frozen
from warmstart.learner.holdout import SHARE, Holdout
from warmstart.learner.reading import read_inputs
from warmstart.learner.state import LearnerState
from warmstart.ranks.ranks import ALONE, current_ranks
from warmstart.results.predictions import Predictions
from warmstart.terminal.waiting import waits

HELD_BACK = "held_back"  # what users call rows of the holdout
QUOTE = "'"


@dataclass(frozen=True, eq=False)
class TablePredictor:
    """A predictor and the table that it is asked about; ``store`` may have its activations.

    ``chosen_on_these`` names what the rows have chosen (law 15). ``others`` are the tables as the
    networks beside the first see them, of a predictor that has several; all are stored. ``pixels``
    keeps plain views of a table whose activations are not stored.
    """

    predictor: Predictor
    source: PixelSource
    store: TableActivations | None
    chosen_on_these: tuple[str, ...] = ()
    others: "tuple[TablePredictor, ...]" = ()
    pixels: TableActivations | None = None

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
        scores: dict[int, NDArray[np.float64] | None] = {}  # those of the plain view are kept

        def probabilities(view: int) -> NDArray[np.float64]:
            found, scores[view] = self.rows_and_scores(rows, view)
            return found

        mean = mean_over_views(probabilities, n_aug, plain_weight)
        names = tuple(table.names[row] for row in rows)
        damaged = tuple(item for item in table.damaged if item.name in set(names))
        return Predictions(
            names,
            mean,
            table.labels[rows],
            table.classes,
            answering=self.predictor.card.answering,
            chosen_on_these=self.chosen_on_these,
            notes=damaged_notes(damaged),
            known_scores=scores[0],
        )

    def rows_and_scores(
        self, rows: NDArray[np.int64], view: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Probabilities (N, K) of one view of some rows, and how well each is known."""
        known = self.predictor.known
        if self.store is None:
            return self._asked_together(rows, view)
        streams = [
            stored_rows(each.store, each.source, rows, view)
            for each in (self, *self.others)
            if each.store is not None
        ]
        found = self.predictor.probabilities(streams)
        if known is None or view != 0:
            return found, None
        blocks = list(stored_rows(self.store, self.source, rows, view))
        return found, self.predictor.members[0].known_scores(known, blocks)

    def _asked_together(
        self, rows: NDArray[np.int64], view: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Likewise, through the network; of several processes each asks it of its share."""
        ranks = current_ranks()
        if len(rows) < ranks.size:
            ranks = ALONE
        own = SomePixels(self.rendered(rows, view), ranks.share(np.arange(len(rows))))
        found, scores = self.predictor.rows_and_scores(own.render, len(own))
        found = ranks.gathered("predictions", found)
        return found, None if scores is None else ranks.gathered("scores of rows", scores)

    def blocks(self, rows: NDArray[np.int64]) -> list[Tensor]:
        """What enters the head, of the plain view of some rows that have been read.

        Raises:
            UnreadableImagesError: some cannot be decoded now.
        """
        if self.store is not None:
            return list(stored_rows(self.store, self.source, rows, 0))
        failures: list[UnreadableImageError] = []
        rendered = self.rendered(rows, 0)
        member = self.predictor.members[0]
        blocks = list(member.blocks(rendered.render, range(len(rows)), failures))
        if failures:
            raise UnreadableImagesError(failures)
        return blocks

    def rendered(self, rows: NDArray[np.int64], view: int) -> RowPixels:
        """Pixels of one view of some rows; of the plain one those that are kept, if they are."""
        if view or self.pixels is None:
            return RenderedRows(self.source.for_networks, rows, view)
        namespace, keys = self.pixels.stored(self.source, rows)
        return StoredPixels(namespace, namespace.locate(keys))


def stored_rows(
    store: TableActivations, source: PixelSource, rows: NDArray[np.int64], view: int
) -> Iterable[Tensor]:
    """Blocks of activations of one view of some rows."""
    namespace, keys = store.stored(source, rows, view)
    return stored_blocks(namespace, namespace.locate(keys), store.frozen.device)


def table_predictor(learn: LearnerState, split: str) -> TablePredictor:
    """What predicts rows of a split; its images have been read, or stored."""
    rows_of_split(learn.data.table, split, learn.holdout)
    read_inputs(learn, (split,) if split == "test" else ("train", "valid"))
    keeps = learn.precompute is not False and learn.layers.cut is None
    store = learn.parts.pooled() if keeps else None
    chosen = learn.chosen_on_valid if split == "valid" else ()
    if split == "train" and learn.num_fits:
        chosen = (ITSELF,)
    keeps_pixels = learn.keeps_pixels and learn.layers.cut is not None and split == "valid"
    pixels = learn.parts.plain(learn.layers) if keeps_pixels else None
    return TablePredictor(learn.predictor(), learn.source, store, chosen, pixels=pixels)


@waits("predicting")
def predict_rows(learn: LearnerState, what: Any) -> Predictions:
    """Probabilities of a split's rows, or of any images."""
    if not (isinstance(what, str) and what in (*SPLITS, HELD_BACK)):
        uses = "use" if learn.data.on_unreadable == "use" else "raise"
        return learn.predictor().predict(what, on_unreadable=uses)
    return predict_views(learn, 0, what)


@waits("predicting")
def predict_views(
    learn: LearnerState, n_aug: int, split: str, plain_weight: float | None = None
) -> Predictions:
    """Probabilities of a split, averaged over the plain view and some augmented ones.

    Args:
        learn: The learner.
        n_aug: How many augmented views.
        split: Whose rows.
        plain_weight: Share of the plain view; None weighs all alike.
    """
    asked = table_predictor(learn, split)
    if n_aug > 0 and not asked.source.varies:
        chosen = tta_augmentation(None, quiet=learn.quiet)
        asked = replace(asked, source=replace(asked.source, augmentation=chosen))
    rows = rows_of_split(learn.data.table, split, learn.holdout)
    return asked.predictions(rows, n_aug, plain_weight)


def predict_snapshots(learn: LearnerState, what: Any) -> Predictions:
    """Probabilities averaged over the weights at the end of each cycle of the last fit."""
    has_backbone = learn.snapshots.module is not learn.network.head
    return learn.snapshots.mean(
        lambda: predict_rows(learn, what), lambda: learn.parts.forget(backbone_moved=has_backbone)
    )


def head_inputs(
    learn: LearnerState, split: str, view: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """What enters the head (N, D) of one view of a split's rows, and their labels."""
    rows_of_split(learn.data.table, split)
    check_frozen(learn.layers, has_moved=False)
    inputs = read_inputs(learn, (split,), view or True)
    rows = inputs.source.table.rows(split)
    return inputs.rows(rows, view), inputs.source.table.labels[rows]


def content_hashes(learn: LearnerState, split: str) -> list[bytes]:
    """The sha256 of each row's image, in table order."""
    rows = rows_of_split(learn.data.table, split)
    return learn.data.source.content_hashes(rows, learn.parts.pooled().hashes)


def rows_of_split(
    table: ImageTable, split: object, holdout: Holdout | None = None
) -> NDArray[np.int64]:
    """Rows of a split (N,), of which there is one at least.

    Args:
        table: Whose.
        split: "train", "valid", "test"; or "held_back", where ``holdout`` is given.
        holdout: Which training rows do not train.

    Raises:
        SettingError: there is none.
    """
    found = {name: table.rows(name) for name in SPLITS}
    if holdout is not None:
        found[HELD_BACK] = holdout.split(table)[1]
    if not isinstance(split, str) or not len(found.get(split, ())):
        here = [name for name, rows in found.items() if len(rows)]
        can_hold = split in set(found) - set(SPLITS) if isinstance(split, str) else False
        raise SettingError(
            f"there is no {shortly(split).strip(QUOTE)} row.",
            expected="one of: " + ", ".join(here) + ".",
            fix=f"learn.hold_back({SHARE}), before learn.fit"
            if can_hold
            else f'pass "{"valid" if "valid" in here else here[0]}".',
        )
    return found[split]
