"""The folder that a run leaves: plain files that can be read without warmstart."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warmstart.cli.run.config import RunConfig, read_config
from warmstart.cli.text.errors import resume_line
from warmstart.data.table import Exclusion, ImageTable
from warmstart.errors import DataError
from warmstart.evaluation.scores import Scores
from warmstart.files.cells import read_cells, write_rows
from warmstart.files.reading import read_text
from warmstart.files.strict import json_table, parse_json, refuse_file
from warmstart.files.writing import write_whole, writing_text
from warmstart.report.content import DataFacts
from warmstart.results.history import History
from warmstart.results.lr_curve import LRCurve
from warmstart.results.step_record import StepRecord, steps_from_jsonl

HISTORY, EXCLUSIONS = "history.jsonl", "exclusions.csv"
ENVIRONMENT, DATA, CURVE = "environment.json", "data.json", "lr_find.json"
STEPS, SCORES, REPORT = "steps.jsonl", "scores.json", "report.html"


def write_history(run: Path, history: History) -> None:
    """One line per epoch, then the steps."""
    write_whole(run / HISTORY, history.to_jsonl())


def write_scores(run: Path, scores: Scores) -> None:
    """Every score with its interval, as JSON."""
    write_whole(run / SCORES, scores.to_json() + "\n")


def write_exclusions(path: Path, exclusions: Iterable[Exclusion]) -> None:
    """One line per file that is in no row, if there is any."""
    listed = [(one.name, one.reason) for one in exclusions]
    if listed:
        with writing_text(path) as file:
            write_rows(file, [("name", "reason"), *listed])


def write_environment(run: Path, versions: dict[str, str], mode: str) -> None:
    """What the bits of the results depend on besides data and settings."""
    from warmstart.learner.environment import environment  # torch loads here

    write_json(run / ENVIRONMENT, environment(versions, mode))


def write_data(run: Path, table: ImageTable, noticed: Sequence[str] = ()) -> None:
    """How many images of each class each split had, and what was noticed, also in training."""
    write_json(run / DATA, {"counts": table.counts(), "notes": [*table.notes, *noticed]})


def write_curve(run: Path, curve: LRCurve) -> None:
    """The losses that a rate was found by, and that rate."""
    write_json(run / CURVE, curve.to_json())


def write_json(path: Path, entry: object) -> None:
    """A file that people can read."""
    write_whole(path, json.dumps(entry, indent=1, ensure_ascii=False, allow_nan=False))


def read_finished(run: Path) -> RunConfig:
    """The config of a run that has a result.

    Raises:
        DataError: it was stopped before it had one, or a file of it is gone.
    """
    config = read_config(run)
    if not config.result:
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
            fix=f"train again: warmstart train {config.asked.source}",
        )
    return config


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
    another: the run's config tells it.
    """
    file = run / CURVE
    if not file.exists():
        return None
    entry = json_table(read_text(file), str(file))
    return LRCurve.from_json({"told": read_config(run).lr} | entry, str(file))
