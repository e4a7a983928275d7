"""`warmstart compare-runs`: is the second run's model better than the first's?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warmstart.cli.commands.paths import check_is_run
from warmstart.errors import DataError, SettingError
from warmstart.terminal.colour import show_lines

if TYPE_CHECKING:
    from warmstart.cli.run.predictions_file import SavedPredictions
    from warmstart.comparison.compare import Comparison


def compare_runs_command(
    first: Annotated[Path, typer.Argument(metavar="A", help="The run that is there already.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The run that may be better.")],
    worthwhile: Annotated[
        float, typer.Option(min=0, max=1, help="The smallest gain in accuracy that counts.")
    ] = 0.01,
    json: Annotated[bool, typer.Option(help="Print JSON instead of words.")] = False,
) -> None:
    """Say whether the model of run B is better than that of run A, on the same images.

    Raises:
        SettingError: A and B are the same.
    """
    for run, other in ((first, second), (second, first)):
        check_is_run(run, other=other)
    if first.resolve() == second.resolve():
        raise SettingError(
            f"{first} and {second} are one run.",
            expected="two runs.",
            fix="give another run; `ls runs` lists those that are here.",
        )
    from warmstart.cli.run.folder import RunFolder  # numpy loads here
    from warmstart.metrics.scores import main_title

    pair = (RunFolder(first).read_predictions(), RunFolder(second).read_predictions())
    found = compare_finished(pair, (first, second), worthwhile)
    if json:
        show_lines(found.to_json())
        return
    for letter, run, saved in zip("AB", (first, second), pair, strict=True):
        title = main_title(is_multi_label=saved.predictions.is_multi_label)
        show_lines(f"{letter}  {run}  {title} {saved.predictions.accuracy:.4f}")
        for chosen in saved.predictions.chosen_on_these:
            show_lines(
                f"   note: {chosen} of {letter} was chosen by these images, which flatters it"
            )
    show_lines(f"\n{found}")


def compare_finished(
    pair: tuple["SavedPredictions", "SavedPredictions"], runs: tuple[Path, Path], worthwhile: float
) -> "Comparison":
    """The comparison of what two runs predicted.

    Raises:
        DataError: their images, classes or labels are not the same.
    """
    from warmstart.comparison.compare import compare_predictions

    try:
        return compare_predictions(
            pair[0].predictions,
            pair[1].predictions,
            hashes=(pair[0].hashes, pair[1].hashes),
            worthwhile=worthwhile,
        )
    except SettingError as error:
        raise DataError(
            f"{runs[0]} and {runs[1]} cannot be compared: {error.what}",
            expected="two runs that were judged on the same validation images, with the same "
            "classes and labels.",
            fix="train both on the same folder, with the same --valid-pct and --split-seed.",
        ) from error
