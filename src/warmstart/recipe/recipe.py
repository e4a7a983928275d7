"""Recipe: which of the eight steps to take, and with which numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warmstart.arguments import (
    folder,
    instance_of,
    one_of,
    optional,
    read_fields,
    reads,
    real,
    whole,
)
from warmstart.callbacks.events import Callback
from warmstart.display import Displayed, Sheet, SheetTable
from warmstart.learner.arguments import checked_fit_places, read_callbacks
from warmstart.learner.conv_learner import ConvLearner
from warmstart.recipe.frozen_steps import compute_once, find_rate, train_head, train_on_views
from warmstart.recipe.plan import plan_of
from warmstart.recipe.recipe_run import RecipeRun
from warmstart.recipe.unfrozen_steps import find_rates_again, spread_rates, train_all, unfreeze
from warmstart.results.head_fit import HEADS
from warmstart.results.predictions import Predictions
from warmstart.results.step_record import StepRecord

NUM_STEPS = 8
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


@dataclass(frozen=True, repr=False)
class RecipeResult(Displayed):
    """A record of each step, and everything that was found by trying or measuring.

    ``held_back`` is what models trained in the same way, or the unfrozen one itself, say of
    training rows that they have not seen: to fit a temperature on; None where no step trained.
    ``valid`` has predictions of the validation rows after "step 3", "step 4" and "step 8", also of
    a step that was undone; "unfrozen" is step 8 before its weights were mixed.

    Example:
        >>> from warmstart import RecipeResult
        >>> from warmstart.results.step_record import StepRecord
        >>> step = StepRecord(3, "fit the head", "", 2.0, 0.9, None, None, None, 50, True, "")
        >>> print(RecipeResult((step,)))
        3 fit the head: accuracy 0.9000 on 50 validation rows; 2 s
    """

    steps: tuple[StepRecord, ...]
    chosen: Mapping[str, Any] = field(default_factory=dict)
    held_back: Predictions | None = None
    valid: Mapping[str, Predictions] = field(default_factory=dict)

    def __str__(self) -> str:
        """A line per step."""
        return "\n".join(step.line() for step in self.steps)

    def _sheet(self) -> Sheet:
        rows = tuple((f"{step.number}", step.title, step.outcome()) for step in self.steps)
        return Sheet("RecipeResult", tables=(SheetTable(("step", "", "what came of it"), rows, 3),))


@dataclass(frozen=True)
class Recipe:
    """How a better classifier is trained, step by step.

    1 compute the frozen part once per image, 2 find a rate, 3 fit the head, logistic or MLP, 4 fit
    it on augmented views, 5 unfreeze the backbone, 6 rates per layer group, 7 find the rate again,
    8 train everything in cycles of growing length, and mix the weights with those before.

    What can harm is decided by training rows that did not train: ``held_back`` of them, or, where
    those would be fewer than ``fewest_held_back``, all of them, out of fold. A step is undone if
    their loss did not fall. What it gained is then counted on the validation rows, which have
    chosen nothing.

    Args:
        last_step: Stop after this one.
        minutes: What all of it may take; None takes what it needs. Fewer views, fewer cycles, or
            steps left out make it fit.
        head: Of step 3: "logistic", "mlp" (the head that the learner has), or "auto", which fits
            both and keeps the one with the lower loss on rows that did not train it.
        views: Augmented views of step 4. Ten gained no more than four with 5 to 100 images per
            class (benchmarks/few_images.py).
        rate_ratio: How much smaller the rate of each earlier layer group is; the note says 3 to 10.
            Gradients are clipped and the weights mixed afterwards, so that it need not protect.
        num_cycles: Of step 8, each twice as long as the one before: 3 are 1 + 2 + 4 epochs.
        patience: Epochs of step 8 without a better one, after which it over-fits and is stopped.
        held_back: Share of the training rows that chooses.
        fewest_held_back: Where those would be fewer rows, all training rows choose, out of fold. Of
            50 rows one answer is two points, and a loss is one or two odd pictures.
        num_folds: Of step 8 then. They cost twice as much as the last fit, with 3.
        rate_steps: Most steps of the search in step 7, which may not cost a tenth of step 8.

    Example:
        >>> from warmstart import Recipe
        >>> Recipe(last_step=3, head="logistic").last_step
        3

    Reference:
        Lesson 1 of fast.ai's course of 2018, which the note sums up; Kumar et al. 2022, arXiv
        2202.10054, and Wortsman et al. 2022, arXiv 2109.01903, for step 8.
    """

    last_step: int = NUM_STEPS
    minutes: float | None = None
    head: str = "auto"
    views: int = 4
    rate_ratio: float = 1.0
    num_cycles: int = 3
    patience: int = 3
    held_back: float = 0.2
    fewest_held_back: int = 50
    num_folds: int = 3
    rate_steps: int = 25

    def __post_init__(self) -> None:
        """Refuse numbers out of their range, with a SettingError."""
        read_fields(
            self,
            last_step=whole(1, NUM_STEPS, example=NUM_STEPS),
            minutes=optional(real(10, above=0)),
            head=one_of("auto", *HEADS),
            views=whole(1, example=4),
            rate_ratio=real(1, least=1),
            num_cycles=whole(1, 20, example=3),
            patience=whole(1, example=3),
            held_back=real(0.2, above=0, below=1),
            fewest_held_back=whole(0, example=50),
            num_folds=whole(2, example=3),
            rate_steps=whole(10, example=25),
        )

    @reads(
        learn=instance_of(ConvLearner, "ConvLearner.pretrained(arch, data)"),
        chosen=instance_of(Mapping, "{}"),
        on_choice=instance_of(Callable, "print"),
        checkpoint=folder,
        callbacks=read_callbacks,
    )
    def run(
        self,
        learn: ConvLearner,
        *,
        chosen: Mapping[str, Any] | None = None,
        on_choice: Callable[[Mapping[str, Any]], None] = lambda _: None,
        checkpoint: str | Path | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> RecipeResult:
        """Take the steps.

        Args:
            learn: A new learner, frozen; its data may have augmentation (step 4 is left out if
                not). It ends with the best of what the steps gave.
            chosen: What an earlier run of this recipe found by trying or measuring; it is not
                searched for again.
            on_choice: Told of everything chosen so far, whenever something is.
            checkpoint: A folder; a run that was stopped goes on where it was.
            callbacks: Who is told of every fit, those that only judge a step included.

        Returns:
            What each step did and gained.

        Example:
            >>> result = Recipe(last_step=3, head="logistic").run(learn)
            >>> [step.number for step in result.steps]
            [1, 2, 3]
        """
        place = checked_fit_places(learn.data, checkpoint, callbacks)
        steps = RecipeRun(learn, self, dict(chosen or {}), on_choice, place, callbacks)
        if not learn.quiet:
            steps.expect(plan_of(steps, self.last_step))
        for number, step in enumerate(STEPS[: self.last_step], 1):
            steps.take(number, step)
        steps.finish()
        return RecipeResult(tuple(steps.records), steps.chosen, steps.pair.holdout, steps.evaluated)
