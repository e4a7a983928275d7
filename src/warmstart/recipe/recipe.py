"""Recipe: which of the eight steps to take, and with which numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warmstart.arguments import folder, instance_of, reads
from warmstart.classifier_data.labelled_images import refuse_own
from warmstart.learner.conv_learner import ConvLearner
from warmstart.recipe.frozen_steps import compute_once, find_rate, train_head, train_on_views
from warmstart.recipe.numbers import RecipeNumbers
from warmstart.recipe.recipe_run import RecipeRun
from warmstart.recipe.unfrozen_steps import find_rates_again, spread_rates, train_all, unfreeze
from warmstart.results.predictions import Predictions
from warmstart.results.step_record import StepRecord

STEPS = (
    compute_once,
    find_rate,
    train_head,
    train_on_views,
    unfreeze,
    spread_rates,
    find_rates_again,
    train_all,
)


@dataclass(frozen=True)
class RecipeResult:
    """A record of each step, and everything that was found by trying or measuring.

    ``held_back`` is what models trained in the same way, or the unfrozen one itself, say of
    training rows that they have not seen: to fit a temperature on; None where no step trained.
    ``valid`` has predictions of the validation rows after "step 3", "step 4" and "step 8", also of
    a step that was undone; "unfrozen" is step 8 before its weights were mixed.
    """

    steps: tuple[StepRecord, ...]
    chosen: Mapping[str, Any] = field(default_factory=dict)
    held_back: Predictions | None = None
    valid: Mapping[str, Predictions] = field(default_factory=dict)

    def __str__(self) -> str:
        """A line per step."""
        return "\n".join(step.line() for step in self.steps)


class Recipe(RecipeNumbers):
    """How a better classifier is trained, step by step.

    1 compute the frozen part once per image, 2 find a rate, 3 fit the head, logistic or MLP, 4 fit
    it on augmented views, 5 unfreeze the backbone, 6 rates per layer group, 7 find the rate again,
    8 train everything in cycles of growing length, and mix the weights with those before.

    What can harm is decided by training rows that did not train: ``held_back`` of them, or, where
    those would be fewer than ``fewest_held_back``, all of them, out of fold. A step is undone if
    their loss did not fall. What it gained is then counted on the validation rows, which have
    chosen nothing.

    The numbers are those of ``RecipeNumbers``.

    Reference:
        Lesson 1 of fast.ai's course of 2018, which the note sums up; Kumar et al. 2022, arXiv
        2202.10054, and Wortsman et al. 2022, arXiv 2109.01903, for step 8.
    """

    @reads(
        learn=instance_of(ConvLearner, "ConvLearner.pretrained(arch, data)"),
        chosen=instance_of(Mapping, "{}"),
        on_choice=instance_of(Callable, "print"),
        checkpoint=folder,
    )
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
        refuse_own(learn.data, checkpoint=checkpoint)
        place = None if checkpoint is None else Path(checkpoint)
        steps = RecipeRun(learn, self, dict(chosen or {}), on_choice, place)
        for number, step in enumerate(STEPS[: self.last_step], 1):
            steps.take(number, step)
        steps.finish()
        return RecipeResult(tuple(steps.records), steps.chosen, steps.pair.holdout, steps.evaluated)
