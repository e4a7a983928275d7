"""Which rows of a set of predictions are worth a look."""

import numpy as np
from numpy.typing import NDArray

from warmstart.results.predictions import Predictions

Rows = NDArray[np.int64]


def right_and_wrong(predictions: Predictions) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each row (N,) is right, and whether it is wrong; one without a label is neither.

    With many labels per row, right means all of them.
    """
    labels, same = predictions.labels, predictions.predicted == predictions.labels
    if predictions.is_multi_label:
        known, same = labels[:, 0] >= 0, same.all(axis=1)
    else:
        known = labels >= 0
    return known & same, known & ~same


def random_right(predictions: Predictions, number: int, *, seed: int = 0) -> Rows:
    """At most ``number`` right rows, drawn."""
    return draw_rows(right_and_wrong(predictions)[0], number, seed)


def random_wrong(predictions: Predictions, number: int, *, seed: int = 0) -> Rows:
    """At most ``number`` wrong rows, drawn."""
    return draw_rows(right_and_wrong(predictions)[1], number, seed)


def most_wrong(predictions: Predictions, number: int) -> Rows:
    """The wrong rows whose truth was given the least probability, worst first.

    With many labels per row, those with the largest gap between a label and its probability.
    """
    wrong = np.flatnonzero(right_and_wrong(predictions)[1])
    return lowest(-gaps(predictions)[wrong], wrong, number)


def most_sure(predictions: Predictions, number: int) -> list[Rows]:
    """For each class, the rows that are called so, right or wrong, the most probable first.

    Args:
        predictions: What was said.
        number: At most so many of a class.
    """
    said, num_classes = predictions.predicted, len(predictions.classes)
    rows, labels = np.nonzero(said) if said.ndim == 2 else (np.arange(len(said)), said)
    order = np.lexsort((rows, -predictions.probabilities[rows, labels], labels))
    ends = np.cumsum(np.bincount(labels, minlength=num_classes))
    return [found[:number] for found in np.split(rows[order], ends[:-1])]


def most_uncertain(predictions: Predictions, number: int) -> Rows:
    """The rows with the lowest highest probability, lowest first.

    With many labels per row, those with a probability nearest to the one that decides.
    """
    probabilities = predictions.probabilities
    if predictions.is_multi_label:
        doubt = np.abs(probabilities - predictions.thresholds).min(axis=1)
    else:
        doubt = probabilities.max(axis=1)
    return lowest(doubt, np.arange(len(doubt)), number)


def most_mistaken(predictions: Predictions, row: int) -> int:
    """Of many labels of a row, the class whose probability is furthest from the truth."""
    return int(np.abs(predictions.probabilities[row] - predictions.labels[row]).argmax())


def gaps(predictions: Predictions) -> NDArray[np.float64]:
    """How far what was said is from the truth (N,): 0 not at all, 1 as far as can be."""
    probabilities, labels = predictions.probabilities, predictions.labels
    if predictions.is_multi_label:
        return np.asarray(np.abs(probabilities - labels).max(axis=1), np.float64)
    return np.asarray(1 - probabilities[np.arange(len(labels)), labels], np.float64)


def draw_rows(is_candidate: NDArray[np.bool_], number: int, seed: int) -> Rows:
    """So many of the candidates, in the order drawn."""
    candidates = np.flatnonzero(is_candidate)
    return np.asarray(np.random.default_rng(seed).permutation(candidates)[:number], np.int64)


def lowest(values: NDArray[np.float64], rows: Rows, number: int) -> Rows:
    """The rows with the lowest values, of equals the first in the table."""
    return np.asarray(rows[np.argsort(values, kind="stable")[:number]], np.int64)
