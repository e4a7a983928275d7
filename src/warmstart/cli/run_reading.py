"""What a run left on disk → the plain data that it was."""

from dataclasses import dataclass
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
from warmstart.files.cells import read_cells
from warmstart.files.reading import read_text
from warmstart.files.strict import json_table, parse_json, refuse_file
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


@dataclass(frozen=True)
class DataFile:
    """What RUN/data.json says."""

    counts: dict[str, dict[str, int]]
    notes: tuple[str, ...]


def read_data_facts(run: Path) -> DataFacts:
    """How many images there were, and what was left out."""
    found = parse_json(read_text(run / DATA), DataFile, str(run / DATA))
    return DataFacts(found.counts, read_exclusions(run / EXCLUSIONS), found.notes)


def read_exclusions(file: Path) -> tuple[Exclusion, ...]:
    """Files that are in no row, if there are any."""
    if not file.exists():
        return ()
    titles, lines = read_cells(file)
    if titles != ["name", "reason"]:
        refuse_file(str(file), "does not have the columns name and reason")
    return tuple(Exclusion(*line) for line in lines)


def read_history(run: Path) -> History:
    """All epochs and steps."""
    return History.from_jsonl(read_text(run / HISTORY), str(run / HISTORY))


def read_environment(run: Path) -> dict[str, Any]:
    """Versions and machine."""
    file = run / ENVIRONMENT
    return vars(parse_json(read_text(file), EnvironmentFile, str(file)))


@dataclass(frozen=True)
class EnvironmentFile:
    """What RUN/environment.json says."""

    versions: dict[str, str]
    python: str
    system: str
    processor: str
    num_cores: int | None
    num_threads: int
    numeric_mode: str


def read_steps(run: Path) -> tuple[StepRecord, ...]:
    """The steps of a run that took any."""
    file = run / STEPS
    return steps_from_jsonl(read_text(file), str(file)) if file.exists() else ()


def read_curve(run: Path) -> LRCurve | None:
    """How the rate was found, if it was.

    A file that does not tell which rate was suggested is an older version's, whose rule was
    another: the run's recipe tells it.
    """
    file = run / CURVE
    if not file.exists():
        return None
    entry = json_table(read_text(file), str(file))
    return LRCurve.from_json({"told": read_recipe(run).lr} | entry, str(file))
