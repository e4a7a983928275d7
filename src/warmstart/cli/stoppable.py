"""A run that may be stopped by Ctrl-C, or be finished already."""

from dataclasses import replace
from pathlib import Path

from warmstart.cli.mistakes import RunStopped
from warmstart.cli.paths import RECIPE
from warmstart.cli.recipe import Recipe
from warmstart.cli.run_folder import working_in
from warmstart.terminal.colour import show_lines


def run_stoppable(recipe: Recipe, run: Path, cache_dir: str | None = None) -> None:
    """Carry a run out, or say that this has been done.

    Args:
        recipe: What was asked for, and what is known already.
        run: Its folder.
        cache_dir: Where activations are kept, if not where the recipe says.

    Raises:
        RunStopped: Ctrl-C was pressed; what was done is kept.
    """
    if recipe.result:
        accuracy = recipe.result.get("valid_accuracy", float("nan"))
        show_lines(f"{run} is finished: accuracy {accuracy:.4f} on the validation images.")
        show_lines(f"model:      {run / 'model'}")
        return
    if cache_dir is not None:
        recipe = replace(recipe, asked=replace(recipe.asked, cache_dir=cache_dir))
    try:
        with working_in(run, is_new=not (run / RECIPE).exists()):
            # numpy, Pillow and torch load here, not for --help
            from warmstart.cli.steps import run_training

            run_training(recipe, run)
    except KeyboardInterrupt as error:
        if not (run / RECIPE).exists():
            recipe.write(run)
        raise RunStopped(run) from error
