"""How a learner answers is fitted here: temperature, thresholds, "unknown"; the card keeps it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from warmstart.data.content import file_sha256
from warmstart.data.scan import is_file
from warmstart.evaluation.calibration import Temperature
from warmstart.evaluation.thresholds import Thresholds
from warmstart.evaluation.unknown import UnknownThreshold
from warmstart.inference.seen_pictures import UNKNOWN_THRESHOLD
from warmstart.learner.answering import (
    notify_found,
    with_temperature,
    with_thresholds,
    with_unknown,
)
from warmstart.learner.matching import refuse_other_classes
from warmstart.learner.state import LearnerState
from warmstart.results.answering import Answering
from warmstart.results.predictions import Predictions


def calibrate(learn: LearnerState, out_of_fold: Predictions) -> Temperature:
    """Fit a temperature.

    Args:
        learn: The learner.
        out_of_fold: Labelled rows that the model which predicted them did not learn from.
    """
    refuse_other_classes(learn.card, out_of_fold, "out_of_fold")
    answering, found = with_temperature(out_of_fold)
    set_answering(learn, answering)
    return found


def fit_class_thresholds(learn: LearnerState, out_of_fold: Predictions, beta: float) -> Thresholds:
    """Fit one threshold per class.

    Args:
        learn: The learner.
        out_of_fold: As for ``calibrate``.
        beta: Of the F-score that is to be highest.
    """
    refuse_other_classes(learn.card, out_of_fold, "out_of_fold")
    answering, found = with_thresholds(learn.card.answering, out_of_fold, beta)
    set_answering(learn, answering)
    return found


def set_unknown(learn: LearnerState, others: Any, false_accept: float) -> UnknownThreshold:
    """Answer "unknown" to images of things that no class stands for.

    Args:
        learn: The learner.
        others: Images of such things, or what this model predicts of them.
        false_accept: The share of new ones that may get another answer.
    """
    rows = others if isinstance(others, Predictions) else learn.predictor().predict(others)
    answering, found = with_unknown(learn.card.answering, rows, false_accept)
    refuse_other_classes(learn.card, rows, "others")
    set_answering(learn, answering)
    files = [name for name in rows.rows if is_file(Path(name))]
    learn.seen = learn.seen.joined([file_sha256(name) for name in files], UNKNOWN_THRESHOLD)
    return found


def set_answering(learn: LearnerState, answering: Answering) -> None:
    """Answer so from now on, and say what was found last."""
    learn.card = replace(learn.card, answering=answering)
    notify_found(answering, quiet=learn.quiet)
