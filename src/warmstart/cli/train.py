"""`warmstart train`: precompute, find a rate, train the head, judge, save."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from warmstart.cli.expand import with_options
from warmstart.cli.paths import refuse_bad_places, refuse_no_run
from warmstart.cli.recipe import Recipe, read_recipe
from warmstart.cli.resume import Context, resumed
from warmstart.cli.run_folder import new_run
from warmstart.cli.settings import SOURCE_HELP, TrainSettings
from warmstart.cli.stoppable import run_stoppable
from warmstart.data.output_paths import refuse_within_data
from warmstart.errors import SettingError
from warmstart.terminal.colour import show_lines


@with_options(TrainSettings)
def train(
    context: Context,
    settings: TrainSettings,
    source: Annotated[
        str, typer.Argument(metavar="FOLDER|CSV", help=SOURCE_HELP, show_default=False)
    ] = "",
    out: Annotated[Path | None, typer.Option(help="The run's folder; default: runs/…")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run's folder.")] = None,
    like: Annotated[
        Path | None, typer.Option(help="Do again what this run did, in a new folder.")
    ] = None,
) -> None:
    """Train a classifier of the images in a folder or a CSV file.

    Raises:
        SettingError: neither a source nor a run to go on with was given.
    """
    if resume is not None:
        recipe = resumed(resume, context)
        if not recipe.result:
            refuse_within_data(resume, "--resume", places_of(recipe, settings.cache_dir))
        run_stoppable(recipe, resume, settings.cache_dir)
        return
    if like is not None:
        refuse_no_run(like)
        done = read_recipe(like)
        data = places_of(done, settings.cache_dir)
        again = replace(done, result={})
        run_stoppable(again, new_run(out, Path(done.asked.source), data=data), settings.cache_dir)
        return
    if not source:
        raise SettingError(
            "there is nothing to train on.",
            expected="warmstart train FOLDER|CSV, or warmstart train --resume RUN.",
            fix="warmstart demo",
        )
    settings = resolve_head(settings)
    data = refuse_bad_places(settings)
    run_stoppable(Recipe(settings), new_run(out, Path(source), data=data), settings.cache_dir)


def places_of(recipe: Recipe, cache_dir: str | None) -> list[Path]:
    """The folders of images of a run that was begun, nothing of it being written there."""
    asked = recipe.asked if cache_dir is None else replace(recipe.asked, cache_dir=cache_dir)
    return refuse_bad_places(asked)


def resolve_head(settings: TrainSettings) -> TrainSettings:
    """Settings whose head agrees with the other options; what they mean is said.

    Raises:
        SettingError: an option is given that would have no effect.
    """
    options = {
        "--epochs": settings.epochs,
        "--lr": settings.lr,
        "--wd": settings.wd,
        "--tensorboard": settings.tensorboard,
    }
    if settings.full:
        options["--balance"] = settings.balance
    given = [flag for flag, value in options.items() if value is not None]
    if not given or (settings.head == "mlp" and not settings.full):
        return settings
    if settings.full:
        raise SettingError(
            f"{' and '.join(given)} would have no effect: --full sets rates and epochs itself.",
            expected="--full, or a head that is trained alone.",
            fix=f"leave {given[0]} out, or leave --full out.",
        )
    if settings.head == "logistic":
        raise SettingError(
            f"{' and '.join(given)} would have no effect: logistic regression is solved, without "
            "a rate or epochs.",
            expected="options that something is done with.",
            fix="pass head=mlp.",
            flags=("--head", "mlp"),
        )
    show_lines(
        f"note: {' and '.join(given)} {'is' if len(given) == 1 else 'are'} of the MLP, so the head "
        "is the MLP; without it, logistic regression (--head logistic).",
        is_error=True,
    )
    return replace(settings, head="mlp")
