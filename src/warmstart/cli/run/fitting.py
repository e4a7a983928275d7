"""How a run's model is trained, and how it comes to answer."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warmstart.cli.run.config import RECIPE, RunConfig
from warmstart.cli.run.folder import CHECKPOINTS, CURVE, RunFolder
from warmstart.cli.run.settings import TrainSettings
from warmstart.errors import DivergedError, SettingError
from warmstart.results.lr_curve import LRCurve
from warmstart.results.step_record import StepRecord
from warmstart.terminal.colour import show_lines

if TYPE_CHECKING:
    from warmstart.callbacks.events import Callback
    from warmstart.learner.conv_learner import ConvLearner
    from warmstart.recipe.recipe import Recipe
    from warmstart.results.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a fit leaves besides the learner: its ``config`` with all that was chosen on the way.

    ``held_back`` is what the model, or its like, says of training rows that it has not seen; None
    where nobody asked it. ``steps`` are those of --full, ``curve`` is how a rate was found.
    """

    config: RunConfig
    held_back: "Predictions | None" = None
    steps: tuple[StepRecord, ...] = ()
    curve: LRCurve | None = None


def fit_model(config: RunConfig, learn: "ConvLearner", run: RunFolder) -> Fitted:
    """Train what was asked for, or go on with it."""
    if config.asked.full:
        return fit_fully(config, learn, run)
    if config.asked.head == "mlp":
        config, curve = with_rate(config, learn, run)
        fit_mlp(config, learn, run.path)
        return Fitted(config, curve=curve)
    checkpoint = run.path / CHECKPOINTS
    learn.fit_head(config.asked.head, balance=config.asked.balance, checkpoint=checkpoint)
    return Fitted(config)


def with_rate(
    config: RunConfig, learn: "ConvLearner", run: RunFolder
) -> tuple[RunConfig, LRCurve | None]:
    """A run config with a rate, and how it was found: what is found by trying is found once."""
    if config.lr is not None:
        return config, run.read_curve(config.lr)  # of an earlier process, if there was one
    curve = run.write_curve(learn.lr_find())
    lr = curve.suggestion
    show_lines(f"rate {lr:.2g}, found by trying rates from small to large")
    config = config.with_chosen(lr=lr)
    config.write(run.path)
    return config, curve


def fit_mlp(config: RunConfig, learn: "ConvLearner", run: Path) -> None:
    """Fit, or go on with a fit; what diverged at the first try is no run.

    Raises:
        DivergedError: the loss is not finite.
    """
    asked, checkpoints = config.asked, run / CHECKPOINTS
    is_new = not checkpoints.exists()
    try:
        learn.fit(
            config.lr or 0.0,
            1,
            checkpoint=checkpoints,
            callbacks=callbacks_of(asked),
            **config.mlp_fit(len(learn.data.table.rows("train"))),
        )
    except DivergedError:
        if is_new:  # so that the same folder can be used with a smaller rate
            shutil.rmtree(checkpoints, ignore_errors=True)
            for name in (RECIPE, CURVE):
                (run / name).unlink(missing_ok=True)
        raise


def callbacks_of(asked: TrainSettings) -> list["Callback"]:
    """Who was asked to be told of the fit."""
    if asked.tensorboard is None:
        return []
    from warmstart.callbacks.tensorboard import TensorBoard

    return [TensorBoard(asked.tensorboard)]


def eight_steps(settings: TrainSettings) -> "Recipe":
    """The recipe that was asked for."""
    from warmstart.recipe.recipe import Recipe  # torch loads here, not for --help

    more: dict[str, Any] = {"views": settings.views} if settings.views else {}
    last = last_step(settings.steps)
    return Recipe(last_step=last, minutes=settings.minutes, head=settings.head, **more)


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


def fit_fully(config: RunConfig, learn: "ConvLearner", run: RunFolder) -> Fitted:
    """Take the eight steps, or go on with them.

    Args:
        config: What was asked for, and chosen by an earlier process.
        learn: A new learner.
        run: Where checkpoints, choices and the record of the steps go.
    """
    if config.asked.augment is None:
        show_lines("note: views are turned and lit a little (--augment basic); side_on mirrors too")

    def keep(chosen: Mapping[str, Any]) -> None:
        config.with_chosen(**chosen).write(run.path)

    result = eight_steps(config.asked).run(
        learn, chosen=config.chosen, on_choice=keep, checkpoint=run.path / CHECKPOINTS
    )
    run.write_steps(result.steps)
    show_lines("\nwhat each step gained, on rows that chose nothing:")
    show_lines("\n".join(step.brief() for step in result.steps))
    return Fitted(config.with_chosen(**result.chosen), result.held_back, result.steps)


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
    elif learn.card.answering.sets is None:  # an MLP, or a body that was thawed
        rows_of_sets = held_back or learn.out_of_fold
        if rows_of_sets is not None and not rows_of_sets.is_multi_label:
            learn.fit_sets(rows_of_sets)
    if asked.others is not None:
        learn.set_unknown(Path(asked.others), false_accept=asked.false_accept)


def predict_out_of_fold(config: RunConfig, learn: "ConvLearner") -> "Predictions":
    """The training rows, each by a head that did not see it, of the kind that was trained."""
    if (learn.card.head or {}).get("kind") == "logistic":
        return learn.cross_validate(balance=config.asked.balance)
    num_rows = len(learn.data.table.rows("train"))
    return learn.cross_validate(lrs=config.lr, **config.mlp_fit(num_rows))
