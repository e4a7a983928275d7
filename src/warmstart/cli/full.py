"""`warmstart train --full`: the eight steps, gone on with after a stop."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmstart.cli.recipe import Recipe as RunRecipe
from warmstart.cli.run_folder import STEPS
from warmstart.cli.settings import TrainSettings
from warmstart.errors import SettingError
from warmstart.files.writing import write_whole
from warmstart.results.step_record import steps_to_jsonl
from warmstart.terminal.colour import show_lines

if TYPE_CHECKING:
    from warmstart.learner.conv_learner import ConvLearner
    from warmstart.recipe.recipe import Recipe, RecipeResult


def eight_steps(settings: TrainSettings) -> "Recipe":
    """The recipe that was asked for."""
    from warmstart.recipe.recipe import Recipe  # torch loads here, not for --help

    more: dict[str, Any] = {"views": settings.views} if settings.views else {}
    if hasattr(settings, "head"):
        more["head"] = settings.head
    return Recipe(last_step=last_step(settings.steps), minutes=settings.minutes, **more)


def last_step(steps: str) -> int:
    """The number after "1-".

    Raises:
        SettingError: it is something else.
    """
    first, dash, last = steps.partition("-")
    number = last if dash else first
    if not number.isdecimal() or not 1 <= int(number) <= 8 or (dash and first != "1"):
        raise SettingError(
            f"--steps {steps} is no part of the eight steps.",
            expected="1-8, or 1 to the last step to take, such as 1-4: each needs those before.",
            fix="pass steps=1-4.",
            flags=("--steps", "1-4"),
        )
    return int(number)


def train_fully(recipe: RunRecipe, learn: "ConvLearner", run: Path) -> "RecipeResult":
    """Take the steps, or go on with them.

    Args:
        recipe: What was asked for, and chosen by an earlier process.
        learn: A new learner.
        run: Where checkpoints, choices and the record of the steps go.

    Returns:
        What each step did and gained.
    """
    if recipe.asked.augment is None:
        show_lines("note: views are turned and lit a little (--augment basic); side_on mirrors too")

    def note(chosen: Mapping[str, Any]) -> None:
        recipe.choosing(**chosen).write(run)

    result = eight_steps(recipe.asked).run(
        learn, chosen=recipe.chosen, on_choice=note, checkpoint=run / "checkpoints"
    )
    write_whole(run / STEPS, steps_to_jsonl(result.steps))
    show_lines("\nwhat each step gained, on rows that chose nothing:")
    show_lines(result)
    return result
