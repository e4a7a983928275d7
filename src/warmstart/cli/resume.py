"""`warmstart train --resume RUN`: which run, and whether anything typed beside it contradicts."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from warmstart.cli.mistakes import resume_line
from warmstart.cli.paths import RECIPE, refuse_no_run
from warmstart.cli.recipe import Recipe, read_recipe
from warmstart.cli.settings import PATHS, TrainSettings
from warmstart.errors import SettingError

if TYPE_CHECKING:
    from typer import Context as Context
else:
    Context = typer.Context.__mro__[1]  # the class of what a command is given


def resumed(run: Path, context: Context) -> Recipe:
    """The recipe of a run.

    Args:
        run: Its folder.
        context: What was typed.

    Returns:
        The recipe; its activations may be kept in another place than before.

    Raises:
        SettingError: an option says something else than the run's recipe.
    """
    refuse_no_run(run)
    recipe = read_recipe(run)
    wanted = {one.name: getattr(recipe.asked, one.name) for one in fields(TrainSettings)}
    wanted["lr"] = recipe.lr
    wanted["out"] = str(run)
    for name, value in typed(context).items():
        if name in wanted and name != "cache_dir" and not same(name, value, wanted[name]):
            flag = "the source" if name == "source" else f"--{name.replace('_', '-')}"
            raise SettingError(
                f"{flag} is {value}, and the run in {run} has {wanted[name]}.",
                expected=f"no option beside --resume, or the ones in {run / RECIPE}.",
                fix=resume_line(run),
            )
    return recipe


def typed(context: Context) -> dict[str, Any]:
    """The options that were typed, not left at their defaults."""
    found = {}
    for name, value in context.params.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            found[name] = value
    return found


def same(name: str, typed_value: Any, recorded: Any) -> bool:
    """Whether an option says what the recipe says; paths are compared as places."""
    if name in {*PATHS, "out"}:
        return recorded is not None and Path(typed_value).resolve() == Path(recorded).resolve()
    return bool(typed_value == recorded)
