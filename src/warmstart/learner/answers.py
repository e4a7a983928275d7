"""What a learner can be asked to find besides weights: how it answers."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from warmstart.data.content import file_sha256
from warmstart.data.scan import is_file
from warmstart.evaluation.calibration import Temperature
from warmstart.evaluation.thresholds import Thresholds
from warmstart.evaluation.unknown import UnknownThreshold
from warmstart.inference.pictures import Picture
from warmstart.inference.seen_pictures import UNKNOWN_THRESHOLD
from warmstart.learner.answering import (
    tell,
    with_temperature,
    with_thresholds,
    with_unknown,
)
from warmstart.learner.trains import Trains
from warmstart.results.answering import Answering
from warmstart.results.predictions import Predictions


class Answers(Trains):
    """A learner that fits how it answers; it is kept in ``card.answering``."""

    def calibrate(self, out_of_fold: Predictions | None = None) -> Temperature:
        """Make probabilities say how often they are right; no answer changes.

        Args:
            out_of_fold: Labelled rows that the model which predicted them did not learn from, and
                that will not judge (law 15); None is ``learn.cross_validate()``. Where the body
                was thawed: training rows that were held back from it.

        Returns:
            The temperature. It is 1, with a reason, where the rows cannot tell, and where one that
            was fitted on other folds does not help; ``predict``, ``TTA`` and the saved model apply
            it.
        """
        rows = self.cross_validate() if out_of_fold is None else out_of_fold
        answering, found = with_temperature(rows)
        self._answer(answering)
        return found

    def fit_thresholds(
        self, out_of_fold: Predictions | None = None, *, beta: float = 1.0
    ) -> Thresholds:
        """Find above which probability each class of images that may have many is called so.

        Args:
            out_of_fold: As for ``calibrate``, which comes before this.
            beta: Of the F-score that is to be highest; above 1 gives recall more weight.

        Returns:
            The thresholds; predictions and the saved model have them from now on.
        """
        rows = self.cross_validate() if out_of_fold is None else out_of_fold
        answering, found = with_thresholds(self.card.answering, rows, beta)
        self._answer(answering)
        return found

    def set_unknown(
        self, others: Predictions | Picture | Iterable[Picture], *, false_accept: float = 0.05
    ) -> UnknownThreshold:
        """Answer "unknown" to pictures of things that no class stands for.

        Args:
            others: Pictures of such things, or what this model predicts of them; they may judge
                nothing afterwards (law 15). ``calibrate`` comes before this.
            false_accept: The share of new ones that may get another answer, on average.

        Returns:
            The threshold; predictions and the saved model have it from now on.
        """
        rows = others if isinstance(others, Predictions) else self.predictor().predict(others)
        answering, found = with_unknown(self.card.answering, rows, false_accept)
        self._answer(answering)
        files = [name for name in rows.rows if is_file(Path(name))]
        self.seen = self.seen.joined([file_sha256(name) for name in files], UNKNOWN_THRESHOLD)
        return found

    def _answer(self, answering: Answering) -> None:
        self.card = replace(self.card, answering=answering)
        tell(answering, quiet=self.quiet)
