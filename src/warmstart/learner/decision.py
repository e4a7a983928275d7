"""How a learner answers: temperature, thresholds and "unknown", from rows that judge nothing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.data.content import file_sha256
from warmstart.data.folds import draw_folds
from warmstart.data.scan import is_file
from warmstart.data.seen_images import UNKNOWN_THRESHOLD, SeenImages
from warmstart.errors import SettingError
from warmstart.inference.predictor import Predictor
from warmstart.learner.known_rows import known_to
from warmstart.learner.matching import check_same_classes
from warmstart.learner.state import LearnerState
from warmstart.metrics.known_features import KnownFeatures
from warmstart.metrics.prediction_sets import nonconformity_scores
from warmstart.metrics.temperature import (
    Temperature,
    fit_temperature,
    logits_of,
    probabilities_of,
)
from warmstart.metrics.thresholds import Thresholds, fit_thresholds
from warmstart.metrics.unknown import UnknownThreshold, confidence, unknown_threshold
from warmstart.results.decision_rule import (
    BY_FEATURES,
    BY_PROBABILITY,
    PLAIN,
    UNKNOWN,
    DecisionRule,
)
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.results.predictions import Predictions
from warmstart.terminal.colour import show_lines

NUM_FOLDS = 5
FEWEST_NAMES = 3  # as draw_folds wants them


def calibrate(learn: LearnerState, out_of_fold: Predictions) -> Temperature:
    """Fit a temperature.

    Args:
        learn: The learner.
        out_of_fold: Labelled rows that the model which predicted them did not learn from.
    """
    check_same_classes(learn.card, out_of_fold, "out_of_fold")
    answering, found = with_temperature(out_of_fold, learn.card.answering)
    set_decision_rule(learn, answering)
    if not out_of_fold.is_multi_label:
        keep_sets(learn, out_of_fold)
    return found


def fit_sets(learn: LearnerState, out_of_fold: Predictions) -> None:
    """Keep what sets need, and say so.

    Args:
        learn: The learner.
        out_of_fold: As for ``calibrate``.
    """
    check_same_classes(learn.card, out_of_fold, "out_of_fold")
    set_decision_rule(learn, with_sets(learn.card.answering, out_of_fold, says=True))


def keep_sets(learn: LearnerState, rows: Predictions) -> None:
    """Keep what sets need, of rows that something else was fitted on."""
    learn.card = replace(learn.card, answering=with_sets(learn.card.answering, rows))


def fit_class_thresholds(learn: LearnerState, out_of_fold: Predictions, beta: float) -> Thresholds:
    """Fit one threshold per class.

    Args:
        learn: The learner.
        out_of_fold: As for ``calibrate``.
        beta: Of the F-score that is to be highest.
    """
    check_same_classes(learn.card, out_of_fold, "out_of_fold")
    answering, found = with_thresholds(learn.card.answering, out_of_fold, beta)
    set_decision_rule(learn, answering)
    return found


def set_unknown(learn: LearnerState, others: Any, false_accept: float) -> UnknownThreshold:
    """Answer "unknown" to images of things that no class stands for.

    Args:
        learn: The learner.
        others: Images of such things, or what this model predicts of them.
        false_accept: The share of new ones that may get another answer.
    """
    if isinstance(others, Predictions):
        rows, known = others, learn.known
        if known is None or rows.known_scores is None:
            rows, known = replace(rows, known_scores=None), None
    else:
        rows, known = seen_others(learn, learn.predictor(), others)
    answering, found = with_unknown(learn.card.answering, rows, false_accept)
    check_same_classes(learn.card, rows, "others")
    learn.known = known
    set_decision_rule(learn, answering)
    learn.seen = joined_others(learn.seen, rows)
    return found


def joined_others(seen: SeenImages, others: Predictions) -> SeenImages:
    """The images that a model has seen, and those that chose what is "unknown"."""
    files = [name for name in others.rows if is_file(Path(name))]
    return seen.joined([file_sha256(name) for name in files], UNKNOWN_THRESHOLD)


def seen_others(
    learn: LearnerState, predictor: Predictor, others: Any
) -> tuple[Predictions, KnownFeatures | None]:
    """What a model says of images of things that no class stands for, and what it knows them by.

    Args:
        learn: Its only network, or the first of several.
        predictor: The model.
        others: The images.
    """
    card = predictor.card
    check_one_label(card.classes, is_multi_label=card.is_multi_label)
    known = known_to(learn)
    plain = replace(card, answering=replace(card.answering, unknown_below=None))
    return Predictor(predictor.members, plain, known=known).predict(others), known


def set_decision_rule(learn: LearnerState, answering: DecisionRule) -> None:
    """Answer so from now on, and say what was found last."""
    learn.card = replace(learn.card, answering=answering)
    notify_found(answering, quiet=learn.quiet)


def with_temperature(
    rows: Predictions, answering: DecisionRule = PLAIN
) -> tuple[DecisionRule, Temperature]:
    """Fit a temperature.

    Args:
        rows: Labelled, and strangers to the model that predicted them. Their own folds judge
            whether it helps; where they have none, folds are drawn by class and name.
        answering: What was fitted before.

    Returns:
        The answering, of which nothing is left that was fitted on probabilities; what was found.
    """
    found = fit_temperature(logits_before(rows), rows.labels, folds_of(rows))
    how = f"temperature {found.value:.4f} from {found.num_rows} rows"
    if found.reason is not None:
        how = f"temperature 1: {found.reason}"
    return answering.with_temperature(found.value, how), found


def folds_of(rows: Predictions) -> NDArray[np.int64]:
    """Folds (N,) of which some judge what others choose; one, where the rows are too few."""
    if isinstance(rows, OutOfFoldPredictions) and len(np.unique(rows.folds)) > 1:
        return rows.folds
    num_names = len(set(rows.rows))
    if num_names < FEWEST_NAMES:
        return np.zeros(len(rows.rows), np.int64)
    return draw_folds(rows.rows, rows.labels, min(NUM_FOLDS, num_names))


def with_sets(answering: DecisionRule, rows: Predictions, *, says: bool = False) -> DecisionRule:
    """Keep scores of rows, by probabilities as the model will give them."""
    said = as_answered(answering, rows)
    found = nonconformity_scores(said.probabilities, said.labels)
    how = f"sets rest on {found.num_rows} rows: up to {found.highest_confidence:.4f} confidence"
    return answering.with_sets(found, how if says else None)


def with_thresholds(
    answering: DecisionRule, rows: Predictions, beta: float
) -> tuple[DecisionRule, Thresholds]:
    """Fit one threshold per class, on probabilities as the model will give them."""
    said = as_answered(answering, rows)
    found = fit_thresholds(said.probabilities, said.labels, said.classes, beta=beta)
    kept = f", but for {', '.join(found.kept)}" if found.kept else ""
    how = f"thresholds of the highest F{beta:g} on {found.num_rows} rows{kept}"
    return answering.with_thresholds(tuple(found.values.tolist()), how), found


def with_unknown(
    answering: DecisionRule, others: Predictions, false_accept: float
) -> tuple[DecisionRule, UnknownThreshold]:
    """Choose when the answer is "unknown".

    Args:
        answering: What was fitted before.
        others: Rows of other things; their known scores decide, if they have any.
        false_accept: The share of new ones that may get another answer.
    """
    check_one_label(others.classes, is_multi_label=others.is_multi_label)
    by, scores = BY_FEATURES, others.known_scores
    if scores is None:
        by, scores = BY_PROBABILITY, confidence(as_answered(answering, others).probabilities)
    found = unknown_threshold(scores, false_accept=false_accept)
    how = (
        f"{UNKNOWN} below {found.value:.4f}: false-accept rate {false_accept:g} on "
        f"{found.num_others} pictures of other things, by {by}"
    )
    return answering.with_unknown(found.value, by, how), found


def check_one_label(classes: Sequence[str], *, is_multi_label: bool) -> None:
    """See that "unknown" can be an answer.

    Raises:
        SettingError: an image may have many classes, or a class has that name.
    """
    if is_multi_label or UNKNOWN in classes:
        raise SettingError(
            f'a class is called "{UNKNOWN}".'
            if UNKNOWN in classes
            else "an image may have many classes, or none: to have none is an answer.",
            expected="one class per image, with other names.",
            fix="rename the class."
            if UNKNOWN in classes
            else "omit it, or raise thresholds: learn.fit_thresholds(beta=0.5).",
        )


def logits_before(rows: Predictions) -> NDArray[np.float64]:
    """Logits (N, K) before any temperature; of one label up to a constant per row."""
    logits = logits_of(rows.probabilities, is_multi_label=rows.is_multi_label)
    return logits * rows.answering.temperature


def as_answered(answering: DecisionRule, rows: Predictions) -> Predictions:
    """Rows with the probabilities that another temperature gives them."""
    if rows.answering.temperature == answering.temperature:
        return rows
    probabilities = probabilities_of(
        logits_before(rows) / answering.temperature, is_multi_label=rows.is_multi_label
    )
    return replace(rows, probabilities=probabilities, answering=answering)


def notify_found(answering: DecisionRule, *, quiet: bool) -> None:
    """Say what was found last."""
    if not quiet:
        show_lines(answering.how[-1], is_error=True)
