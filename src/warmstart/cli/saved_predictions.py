"""RUN/predictions.csv read back: the validation rows of a finished run, by content."""

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.cli.label_cells import names_in
from warmstart.cli.likeliest import LIKELIEST, read_likeliest
from warmstart.cli.mistakes import resume_line
from warmstart.cli.paths import PREDICTIONS, RECIPE
from warmstart.cli.run_folder import OUT_OF_FOLD, SCORES
from warmstart.errors import DataError, WarmstartError, reason_of
from warmstart.files.cells import by_cell, read_cells, safe_cell, unquoted
from warmstart.files.reading import read_text
from warmstart.files.strict import refuse_file
from warmstart.inference.model_card import ModelCard, read_card
from warmstart.metrics.scores import Scores
from warmstart.results.answering import Answering
from warmstart.results.predictions import Predictions

MODEL = "model"
CARD = Path(MODEL, "model.json")
MOST_BYTES = 1 << 30  # of a file of predictions
SHA256 = re.compile("[0-9a-f]{64}")
FIRST_COLUMNS = ["sha256", "name", "label", "predicted"]


@dataclass(frozen=True, eq=False)
class SavedPredictions:
    """Predictions, and the sha256 of each row's image.

    Where the file ``is_short``, probabilities of unlikely classes are the mean of those of a row.
    """

    predictions: Predictions
    hashes: tuple[str, ...]
    is_short: bool = False


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
    except (OSError, WarmstartError) as error:
        raise DataError(
            f"{run} cannot be read: {reason_of(error)}",
            expected=f"{PREDICTIONS}, {SCORES} and {CARD} as `warmstart train` wrote them.",
            fix="warmstart " + shlex.join(["train", "--like", str(run)]),
        ) from error


def parsed(run: Path) -> SavedPredictions:
    """What a run's files say; a WarmstartError where one is not as it was written."""
    card = read_card(run / MODEL).card
    scores = read_scores(run)
    saved = read_rows(run / PREDICTIONS, card)
    predictions = replace(
        saved.predictions,
        answering=Answering(thresholds=card.answering.thresholds),
        chosen_on_these=scores.chosen_on_these,
    )
    return replace(saved, predictions=predictions)


def read_scores(run: Path) -> Scores:
    """The scores of the validation rows, as they were when all probabilities were known."""
    return Scores.from_json(read_text(run / SCORES), str(run / SCORES))


def read_out_of_fold(run: Path) -> Predictions | None:
    """Training rows, each by a head that did not see it; None where a run has none.

    Raises:
        DataError: the file is not as it was written.
    """
    file = run / OUT_OF_FOLD
    if not file.is_file():
        return None
    try:
        return read_rows(file, read_card(run / MODEL).card).predictions
    except (OSError, WarmstartError) as error:
        raise DataError(
            f"{file} cannot be read: {reason_of(error)}",
            expected="the file as `warmstart train` wrote it.",
            fix="warmstart " + shlex.join(["train", "--like", str(run)]),
        ) from error


def read_rows(file: Path, card: ModelCard) -> SavedPredictions:
    """Rows of a file of predictions, as they are.

    Args:
        file: Of rows of a run.
        card: Of the run's model.
    """
    titles, rows = read_cells(file, MOST_BYTES)
    classes, columns = card.classes, tuple(titles[4:])
    is_short = columns == (LIKELIEST,) != classes
    is_known = is_short or columns in {classes, tuple(map(safe_cell, classes))}
    if titles[:4] != FIRST_COLUMNS or not is_known:
        refuse_file(str(file), f"begins with the columns {', '.join(titles[:6])}")
    wrong = next((row[0] for row in rows if not SHA256.fullmatch(row[0])), None)
    if wrong is not None:
        refuse_file(str(file), f"has {wrong[:80]!r} where the sha256 of a picture should be")
    find = many_labels if card.is_multi_label else one_label
    try:
        probabilities = (
            read_likeliest([row[4] for row in rows], classes, str(file))
            if is_short
            else np.array([[float(cell) for cell in row[4:]] for row in rows])
        )
        labels = find([row[2] for row in rows], classes)
    except ValueError as error:
        refuse_file(str(file), f"is not as it was written: {error}")
    if not ((probabilities >= 0) & (probabilities <= 1)).all():  # NaN is neither
        refuse_file(str(file), "has a probability that is none")
    predictions = Predictions(tuple(row[1] for row in rows), probabilities, labels, classes)
    return SavedPredictions(predictions, tuple(row[0] for row in rows), is_short)


def one_label(cells: list[str], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Labels (N,), -1 where there is none.

    Raises:
        ValueError: a cell holds something else than the name of a class.
    """
    names, number = by_cell(classes), {name: k for k, name in enumerate(classes)}
    unknown = next((cell for cell in cells if cell and cell not in names), None)
    if unknown is not None:
        raise ValueError(f"{unknown!r} is no class")
    return np.array([number[names[cell]] if cell else -1 for cell in cells], np.int64)


def many_labels(cells: list[str], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Labels (N, K) of 0 and 1."""
    labels = np.zeros((len(cells), len(classes)), np.int64)
    names, number = by_cell(classes), {name: k for k, name in enumerate(classes)}
    for row, cell in enumerate(cells):
        labels[row, [number[names[name]] for name in names_in(unquoted(cell), names)]] = 1
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
