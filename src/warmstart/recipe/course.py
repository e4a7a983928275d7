"""One run of a recipe: where it is, what it has chosen, and how long things take here."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from warmstart.evaluation.compare import Comparison, compare
from warmstart.evaluation.evaluate import evaluate
from warmstart.learner.conv_learner import ConvLearner
from warmstart.recipe.numbers import RecipeNumbers
from warmstart.recipe.twins import Twins
from warmstart.results.predictions import Predictions
from warmstart.results.step_record import StepRecord


@dataclass(frozen=True)
class Step:
    """What a step is, before it is taken.

    ``seconds`` is how long it will take, None where nobody knows; ``run`` takes it and returns a
    note; ``can_harm`` says that held-back rows decide whether it is kept.
    """

    title: str
    why: str
    run: Callable[[], str]
    seconds: float | None = None
    can_harm: bool = False
    trains: bool = False


@dataclass(frozen=True)
class Skipped:
    """Why a step is left out."""

    title: str
    why: str
    reason: str


class Course:
    """The state of one run of a recipe."""

    def __init__(
        self,
        learn: ConvLearner,
        recipe: RecipeNumbers,
        chosen: dict[str, Any],
        on_choice: Callable[[Mapping[str, Any]], None],
        checkpoint: Path | None,
    ) -> None:
        """Begin before the first step."""
        self.learn, self.recipe, self.chosen = learn, recipe, chosen
        self.on_choice, self.checkpoint = on_choice, checkpoint
        self.began = time.perf_counter()
        self.twins = Twins(learn, recipe.held_back)
        self.records: list[StepRecord] = []
        self.valid: Predictions | None = None  # of what has been kept so far
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

    def take(self, number: int, plan: "Callable[[Course], Step | Skipped]") -> None:
        """Take a step, judge it, and undo it if it did not help."""
        step = plan(self)
        if isinstance(step, Skipped):
            self.tell(f"step {number}: {step.title}: left out, {step.reason}")
            self.record(number, step.title, step.why, 0.0, note=f"left out: {step.reason}")
            return
        about = "" if step.seconds is None else f", about {told_seconds(step.seconds)}"
        self.tell(f"step {number}: {step.title}{about}\n        {step.why}")
        began = time.perf_counter()
        before = self.twins.choice if step.can_harm else None
        note = step.run()
        is_kept = True
        if step.trains:
            self.twins.judge()
        if before is not None and self.twins.choice is not None:
            is_kept, note = helped(before, self.twins.choice)
        valid = self.judged() if step.trains else None
        if not is_kept:
            self.twins.undo()
        seconds = time.perf_counter() - began
        gain = None if valid is None or self.valid is None else compare(self.valid, valid)
        self.record(number, step.title, step.why, seconds, valid, gain, is_kept=is_kept, note=note)
        if valid is not None and is_kept:
            self.valid = valid
        self.tell("        " + self.records[-1].outcome())

    def judged(self) -> Predictions | None:
        """The validation rows by the model as it would be delivered now."""
        if not len(self.learn.data.table.rows("valid")):
            return None
        with self.twins.delivered():
            return self.learn.predict("valid")

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
        self.twins.deliver()

    def tell(self, text: str) -> None:
        """Say it, unless the learner is quiet."""
        if not self.learn.quiet:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - the recipe's words to its user


def helped(before: Predictions, after: Predictions) -> tuple[bool, str]:
    """Whether the loss of the held-back rows fell, and a note that says so."""
    old, new = loss_of(before), loss_of(after)
    is_better = bool(np.isfinite(new) and new < old)
    verb = "kept" if is_better else "undone"
    return is_better, (
        f"{verb}: on {len(after.rows)} training rows held back, the loss went from {old:.4f} to "
        f"{new:.4f} and the accuracy from {before.accuracy:.4f} to {after.accuracy:.4f}"
    )


def loss_of(predictions: Predictions) -> float:
    """Mean loss per row in nats."""
    return float(evaluate(predictions, num_resamples=0)["log_loss"].value or 0.0)


def told_seconds(seconds: float) -> str:
    """Seconds or minutes, as people say them."""
    return f"{max(1, round(seconds))} s" if seconds < 100 else f"{seconds / 60:.0f} min"
