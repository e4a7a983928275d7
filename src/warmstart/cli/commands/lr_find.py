"""`warmstart lr-find`: which rate to start with."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from warmstart.cli.commands.options import with_options
from warmstart.cli.commands.paths import check_drawable, check_places
from warmstart.cli.run.settings import LearnSettings
from warmstart.data.output_paths import check_outside_folders
from warmstart.terminal.colour import show_lines


@with_options(LearnSettings)
def lr_find_command(
    settings: LearnSettings,
    plot: Annotated[Path | None, typer.Option(help="Draw the curve into this file.")] = None,
) -> None:
    """Try rates from small to large and say which one to start with."""
    data = check_places(settings)
    if plot is not None:
        check_drawable(plot, "--plot")
        check_outside_folders(plot, "--plot", data)
    # numpy and Pillow load here, not for --help
    from warmstart.cli.run.loading import build_learner, load_data

    curve = build_learner(settings, load_data(settings)).lr_find()
    if plot is not None:
        curve.plot(plot)
        show_lines(f"curve in {plot}")
    rate = f"{curve.suggestion:.2g}"
    show_lines(f"suggestion: --lr {rate}")
    words = ["warmstart", "train", settings.source, "--head", "mlp", "--lr", rate]
    show_lines(f"next: {shlex.join(words)}")
