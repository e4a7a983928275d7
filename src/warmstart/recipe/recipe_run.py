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
from warmstart.ranks.ranks import current_ranks
from warmstart.recipe.holdout_pair import HoldoutPair
from warmstart.results.predictions import Predictions
from warmstart.results.step_record import StepRecord
from warmstart.terminal.colour import show_lines
from warmstart.terminal.waiting import unmuted_waits, waiting

NO_LOSS = 1e9  # never the lowest
FEWEST_SECONDS = 0.5  # that are worth a number


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


@dataclass(frozen=True)
class PlannedStep:
    """A step to come; ``seconds`` is measured on a sample, 0 where nothing is computed."""

    number: int
    title: str
    seconds: float


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
        self.compile_seconds: float | None = None  # of an unfrozen backbone, before it is judged
        self.expected: dict[int, float] = {}  # seconds of each step, if there is a plan

    @property
    def seconds_left(self) -> float:
        """Of the minutes that the recipe may take."""
        if self.recipe.minutes is None:
            return float("inf")
        return 60 * self.recipe.minutes - (time.perf_counter() - self.began)

    def expect(self, steps: Sequence[PlannedStep]) -> None:
        """Say what is to come, and how long it will take."""
        self.expected = {step.number: step.seconds for step in steps}
        self.notify(plan_in_words(steps, self.recipe.minutes))

    def duration(self, number: int, seconds: float | None) -> str:
        """How long a step takes, and all that is left with it, as far as that is known.

        Args:
            number: Of the step.
            seconds: As far as it is known by now.
        """
        known = seconds if number not in self.expected else max(seconds or 0, self.expected[number])
        if known is None or known < FEWEST_SECONDS:
            return ""
        about = f", about {format_seconds(known)}"
        after = sum(each for step, each in self.expected.items() if step > number)
        return f"{about}, then {format_seconds(after)} more" if after >= FEWEST_SECONDS else about

    def choose(self, name: str, find: Callable[[], Any]) -> Any:
        """A choice that is made once: found now, or read back."""
        if name not in self.chosen:
            self.chosen[name] = current_ranks().agreed(f"choosing {name}", find())
            self.on_choice(dict(self.chosen))
        return self.chosen[name]

    def take(self, number: int, plan: "Callable[[RecipeRun], Step | Skipped]") -> None:
        """Take a step, evaluate it, and undo it if it did not help."""
        step = plan(self)
        if isinstance(step, Skipped):
            self.notify(f"step {number}: {step.title}: left out, {step.reason}")
            self.record(number, step.title, step.why, 0.0, note=f"left out: {step.reason}")
            return
        about = self.duration(number, step.seconds)
        self.notify(f"step {number}: {step.title}{about}\n        {step.why}")
        began = time.perf_counter()
        self.pair.remember()
        with waiting(f"step {number}", quiet=self.learn.quiet, leads=True):
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
        """Let the learner print nothing; what it waits for is shown all the same."""
        quiet, self.learn.quiet = self.learn.quiet, True
        try:
            with unmuted_waits(is_unmuted=not quiet):
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


def plan_in_words(steps: Sequence[PlannedStep], minutes: float | None) -> str:
    """A line per step, and what all of them take.

    Args:
        steps: Those to come.
        minutes: That they may take; None is no limit.
    """
    width = max(len(step.title) for step in steps)
    total = sum(step.seconds for step in steps)
    plural = "s" if len(steps) > 1 else ""
    lines = [f"plan: {len(steps)} step{plural}, about {format_seconds(total)} on this machine"]
    if minutes is not None and total > 60 * minutes:
        lines[0] += f"; at most {minutes:g} min were asked for, so some are shortened or left out"
    for step in steps:
        told = f"about {format_seconds(step.seconds)}" if step.seconds >= FEWEST_SECONDS else "–"
        lines.append(f"  {step.number}  {step.title.ljust(width)}  {told.rjust(12)}")
    return "\n".join(lines)


def format_seconds(seconds: float) -> str:
    """Seconds or minutes, as people say them."""
    return f"{max(1, round(seconds))} s" if seconds < 100 else f"{seconds / 60:.0f} min"
