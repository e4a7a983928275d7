"""What a learner says of rows and pictures."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import reads
from warmstart.inference.averaging import tta_augmentation
from warmstart.inference.judging import ITSELF
from warmstart.inference.pictures import Picture
from warmstart.learner.arguments import READERS
from warmstart.learner.checks import existing_rows
from warmstart.learner.cross_validation import check_frozen
from warmstart.learner.judging import Judge
from warmstart.learner.learner_state import LearnerState
from warmstart.results.predictions import Predictions

SPLITS = ("train", "valid", "test", "held_back")


class Predicts(LearnerState):
    """A learner that is asked."""

    def predict(self, what: str | Picture | Iterable[Picture] = "valid") -> Predictions:
        """Probabilities of a split's rows, or of any pictures.

        Args:
            what: "train", "valid", "test", "held_back" (training rows that do not train), or paths,
                bytes, PIL images, arrays.

        Returns:
            Predictions, in table order or in the order given: the bits that a predictor loaded
            from ``learn.save`` gives. What is left of damaged JPEGs is used where the data says so;
            ``notes`` name them.
        """
        if not (isinstance(what, str) and what in SPLITS):
            uses = "use" if self.data.on_unreadable == "use" else "raise"
            return self.predictor().predict(what, on_unreadable=uses)
        return self._judge(what).predictions(self._rows(what))

    @reads(**READERS)
    def TTA(  # the note's name
        self, n_aug: int = 4, what: str = "valid", *, plain_weight: float | None = None
    ) -> Predictions:
        """Probabilities averaged over the plain view and some augmented ones.

        Args:
            n_aug: Augmented views of each row, from view 1 on; 0 is ``predict``.
            what: "train", "valid" or "test".
            plain_weight: Share of the plain view in [0, 1]; None weighs all views alike.

        Returns:
            Predictions, in table order. A temperature applies to each view, before the mean. Views
            differ as in training; by "basic" where the data has no augmentation, which is said.
        """
        judge = self._judge(what)
        if n_aug > 0 and not judge.source.varies:
            chosen = tta_augmentation(None, quiet=self.quiet)
            judge = replace(judge, source=replace(judge.source, augmentation=chosen))
        return judge.predictions(self._rows(what), n_aug, plain_weight)

    def predict_snapshots(self, what: str | Picture | Iterable[Picture] = "valid") -> Predictions:
        """Probabilities averaged over the weights at the end of each cycle of the last fit.

        Args:
            what: As for ``predict``.

        Returns:
            As from ``predict``. ``fit`` needs ``has_snapshots=True``; the weights stay as they are.
        """
        has_body = self._snapshots.module is not self.model.head
        return self._snapshots.mean(
            lambda: self.predict(what), lambda: self.parts.forget(body_moved=has_body)
        )

    @reads(**READERS)
    def activations_of(
        self, split: str = "train", view: int = 0
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """What enters the head, and labels: for ``HeadClassifier`` or any tool of scikit-learn.

        Args:
            split: "train", "valid" or "test".
            view: 0 is the plain one. It is kept on disk, with ``precompute=False`` too.

        Returns:
            X (N, D) and y, (N,) positions in ``data.classes``, or (N, K) of 0 and 1.
        """
        existing_rows(self.data.table, split)
        check_frozen(self.layers, has_moved=False)
        feeding = self.feeding_for((split,), view or True)
        rows = feeding.source.table.rows(split)
        return feeding.rows(rows, view), feeding.source.table.labels[rows]

    def _rows(self, what: str) -> NDArray[np.int64]:
        """Rows of a split, or those that are held back from training."""
        return existing_rows(self.data.table, what, self.held_back)

    def _judge(self, what: str) -> Judge:
        self._rows(what)
        self.feeding_for((what,) if what == "test" else ("train", "valid"))
        keeps = self._precompute is not False and self.layers.cut is None
        store = self.parts.pooled(self.card) if keeps else None
        chosen = self.chosen_on_valid if what == "valid" else ()
        if what == "train" and self.num_fits:
            chosen = (ITSELF,)
        return Judge(self.predictor(), self.data.source, store, chosen)
