"""Recipe: which of the eight steps to take, and with which numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warmstart.learner.conv_learner import ConvLearner
from warmstart.recipe.course import Course
from warmstart.recipe.frozen_steps import compute_once, find_rate, train_head, train_on_views
from warmstart.recipe.numbers import RecipeNumbers
from warmstart.recipe.thawed_steps import find_rates_again, spread_rates, thaw, train_all
from warmstart.results.predictions import Predictions
from warmstart.results.step_record import StepRecord

STEPS = (
    compute_once,
    find_rate,
    train_head,
    train_on_views,
    thaw,
    spread_rates,
    find_rates_again,
    train_all,
)


@dataclass(frozen=True)
class RecipeResult:
    """A record of each step, and everything that was found by trying or measuring.

    ``held_back`` is what a model trained in the same way, or the thawed one itself, says of
    training rows that it has not seen: to fit a temperature on; None where no step trained.
    """

    steps: tuple[StepRecord, ...]
    chosen: Mapping[str, Any] = field(default_factory=dict)
    held_back: Predictions | None = None

    def __str__(self) -> str:
        """A line per step."""
        return "\n".join(step.line() for step in self.steps)


class Recipe(RecipeNumbers):
    """How a better classifier is trained, step by step.

    1 compute the frozen part once per image, 2 find a rate, 3 train the head, 4 train the head on
    augmented views, 5 thaw the body, 6 smaller rates towards the image, 7 find the rate again,
    8 train everything in cycles of growing length, keeping the best epoch.

    A step that can harm (4 and 8) is judged on ``held_back`` of the training rows, by a model that
    has not seen them, and is undone if their loss did not fall. What it gained is then counted on
    the validation rows, which have chosen nothing.

    The numbers are those of ``RecipeNumbers``.

    Reference:
        Lesson 1 of fast.ai's course of 2018, which the note sums up.
    """

    def run(
        self,
        learn: ConvLearner,
        *,
        chosen: Mapping[str, Any] | None = None,
        on_choice: Callable[[Mapping[str, Any]], None] = lambda _: None,
        checkpoint: str | Path | None = None,
    ) -> RecipeResult:
        """Take the steps.

        Args:
            learn: A new learner, frozen; its data may have augmentation (step 4 is left out if
                not). It ends with the best of what the steps gave.
            chosen: What an earlier run of this recipe found by trying or measuring; it is not
                searched for again.
            on_choice: Told of everything chosen so far, whenever something is.
            checkpoint: A folder; a run that was stopped goes on where it was.

        Returns:
            What each step did and gained.
        """
        place = None if checkpoint is None else Path(checkpoint)
        course = Course(learn, self, dict(chosen or {}), on_choice, place)
        for number, step in enumerate(STEPS[: self.last_step], 1):
            course.take(number, step)
        course.finish()
        return RecipeResult(tuple(course.records), course.chosen, course.twins.choice)
