"""One run of a recipe: where it is, what it has chosen, and how long things take here."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from warmstart.callbacks.events import Callback
from warmstart.comparison.compare import Comparison, compare_predictions
from warmstart.learner.conv_learner import ConvLearner
from warmstart.recipe.holdout_pair import HoldoutPair
from warmstart.results.predictions import Predictions
from warmstart.results.step_record import StepRecord
from warmstart.terminal.colour import show_lines

NO_LOSS = 1e9  # never the lowest


@dataclass(frozen=True)
class Taken:
    """What came of a step: in words, and whether it stays."""

    note: str = ""
    is_kept: bool = True


@dataclass(frozen=True)
class Step:
    """What a step is, before it is taken.

    ``seconds`` is how long it will take, None where nobody knows; ``run`` takes it; ``trains`` says
    that the model is another afterwards.
    """

    title: str
    why: str
    run: Callable[[], Taken]
    seconds: float | None = None
    trains: bool = False


@dataclass(frozen=True)
class Skipped:
    """Why a step is left out."""

    title: str
    why: str
    reason: str


@runtime_checkable
class RecipeNumbers(Protocol):
    """What the steps ask of a ``Recipe``, which is above them."""

    @property
    def minutes(self) -> float | None:
        """That all steps may take."""

    @property
    def head(self) -> str:
        """Which kinds step 3 fits."""

    @property
    def views(self) -> int:
        """Of step 4."""

    @property
    def rate_ratio(self) -> float:
        """Of neighbouring layer groups."""

    @property
    def num_cycles(self) -> int:
        """Of step 8."""

    @property
    def patience(self) -> int:
        """Epochs of step 8 without a better one."""

    @property
    def held_back(self) -> float:
        """Share of the training rows."""

    @property
    def fewest_held_back(self) -> int:
        """Rows; with fewer, all choose out of fold."""

    @property
    def num_folds(self) -> int:
        """Of step 8 then."""

    @property
    def rate_steps(self) -> int:
        """Of the search in step 7."""


class RecipeRun:
    """The state of one run of a recipe."""

    def __init__(
        self,
        learn: ConvLearner,
        recipe: RecipeNumbers,
        chosen: dict[str, Any],
        on_choice: Callable[[Mapping[str, Any]], None],
        checkpoint: Path | None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        """Begin before the first step."""
        self.learn, self.recipe, self.chosen = learn, recipe, chosen
        self.on_choice, self.checkpoint = on_choice, checkpoint
        self.callbacks = callbacks
        self.began = time.perf_counter()
        self.pair = HoldoutPair(learn, recipe.held_back, recipe.fewest_held_back)
        self.fresh = self.pair.whole  # before any head was trained
        self.head = ""  # the kind that step 3 kept
        self.head_views: bool | int = True  # what it was trained on: the plain view, or so many
        self.records: list[StepRecord] = []
        self.valid: Predictions | None = None  # of what has been kept so far
        self.evaluated: dict[str, Predictions] = {}  # validation rows, by what was asked
        self.row_seconds: float | None = None  # of training all layers, once it is measured

    @property
    def seconds_left(self) -> float:
        """Of the minutes that the recipe may take."""
        if self.recipe.minutes is None:
            return float("inf")
        return 60 * self.recipe.minutes - (time.perf_counter() - self.began)

    def choose(self, name: str, find: Callable[[], Any]) -> Any:
        """A choice that is made once: found now, or read back."""
        if name not in self.chosen:
            self.chosen[name] = find()
            self.on_choice(dict(self.chosen))
        return self.chosen[name]

    def take(self, number: int, plan: "Callable[[RecipeRun], Step | Skipped]") -> None:
        """Take a step, evaluate it, and undo it if it did not help."""
        step = plan(self)
        if isinstance(step, Skipped):
            self.notify(f"step {number}: {step.title}: left out, {step.reason}")
            self.record(number, step.title, step.why, 0.0, note=f"left out: {step.reason}")
            return
        about = "" if step.seconds is None else f", about {format_seconds(step.seconds)}"
        self.notify(f"step {number}: {step.title}{about}\n        {step.why}")
        began = time.perf_counter()
        self.pair.remember()
        taken = step.run()
        valid = self.evaluate(f"step {number}") if step.trains else None
        if not taken.is_kept:
            self.pair.undo()
        seconds = time.perf_counter() - began
        gain = (
            None if valid is None or self.valid is None else compare_predictions(self.valid, valid)
        )
        self.record(
            number, step.title, step.why, seconds, valid, gain, is_kept=taken.is_kept,
            note=taken.note,
        )  # fmt: skip
        if valid is not None and taken.is_kept:
            self.valid = valid
        self.notify("        " + self.records[-1].outcome())

    def evaluate(self, name: str) -> Predictions | None:
        """The validation rows by the model as it would be delivered now, kept by name."""
        if not len(self.learn.data.table.rows("valid")):
            return None
        with self.pair.delivered():
            self.evaluated[name] = self.learn.predict("valid")
        return self.evaluated[name]

    def record(  # noqa: PLR0913 - a record has as many parts
        self,
        number: int,
        title: str,
        why: str,
        seconds: float,
        valid: Predictions | None = None,
        gain: Comparison | None = None,
        *,
        is_kept: bool = True,
        note: str = "",
    ) -> None:
        """Write a step down."""
        self.records.append(
            StepRecord(
                number=number,
                title=title,
                why=why,
                seconds=seconds,
                accuracy=None if valid is None else valid.accuracy,
                gain=None if gain is None else gain.difference,
                gain_low=None if gain is None else gain.low,
                gain_high=None if gain is None else gain.high,
                num_rows=0 if valid is None else len(valid.rows),
                is_kept=is_kept,
                note=note,
            )
        )

    def finish(self) -> None:
        """Leave the learner with the model to be delivered, and nothing held back."""
        self.pair.deliver()

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Let the learner print nothing."""
        quiet, self.learn.quiet = self.learn.quiet, True
        try:
            yield
        finally:
            self.learn.quiet = quiet

    def notify(self, text: str) -> None:
        """Print it, unless the learner is quiet."""
        if not self.learn.quiet:
            show_lines(text, is_error=True)


def compare_holdout(before: Predictions, after: Predictions, rows: str) -> Taken:
    """Whether the loss of rows that did not train fell.

    Args:
        before: Of the model before the step.
        after: Of the same rows, after it.
        rows: What to call them.
    """
    old, new = loss_of(before), loss_of(after)
    is_better = new < old
    verb = "kept" if is_better else "undone"
    return Taken(
        f"{verb}: on {rows}, the loss went from {old:.4f} to {new:.4f} and the accuracy from "
        f"{before.accuracy:.4f} to {after.accuracy:.4f}",
        is_better,
    )


def loss_of(predictions: Predictions) -> float:
    """Mean loss per row in nats; what is no number becomes one that a file can hold."""
    loss = float(predictions.scores(num_resamples=0)["log_loss"].value or 0.0)
    return loss if np.isfinite(loss) else NO_LOSS


def format_seconds(seconds: float) -> str:
    """Seconds or minutes, as people say them."""
    return f"{max(1, round(seconds))} s" if seconds < 100 else f"{seconds / 60:.0f} min"
