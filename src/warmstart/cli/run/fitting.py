"""How a run's model is trained, and how it comes to answer."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmstart.cli.run.config import RECIPE, RunConfig
from warmstart.cli.run.folder import CURVE, STEPS, write_curve
from warmstart.cli.run.settings import TrainSettings
from warmstart.errors import DivergedError, SettingError
from warmstart.files.writing import write_whole
from warmstart.results.step_record import steps_to_jsonl
from warmstart.terminal.colour import show_lines

if TYPE_CHECKING:
    from warmstart.learner.conv_learner import ConvLearner
    from warmstart.recipe.recipe import Recipe, RecipeResult
    from warmstart.results.predictions import Predictions


def with_rate(config: RunConfig, learn: "ConvLearner", run: Path) -> RunConfig:
    """A run config with a rate: what is found by trying is found once."""
    if config.lr is not None:
        return config
    curve = learn.lr_find()
    write_curve(run, curve)
    lr = curve.suggestion
    show_lines(f"rate {lr:.2g}, found by trying rates from small to large")
    config = config.with_chosen(lr=lr)
    config.write(run)
    return config


def fit_mlp(config: RunConfig, learn: "ConvLearner", run: Path) -> None:
    """Fit, or go on with a fit; what diverged at the first try is no run.

    Raises:
        DivergedError: the loss is not finite.
    """
    asked, checkpoints = config.asked, run / "checkpoints"
    is_new = not checkpoints.exists()
    try:
        learn.fit(
            config.lr or 0.0,
            1,
            checkpoint=checkpoints,
            tensorboard=asked.tensorboard,
            **config.mlp_fit(len(learn.data.table.rows("train"))),
        )
    except DivergedError:
        if is_new:  # so that the same folder can be used with a smaller rate
            shutil.rmtree(checkpoints, ignore_errors=True)
            for name in (RECIPE, CURVE):
                (run / name).unlink(missing_ok=True)
        raise


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


def train_fully(config: RunConfig, learn: "ConvLearner", run: Path) -> "RecipeResult":
    """Take the steps, or go on with them.

    Args:
        config: What was asked for, and chosen by an earlier process.
        learn: A new learner.
        run: Where checkpoints, choices and the record of the steps go.

    Returns:
        What each step did and gained.
    """
    if config.asked.augment is None:
        show_lines("note: views are turned and lit a little (--augment basic); side_on mirrors too")

    def note(chosen: Mapping[str, Any]) -> None:
        config.with_chosen(**chosen).write(run)

    result = eight_steps(config.asked).run(
        learn, chosen=config.chosen, on_choice=note, checkpoint=run / "checkpoints"
    )
    write_whole(run / STEPS, steps_to_jsonl(result.steps))
    show_lines("\nwhat each step gained, on rows that chose nothing:")
    show_lines(result)
    return result


def find_answers(
    config: RunConfig, learn: "ConvLearner", held_back: "Predictions | None" = None
) -> None:
    """Fit what was asked for on rows that do not judge (law 15).

    Args:
        config: With the rate that the head was trained with.
        learn: Trained.
        held_back: What it, or its like, says of training rows that it has not seen; None
            cross-validates the head.
    """
    asked = config.asked
    if asked.calibrate:
        rows = held_back or predict_out_of_fold(config, learn)
        learn.calibrate(rows)
        if rows.is_multi_label:
            learn.fit_thresholds(rows)
    if asked.others is not None:
        learn.set_unknown(Path(asked.others), false_accept=asked.false_accept)


def predict_out_of_fold(config: RunConfig, learn: "ConvLearner") -> "Predictions":
    """The training rows, each by a head that did not see it, of the kind that was trained."""
    if (learn.card.head or {}).get("kind") == "logistic":
        return learn.cross_validate(balance=config.asked.balance)
    num_rows = len(learn.data.table.rows("train"))
    return learn.cross_validate(lrs=config.lr, **config.mlp_fit(num_rows))
