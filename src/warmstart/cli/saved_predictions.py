"""RUN/predictions.csv read back: the validation rows of a finished run, by content."""

import csv
import json
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.cli.label_cells import names_in
from warmstart.cli.mistakes import resume_line
from warmstart.cli.paths import PREDICTIONS, RECIPE
from warmstart.cli.run_folder import OUT_OF_FOLD, SCORES
from warmstart.errors import DataError
from warmstart.evaluation.scores import Scores
from warmstart.results.answering import Answering
from warmstart.results.predictions import Predictions

CARD = Path("model", "model.json")
FIRST_COLUMNS = ["sha256", "name", "label", "predicted"]


@dataclass(frozen=True, eq=False)
class SavedPredictions:
    """Predictions, and the sha256 of each row's image."""

    predictions: Predictions
    hashes: tuple[str, ...]


def read_predictions(run: Path) -> SavedPredictions:
    """Read what a run predicted for its validation rows.

    Args:
        run: Its folder.

    Raises:
        DataError: it is no finished run, or its files are not as they were written.
    """
    refuse_unfinished(run)
    try:
        return parsed(run)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise DataError(
            f"{run} cannot be read ({error}).",
            expected=f"{PREDICTIONS}, {SCORES} and {CARD} as `warmstart train` wrote them.",
            fix="warmstart " + shlex.join(["train", "--like", str(run)]),
        ) from error


def parsed(run: Path) -> SavedPredictions:
    """What a run's files say; a ValueError where one is not as it was written."""
    card = json.loads((run / CARD).read_text(encoding="utf-8"))
    scores = Scores.from_json((run / SCORES).read_text(encoding="utf-8"))
    saved = read_rows(run / PREDICTIONS, is_multi_label=card["is_multi_label"])
    predictions = replace(
        saved.predictions,
        answering=Answering(thresholds=thresholds_of(card)),
        chosen_on_these=scores.chosen_on_these,
    )
    return SavedPredictions(predictions, saved.hashes)


def read_out_of_fold(run: Path) -> Predictions | None:
    """Training rows, each by a head that did not see it; None where a run has none.

    Raises:
        DataError: the file is not as it was written.
    """
    file = run / OUT_OF_FOLD
    if not file.is_file():
        return None
    try:
        card = json.loads((run / CARD).read_text(encoding="utf-8"))
        return read_rows(file, is_multi_label=card["is_multi_label"]).predictions
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise DataError(
            f"{file} cannot be read ({error}).",
            expected="the file as `warmstart train` wrote it.",
            fix="warmstart " + shlex.join(["train", "--like", str(run)]),
        ) from error


def read_rows(file: Path, *, is_multi_label: bool) -> SavedPredictions:
    """Rows of a file of predictions, as they are.

    Raises:
        ValueError: something in it is not as it was written.
    """
    with file.open(newline="", encoding="utf-8") as lines:
        titles, *rows = csv.reader(lines)
    if titles[:4] != FIRST_COLUMNS:
        raise ValueError(f"{file.name} begins with the columns {', '.join(titles[:4])}")
    classes = tuple(titles[4:])
    find = many_labels if is_multi_label else one_label
    predictions = Predictions(
        tuple(row[1] for row in rows),
        np.array([[float(cell) for cell in row[4:]] for row in rows]),
        find([row[2] for row in rows], classes),
        classes,
    )
    return SavedPredictions(predictions, tuple(row[0] for row in rows))


def thresholds_of(card: dict[str, Any]) -> tuple[float, ...] | None:
    """What a model's card says of many labels."""
    values = card.get("answering", {}).get("thresholds")
    return None if values is None else tuple(values)


def one_label(cells: list[str], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Labels (N,), -1 where there is none."""
    return np.array([classes.index(cell) if cell else -1 for cell in cells], np.int64)


def many_labels(cells: list[str], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Labels (N, K) of 0 and 1."""
    labels = np.zeros((len(cells), len(classes)), np.int64)
    for row, cell in enumerate(cells):
        for name in names_in(cell, classes):
            labels[row, classes.index(name)] = 1
    return labels


def refuse_unfinished(run: Path) -> None:
    """See that a run is finished.

    Raises:
        DataError: it is not.
    """
    missing = [str(name) for name in (PREDICTIONS, SCORES, CARD) if not (run / name).is_file()]
    if missing:
        raise DataError(
            f"{run} has no {missing[0]}.",
            expected="the folder of a finished run, that `warmstart train` wrote.",
            fix=resume_line(run) if (run / RECIPE).is_file() else "give another run.",
        )
