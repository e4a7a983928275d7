"""`warmstart lr-find`: which rate to start with."""

from pathlib import Path
from typing import Annotated

import typer

from warmstart.cli.expand import with_options
from warmstart.cli.paths import refuse_bad_places
from warmstart.cli.settings import LearnSettings
from warmstart.data.output_paths import refuse_within_data
from warmstart.errors import SettingError
from warmstart.terminal.colour import show_lines

DRAWN = (".png", ".svg", ".pdf", ".jpg")


@with_options(LearnSettings)
def lr_find(
    settings: LearnSettings,
    plot: Annotated[Path | None, typer.Option(help="Draw the curve into this file.")] = None,
) -> None:
    """Try rates from small to large and say which one to start with."""
    data = refuse_bad_places(settings)
    if plot is not None:
        refuse_format(plot, "--plot")
        refuse_within_data(plot, "--plot", data)
    # numpy and Pillow load here, not for --help
    from warmstart.cli.steps import build_learner, load_data

    curve = build_learner(settings, load_data(settings)).lr_find()
    if plot is not None:
        curve.plot(plot)
        show_lines(f"curve in {plot}")
    show_lines(f"suggestion: --lr {curve.suggestion:.2g}")


def refuse_format(plot: Path, flag: str) -> None:
    """A file that no picture can be written to.

    Args:
        plot: What was typed.
        flag: Which option says so.

    Raises:
        SettingError: its suffix is not that of a picture.
    """
    if plot.suffix.lower() not in DRAWN:
        raise SettingError(
            f"{flag} {plot} has the suffix {plot.suffix or 'of no format'}.",
            expected="a file that ends in " + ", ".join(DRAWN) + ".",
            fix=f"give {plot.with_suffix('.png')}.",
            flags=(flag, str(plot.with_suffix(".png"))),
        )
