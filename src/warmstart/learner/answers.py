"""What a learner can be asked to find besides weights: out-of-fold answers, and how it answers."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from warmstart.arguments import reads
from warmstart.backbones.pooling import pooled_parts
from warmstart.data.content import file_sha256
from warmstart.data.scan import is_file
from warmstart.heads.fresh import heads_like
from warmstart.inference.pictures import Picture
from warmstart.inference.seen_pictures import UNKNOWN_THRESHOLD
from warmstart.learner.answering import (
    tell,
    with_temperature,
    with_thresholds,
    with_unknown,
)
from warmstart.learner.arguments import READERS
from warmstart.learner.checks import told_balance
from warmstart.learner.cross_validation import (
    check_frozen,
    check_no_epochs,
    cross_validated,
    cross_validated_logistic,
)
from warmstart.learner.feeding import targets_of
from warmstart.learner.matching import refuse_other_classes
from warmstart.learner.trains import Trains
from warmstart.metrics.temperature import Temperature
from warmstart.metrics.thresholds import Thresholds
from warmstart.metrics.unknown import UnknownThreshold
from warmstart.results.answering import Answering
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.results.predictions import Predictions
from warmstart.training.head import read_head_card
from warmstart.training.logistic_head import LogisticHeadCard
from warmstart.training.schedule import Schedule


class Answers(Trains):
    """A learner that fits how it answers; it is kept in ``card.answering``."""

    @reads(**READERS)
    def cross_validate(
        self,
        k: int = 5,
        lrs: Any = None,
        n_cycle: int = 1,
        cycle_len: int | None = 4,
        cycle_mult: int = 1,
        *,
        wds: Any = 0.0,
        balance: str | None = None,
        clip_norm: float | None = None,
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
        ema_decay: float | None = None,
        seed: int | None = None,
    ) -> OutOfFoldPredictions:
        """Predict each training row by a fresh head that was trained without the row's fold.

        The learner stays as it is. Folds are drawn within the classes; rows of one group, or with
        the same content, share one. If the learner's head is the logistic one, so is each fold's,
        and its penalty is chosen inside the rows that train it: no rate and no epochs are used.

        Args:
            k: Number of folds.
            lrs: Rate; None finds it once, on the rows that train the first fold's head.
            n_cycle: Number of epochs, or of cycles.
            cycle_len: Epochs of the first cycle.
            cycle_mult: Each cycle is so many times as long as the one before.
            wds: Weight decay.
            balance: As in ``fit``.
            clip_norm: As in ``fit``.
            label_smoothing: As in ``fit``.
            mixup: As in ``fit``.
            ema_decay: As in ``fit``.
            seed: Of folds, heads and batches; None is the learner's.

        Returns:
            Predictions in table order, with ``folds``, ``fold_accuracies`` and ``lr``.
        """
        check_frozen(self.layers, has_moved=self._has_moved_body)
        schedule = Schedule(n_cycle, cycle_len, cycle_mult)
        number = self.seed if seed is None else seed
        options: dict[str, Any] = {
            "clip_norm": clip_norm,
            "label_smoothing": label_smoothing,
            "mixup": mixup,
            "ema_decay": ema_decay,
        }
        card = None if self.card.head is None else read_head_card(self.card.head)
        if isinstance(card, LogisticHeadCard):
            check_no_epochs(lrs=lrs, wds=wds, **options)
            chosen = told_balance(balance, targets_of(self.data.table).train, quiet=self.quiet)
            return cross_validated_logistic(
                self.feeding_for(("train",), self._precompute or True),
                pooled_parts(self.model.pool, card.num_features),
                chosen,
                k=k,
                seed=number,
                device=self.device,
                quiet=self.quiet,
            )
        settings = self._settings(1.0 if lrs is None else lrs, schedule, wds)
        settings = replace(settings, first_epoch=0, fit_number=0, seed=number, **options)
        settings = self._balanced(settings, balance)
        return cross_validated(
            self.feeding_for(("train",), self._precompute or schedule.num_epochs),
            heads_like(self.model.head, card, self.device),
            settings,
            k=k,
            finds_rate=lrs is None,
            device=self.device,
            quiet=self.quiet,
        )

    @reads(**READERS)
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
        answering, found = with_temperature(self._judges(out_of_fold))
        self._answer(answering)
        return found

    @reads(**READERS)
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
        rows = self._judges(out_of_fold)
        answering, found = with_thresholds(self.card.answering, rows, beta)
        self._answer(answering)
        return found

    @reads(**READERS)
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
        refuse_other_classes(self.card, rows, "others")
        self._answer(answering)
        files = [name for name in rows.rows if is_file(Path(name))]
        self.seen = self.seen.joined([file_sha256(name) for name in files], UNKNOWN_THRESHOLD)
        return found

    def _judges(self, out_of_fold: Predictions | None) -> Predictions:
        """Rows that the model did not learn from, predicted by it or by its like."""
        rows = self.cross_validate() if out_of_fold is None else out_of_fold
        refuse_other_classes(self.card, rows, "out_of_fold")
        return rows

    def _answer(self, answering: Answering) -> None:
        self.card = replace(self.card, answering=answering)
        tell(answering, quiet=self.quiet)
