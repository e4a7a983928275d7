"""`warmstart train`: precompute, find a rate, train the head, judge, save."""

from pathlib import Path
from typing import Annotated

import typer

from warmstart.cli.expand import with_options
from warmstart.cli.paths import refuse_bad_places, refuse_missing, refuse_within_data
from warmstart.cli.recipe import Recipe
from warmstart.cli.resume import Context, resumed
from warmstart.cli.run_folder import new_run
from warmstart.cli.settings import SOURCE_HELP, TrainSettings
from warmstart.cli.stoppable import run_stoppable
from warmstart.errors import SettingError


@with_options(TrainSettings)
def train(
    context: Context,
    settings: TrainSettings,
    source: Annotated[
        str, typer.Argument(metavar="FOLDER|CSV", help=SOURCE_HELP, show_default=False)
    ] = "",
    out: Annotated[Path | None, typer.Option(help="The run's folder; default: runs/…")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run's folder.")] = None,
) -> None:
    """Train a classifier of the images in a folder or a CSV file.

    Raises:
        SettingError: neither a source nor a run to go on with was given.
    """
    if resume is not None:
        run_stoppable(resumed(resume, context), resume, settings.cache_dir)
        return
    if not source:
        raise SettingError(
            "there is nothing to train on.",
            expected="warmstart train FOLDER|CSV, or warmstart train --resume RUN.",
            fix="warmstart demo",
        )
    data = refuse_bad_places(settings)
    if settings.tensorboard is not None:
        refuse_within_data(Path(settings.tensorboard), "--tensorboard", data)
    if settings.others is not None:
        refuse_missing(Path(settings.others), expected="pictures of other things.")
    run_stoppable(Recipe(settings), new_run(out, Path(source), data=data), settings.cache_dir)
