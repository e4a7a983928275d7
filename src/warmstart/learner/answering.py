"""How a learner answers: temperature, thresholds and "unknown", from rows that judge nothing."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from warmstart.data.folds import draw_folds
from warmstart.errors import SettingError
from warmstart.metrics.temperature import (
    Temperature,
    fit_temperature,
    logits_of,
    probabilities_of,
)
from warmstart.metrics.thresholds import Thresholds, fit_thresholds
from warmstart.metrics.unknown import UnknownThreshold, confidence, unknown_threshold
from warmstart.results.answering import UNKNOWN, Answering
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.results.predictions import Predictions
from warmstart.terminal.colour import show_lines
from warmstart.terminal.notes import note

NUM_FOLDS = 5
FEWEST_NAMES = 3  # as draw_folds wants them


def with_temperature(rows: Predictions) -> tuple[Answering, Temperature]:
    """Fit a temperature.

    Args:
        rows: Labelled, and strangers to the model that predicted them. Their own folds judge
            whether it helps; where they have none, folds are drawn by class and name.

    Returns:
        The answering, in which nothing else is fitted any more, and what was found.
    """
    found = fit_temperature(logits_before(rows), rows.labels, folds_of(rows))
    how = f"temperature {found.value:.4f} from {found.num_rows} rows"
    if found.reason is not None:
        how = f"temperature 1: {found.reason}"
    return Answering().with_temperature(found.value, how), found


def folds_of(rows: Predictions) -> NDArray[np.int64]:
    """Folds (N,) of which some judge what others choose; one, where the rows are too few."""
    if isinstance(rows, OutOfFoldPredictions) and len(np.unique(rows.folds)) > 1:
        return rows.folds
    num_names = len(set(rows.rows))
    if num_names < FEWEST_NAMES:
        return np.zeros(len(rows.rows), np.int64)
    return draw_folds(rows.rows, rows.labels, min(NUM_FOLDS, num_names))


def with_thresholds(
    answering: Answering, rows: Predictions, beta: float
) -> tuple[Answering, Thresholds]:
    """Fit one threshold per class, on probabilities as the model will give them."""
    said = as_answered(answering, rows)
    found = fit_thresholds(said.probabilities, said.labels, said.classes, beta=beta)
    kept = f", but for {', '.join(found.kept)}" if found.kept else ""
    how = f"thresholds of the highest F{beta:g} on {found.num_rows} rows{kept}"
    return answering.with_thresholds(tuple(found.values.tolist()), how), found


def with_unknown(
    answering: Answering, others: Predictions, false_accept: float
) -> tuple[Answering, UnknownThreshold]:
    """Choose when the answer is "unknown".

    Raises:
        SettingError: an image may have many classes, or a class has that name.
    """
    if others.is_multi_label or UNKNOWN in others.classes:
        raise SettingError(
            f'a class is called "{UNKNOWN}".'
            if UNKNOWN in others.classes
            else "an image may have many classes, or none: to have none is an answer.",
            expected="one class per image, with other names.",
            fix="rename the class."
            if UNKNOWN in others.classes
            else "leave it away, or raise thresholds: learn.fit_thresholds(beta=0.5).",
        )
    scores = confidence(as_answered(answering, others).probabilities)
    found = unknown_threshold(scores, false_accept=false_accept)
    how = (
        f"unknown below {found.value:.4f}: false-accept rate {false_accept:g} on "
        f"{found.num_others} pictures of other things"
    )
    return answering.with_unknown(found.value, how), found


def logits_before(rows: Predictions) -> NDArray[np.float64]:
    """Logits (N, K) before any temperature; of one label up to a constant per row."""
    logits = logits_of(rows.probabilities, is_multi_label=rows.is_multi_label)
    return logits * rows.answering.temperature


def as_answered(answering: Answering, rows: Predictions) -> Predictions:
    """Rows with the probabilities that another temperature gives them."""
    if rows.answering.temperature == answering.temperature:
        return rows
    chances = probabilities_of(
        logits_before(rows) / answering.temperature, is_multi_label=rows.is_multi_label
    )
    return replace(rows, probabilities=chances, answering=answering)


def tell(answering: Answering, *, quiet: bool) -> None:
    """Say what was found last."""
    if not quiet:
        show_lines(answering.how[-1], is_error=True)


def forgotten(answering: Answering, why: str, *, quiet: bool) -> Answering:
    """Nothing fitted: it was, on probabilities that the model does not give any more.

    Args:
        answering: What was fitted until now.
        why: What changed.
        quiet: Print nothing.
    """
    if answering.how:
        note(f"{why}: forgotten is {'; '.join(answering.how)}.", quiet=quiet)
    return Answering()
