"""What a run left on disk → the plain data that it was."""

import csv
import json
from pathlib import Path
from typing import Any

from warmstart.cli.mistakes import resume_line
from warmstart.cli.recipe import Recipe, read_recipe
from warmstart.cli.run_folder import (
    CURVE,
    DATA,
    ENVIRONMENT,
    EXCLUSIONS,
    HISTORY,
    STEPS,
)
from warmstart.data.table import Exclusion
from warmstart.errors import DataError
from warmstart.report.content import DataFacts
from warmstart.results.history import History
from warmstart.results.lr_curve import LRCurve
from warmstart.results.step_record import StepRecord, steps_from_jsonl


def read_finished(run: Path) -> Recipe:
    """The recipe of a run that has a result.

    Raises:
        DataError: it was stopped before it had one, or a file of it is gone.
    """
    recipe = read_recipe(run)
    if not recipe.result:
        raise DataError(
            f"the run in {run} is not finished.",
            expected="a run with a result.",
            fix=resume_line(run),
        )
    gone = [n for n in (HISTORY, ENVIRONMENT, DATA) if not (run / n).is_file()]
    if gone:
        raise DataError(
            f"{run} has no {' and no '.join(gone)}.",
            expected="the files that `warmstart train` left there.",
            fix=f"train again: warmstart train {recipe.asked.source}",
        )
    return recipe


def read_data_facts(run: Path) -> DataFacts:
    """How many images there were, and what was left out."""
    entry = json.loads((run / DATA).read_text(encoding="utf-8"))
    exclusions: tuple[Exclusion, ...] = ()
    if (run / EXCLUSIONS).exists():
        with (run / EXCLUSIONS).open(newline="", encoding="utf-8") as file:
            exclusions = tuple(Exclusion(*line) for line in list(csv.reader(file))[1:])
    return DataFacts(entry["counts"], exclusions, tuple(entry["notes"]))


def read_history(run: Path) -> History:
    """All epochs and steps."""
    return History.from_jsonl((run / HISTORY).read_text(encoding="utf-8"))


def read_environment(run: Path) -> dict[str, Any]:
    """Versions and machine."""
    entry: dict[str, Any] = json.loads((run / ENVIRONMENT).read_text(encoding="utf-8"))
    return entry


def read_steps(run: Path) -> tuple[StepRecord, ...]:
    """The steps of a run that took any."""
    file = run / STEPS
    return steps_from_jsonl(file.read_text(encoding="utf-8")) if file.exists() else ()


def read_curve(run: Path) -> LRCurve | None:
    """How the rate was found, if it was.

    A file that does not tell which rate was suggested is an older version's, whose rule was
    another: the run's recipe tells it.
    """
    file = run / CURVE
    if not file.exists():
        return None
    entry = json.loads(file.read_text(encoding="utf-8"))
    return LRCurve.from_json({"told": read_recipe(run).lr} | entry)
