"""What a run left on disk → the plain data that it was."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from warmstart.cli.mistakes import resume_line
from warmstart.cli.recipe import Recipe, read_recipe
from warmstart.cli.run_folder import (
    BETWEEN_LABELS,
    CURVE,
    DATA,
    ENVIRONMENT,
    EXCLUSIONS,
    FIXED_COLUMNS,
    HISTORY,
    PREDICTIONS,
    STEPS,
)
from warmstart.data.table import Exclusion
from warmstart.errors import DataError
from warmstart.report.content import DataFacts
from warmstart.results.history import History
from warmstart.results.lr_curve import LRCurve
from warmstart.results.predictions import Predictions
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
    gone = [n for n in (PREDICTIONS, HISTORY, ENVIRONMENT, DATA) if not (run / n).is_file()]
    if gone:
        raise DataError(
            f"{run} has no {' and no '.join(gone)}.",
            expected="the files that `warmstart train` left there.",
            fix=f"train again: warmstart train {recipe.asked.source}",
        )
    return recipe


def read_predictions(run: Path, *, is_multi_label: bool) -> tuple[Predictions, list[bytes]]:
    """Predictions, and the sha256 of each row's bytes."""
    with (run / PREDICTIONS).open(newline="", encoding="utf-8") as file:
        head, *lines = csv.reader(file)
    classes = tuple(head[len(FIXED_COLUMNS) :])
    position = {name: k for k, name in enumerate(classes)}
    chances = np.array(
        [[float(p) for p in line[len(FIXED_COLUMNS) :]] for line in lines], np.float64
    )
    labels = np.full(len(lines), -1, np.int64)
    if is_multi_label:
        labels = np.zeros((len(lines), len(classes)), np.int64)
    for row, line in enumerate(lines):
        if not line[2]:
            continue
        if is_multi_label:
            labels[row, [position[name] for name in names_in(line[2], classes)]] = 1
        else:
            labels[row] = position[line[2]]
    hashes = [bytes.fromhex(line[0]) for line in lines]
    names = tuple(line[1] for line in lines)
    return Predictions(names, chances.reshape(len(lines), len(classes)), labels, classes), hashes


def names_in(cell: str, classes: tuple[str, ...]) -> list[str]:
    """The labels that a cell holds.

    Raises:
        DataError: a name has the sign that stands between names, and the cell can be read twice.
    """
    bar = BETWEEN_LABELS
    names = [name for name in classes if f"{bar}{name}{bar}" in f"{bar}{cell}{bar}"]
    if bar.join(names) != cell:
        raise DataError(
            f"the labels {cell!r} in {PREDICTIONS} can be read in several ways.",
            expected=f"names of classes without {bar!r}, which stands between them.",
            fix=f"rename the classes that have a {bar!r}, and train again.",
        )
    return names


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
    """How the rate was found, if it was."""
    file = run / CURVE
    if not file.exists():
        return None
    entry = json.loads(file.read_text(encoding="utf-8"))
    return LRCurve(np.array(entry["lrs"]), np.array(entry["losses"]), entry["share"])
