"""Words of other libraries that mean the same here, each as the calls that it stands for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from warmstart.arguments import optional, reads, real, seed, whole
from warmstart.classifier_data.arguments import check_outside_data
from warmstart.display import Displayed, Sheet
from warmstart.errors import SettingError
from warmstart.learner.arguments import READERS
from warmstart.learner.loading import load_model
from warmstart.learner.showing import draw_results, learner_sheet
from warmstart.learner.state import LearnerState
from warmstart.metrics.scores import Scores
from warmstart.results.history import History
from warmstart.results.lr_curve import LRCurve
from warmstart.results.predictions import Predictions
from warmstart.words import LEARNER, WORDS, Guided, explain_attribute

BASE_LRS = {"adamw": 2e-3, "sgd": 0.01}  # fastai 2's, which is for Adam; and our usual one
FREEZE_DIVISOR = 2  # of fastai 2: the rate of all layers is half of the head's alone
EPOCHS = whole(1, example=3)
Learner = TypeVar("Learner", bound="FamiliarWords")


@dataclass(frozen=True)
class TrainingPlots(Displayed):
    """What ``learn.sched`` of fastai 0.7 and ``learn.recorder`` of fastai 2 draw."""

    history: History
    curve: LRCurve | None

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the last ``lr_find``: loss by rate.

        Raises:
            SettingError: there was none.
        """
        if self.curve is None:
            raise SettingError(
                "no rates have been tried yet.",
                expected="learn.lr_find() first.",
                fix="learn.lr_find().plot()",
            )
        return self.curve.plot(path)

    def plot_lr(self, path: str | Path | None = None) -> Any:
        """Draw the rates of all steps."""
        return self.history.plot_lr(path)

    def plot_sched(self, path: str | Path | None = None) -> Any:
        """Likewise, as fastai 2 calls it."""
        return self.history.plot_lr(path)

    def plot_loss(self, path: str | Path | None = None) -> Any:
        """Draw the losses of all steps and epochs."""
        return self.history.plot_loss(path)

    def _sheet(self) -> Sheet:
        return self.history._sheet()


@runtime_checkable
class Teachable(Protocol):
    """What these words are made of."""

    state: LearnerState

    def freeze(self) -> None:
        """Train the head only."""

    def unfreeze(self) -> None:
        """Train everything."""

    def fit(self, lrs: Any, n_cycle: int, *, one_cycle: bool, wds: Any = 0.0) -> History:
        """Train what follows the cut."""

    def predict(self, what: str) -> Predictions:
        """Probabilities of a split's rows."""


class FamiliarWords(Displayed, Guided):
    """The part of a learner that speaks fastai 2, and tells our words for others.

    ``ConvLearner`` is the only one.
    """

    state: LearnerState
    word_owner = LEARNER

    @reads(epochs=EPOCHS, base_lr=optional(real(0.01, above=0)), freeze_epochs=EPOCHS)
    def fine_tune(
        self: Teachable, epochs: int, base_lr: float | None = None, freeze_epochs: int = 1
    ) -> History:
        """Train the head, then everything, as in fastai 2.

        It is ``freeze()``, ``fit(base_lr, freeze_epochs, one_cycle=True)``, ``unfreeze()`` and
        ``fit(slice(base_lr / 200, base_lr / 2), epochs, one_cycle=True)``.

        Args:
            epochs: Of all layers.
            base_lr: Rate of the head; None is 0.002 with opt="adamw", as in fastai 2, and 0.01
                with "sgd".
            freeze_epochs: Of the head alone, before.

        Returns:
            The history of both fits.

        Example:
            >>> history = learn.fine_tune(1)
            >>> len(history.records)
            2

        Differs from:
            fastai 2, whose two cycles climb for 99 % and 30 % of their steps instead of 25 %, and
            which trains the frozen part's BatchNorm. The unfrozen result is kept in any case;
            ``Recipe`` judges whether it helped.
        """
        rate = BASE_LRS[self.state.opt] if base_lr is None else base_lr
        self.freeze()
        history = self.fit(rate, freeze_epochs, one_cycle=True).copy()
        self.unfreeze()
        high = rate / FREEZE_DIVISOR
        history.extend(self.fit(slice(high / 100, high), epochs, one_cycle=True))
        return history

    @reads(n_epoch=EPOCHS)
    def fit_one_cycle(
        self: Teachable, n_epoch: int, lr_max: Any = None, *, wd: Any = 0.0
    ) -> History:
        """Train with one rise and fall of the rate: ``fit(lr_max, n_epoch, one_cycle=True)``.

        Args:
            n_epoch: Number of epochs, which stands first here, as in fastai 2.
            lr_max: Highest rate, as ``lrs`` of ``fit``; None is as for ``fine_tune``.
            wd: Weight decay, as ``wds`` of ``fit``.

        Returns:
            The history of this fit.

        Example:
            >>> len(learn.fit_one_cycle(2, 0.01).records)
            2
        """
        rate = BASE_LRS[self.state.opt] if lr_max is None else lr_max
        return self.fit(rate, n_epoch, one_cycle=True, wds=wd)

    def validate(self: Teachable) -> Scores:
        """Scores of the validation rows: ``predict("valid").scores()``.

        Example:
            >>> learn.validate()["accuracy"].value == learn.predict("valid").accuracy
            True
        """
        return self.predict("valid").scores()

    @reads(folder=READERS["folder"])
    def load(self: Learner, folder: str | Path) -> Learner:
        """Take the weights, the head and the rule of deciding of a saved model.

        Args:
            folder: What ``learn.save`` wrote, of the same backbone and classes; anything else is an
                error, and the learner stays as it is. Nothing in it is executed.

        Returns:
            The learner, which goes on from there: what is frozen and the optimiser are its own.

        Example:
            >>> learn.load(learn.save(folder / "model")) is learn
            True
        """
        load_model(self.state, Path(folder))
        return self

    @reads(max_n=whole(1, example=9), seed=seed, path=READERS["path"])
    def show_results(
        self: Teachable, max_n: int = 9, *, path: str | Path | None = None, seed: int = 0
    ) -> Any:
        """Draw some validation images with what they are and what the model says.

        Args:
            max_n: At most so many, drawn at random.
            path: Where the picture is written.
            seed: What the draw depends on.

        Returns:
            A matplotlib figure.

        Example:
            >>> figure = learn.show_results(4, path=folder / "results.png")
            >>> (folder / "results.png").exists()
            True
        """
        check_outside_data(self.state.data, path=path)
        return draw_results(self.state, self.predict("valid"), max_n, seed, path)

    @property
    def sched(self) -> TrainingPlots:
        """What fastai 0.7 plots: ``sched.plot()`` after lr_find, ``plot_lr()``, ``plot_loss()``."""
        return TrainingPlots(self.state.history, self.state.last_curve)

    @property
    def recorder(self) -> TrainingPlots:
        """What fastai 2 plots: ``recorder.plot_loss()``, ``plot_sched()``."""
        return self.sched

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute.

        Raises:
            AttributeError: it is a word of another library, and setting it would do nothing.
        """
        if name in WORDS[LEARNER]:
            raise AttributeError(explain_attribute(LEARNER, name))
        object.__setattr__(self, name, value)

    def _sheet(self) -> Sheet:
        return learner_sheet(self.state)
