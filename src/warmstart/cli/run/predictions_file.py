"""RUN/predictions.csv, written and read back: rows by the content of their pictures."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.cli.run.cells import (
    LIKELIEST,
    MOST_CELLS,
    labels_cell,
    likeliest_cell,
    names_in,
    read_likeliest,
)
from warmstart.files.cells import by_cell, read_cells, safe_cell, unquoted, write_rows
from warmstart.files.strict import refuse_file
from warmstart.files.writing import writing_text
from warmstart.inference.model_card import ModelCard
from warmstart.results.predictions import Predictions

MOST_BYTES = 1 << 30  # of a file of predictions
SHA256 = re.compile("[0-9a-f]{64}")
FIRST_COLUMNS = ["sha256", "name", "label", "predicted"]
KNOWN_SCORE = "known_score"  # the column of the scores that decide what is "unknown"


@dataclass(frozen=True, eq=False)
class SavedPredictions:
    """Predictions, and the sha256 of each row's image.

    Where the file ``is_short``, probabilities of unlikely classes are the mean of those of a row.
    """

    predictions: Predictions
    hashes: tuple[str, ...]
    is_short: bool = False


def write_predictions(
    file: Path, predictions: Predictions, hashes: Sequence[bytes]
) -> SavedPredictions:
    """One line per row, found again by its content's hash wherever the file moves.

    There is a column per class; where that would be very many cells, one of the likeliest classes.

    Returns:
        The rows as they would be read from there.
    """
    is_short = predictions.probabilities.size > MOST_CELLS
    titles = [LIKELIEST] if is_short else predictions.classes
    told = list(likeliest_cells(predictions)) if is_short else []
    with writing_text(file) as stream:
        write_rows(stream, [[*FIRST_COLUMNS, *score_titles(predictions), *titles]])
        write_rows(stream, prediction_rows(predictions, hashes, told))
    if is_short:
        probabilities = read_likeliest(told, predictions.classes, str(file))
        predictions = replace(predictions, probabilities=probabilities)
    return SavedPredictions(predictions, tuple(each.hex() for each in hashes), is_short)


def prediction_rows(
    predictions: Predictions, hashes: Sequence[bytes], told: Sequence[str]
) -> Iterator[list[object]]:
    """The cells of each row; ``told`` has those of the likeliest classes, if only they are."""
    classes, answers = predictions.classes, predictions.answers
    for i, name in enumerate(predictions.rows):
        cells = [told[i]] if told else map(float, predictions.probabilities[i])
        called, label = answer_cell(predictions, answers[i]), predictions.labels[i]
        scores = score_cells(predictions, i)
        yield [hashes[i].hex(), name, label_cell(label, classes), called, *scores, *cells]


def score_titles(predictions: Predictions) -> list[str]:
    """The title of the column of known scores, where there are any."""
    return [] if predictions.known_scores is None else [KNOWN_SCORE]


def score_cells(predictions: Predictions, row: int) -> list[float]:
    """The known score of a row, where there is one."""
    scores = predictions.known_scores
    return [] if scores is None else [float(scores[row])]


def likeliest_cells(predictions: Predictions) -> Iterator[str]:
    """For each row the cell of its likeliest classes, and of those that it has."""
    for row, label in zip(predictions.probabilities, predictions.labels, strict=True):
        own = np.flatnonzero(label == 1) if predictions.is_multi_label else label[label >= 0]
        yield likeliest_cell(row, own, predictions.classes)


def answer_cell(predictions: Predictions, names: Sequence[str]) -> str:
    """What a row is called: one name, or several in a cell."""
    return labels_cell(names, predictions.classes) if predictions.is_multi_label else names[0]


def label_cell(label: NDArray[np.int64] | np.int64, classes: tuple[str, ...]) -> str:
    """The name of a label, or the names of several; nothing where there is none."""
    if isinstance(label, np.ndarray):
        return labels_cell([classes[int(k)] for k in np.flatnonzero(label == 1)], classes)
    return classes[int(label)] if label >= 0 else ""


def read_prediction_rows(file: Path, card: ModelCard) -> SavedPredictions:
    """Rows of a file of predictions, as they are.

    Args:
        file: Of rows of a run.
        card: Of the run's model.
    """
    titles, rows = read_cells(file, MOST_BYTES)
    classes, columns = card.classes, tuple(titles[4:])
    has_scores = columns[:1] == (KNOWN_SCORE,) and len(columns) in {2, len(classes) + 1}
    has_scores = has_scores and columns != classes and columns != tuple(map(safe_cell, classes))
    first, columns = (5, columns[1:]) if has_scores else (4, columns)
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
            read_likeliest([row[first] for row in rows], classes, str(file))
            if is_short
            else np.array([[float(cell) for cell in row[first:]] for row in rows])
        )
        scores = np.array([float(row[4]) for row in rows]) if has_scores else None
        labels = find([row[2] for row in rows], classes)
    except ValueError as error:
        refuse_file(str(file), f"is not as it was written: {error}")
    if not ((probabilities >= 0) & (probabilities <= 1)).all():  # NaN is neither
        refuse_file(str(file), "has a probability that is none")
    if scores is not None and not np.isfinite(scores).all():
        refuse_file(str(file), "has a known score that is no number")
    names = tuple(unquoted(row[1]) for row in rows)
    predictions = Predictions(names, probabilities, labels, classes, known_scores=scores)
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
