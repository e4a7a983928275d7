"""Scores of rows that may have several labels each, or none."""

import numpy as np
from numpy.typing import NDArray

from warmstart.evaluation.counts import ClassCounts
from warmstart.evaluation.judged import Judged
from warmstart.evaluation.scores import ClassScores, Score
from warmstart.evaluation.settings import JudgeSettings
from warmstart.evaluation.shared_scores import resampled, shared_scores
from warmstart.results.proportion import wilson


def many_label_scores(
    rows: Judged, settings: JudgeSettings
) -> tuple[dict[str, Score], tuple[ClassScores, ...]]:
    """Micro and macro averages under the thresholds; then what needs none."""
    called = rows.probabilities > settings.thresholds
    is_so = rows.labels == 1
    exact = int((called == is_so).all(axis=1).sum())
    total = len(is_so)
    scores = {"exact_match": Score.within(exact / total, wilson(exact, total), "Wilson")}
    parts = [part.astype(np.float64) for part in (called & is_so, called, is_so)]

    def counted(weights: NDArray[np.float64]) -> ClassCounts:
        return ClassCounts(weights @ parts[0], weights @ parts[1], weights @ parts[2])

    own = counted(np.ones((1, total)))
    values = {name: float(each[0]) for name, each in averages(own, settings.beta).items()}
    scores |= resampled(
        rows,
        settings,
        values,
        lambda weights: averages(counted(weights), settings.beta),
        is_share=True,
    )
    return scores | shared_scores(rows, settings), class_scores(own, rows, settings)


def averages(found: ClassCounts, beta: float) -> dict[str, NDArray[np.float64]]:
    """Micro averages (all classes as one) and macro ones (each class alike), each (R,)."""
    out = {}
    for over, counts in (("micro", found.summed()), ("macro", found)):
        out[f"{over}_precision"] = counts.precision
        out[f"{over}_recall"] = counts.recall
        out[f"{over}_f{beta:g}"] = counts.f_score(beta)
    return {name: np.asarray(each.mean(axis=-1), np.float64) for name, each in out.items()}


def class_scores(
    own: ClassCounts, rows: Judged, settings: JudgeSettings
) -> tuple[ClassScores, ...]:
    """Precision, recall, F-beta, counts and threshold of each class."""
    return tuple(
        ClassScores(
            name,
            float(own.precision[0, k]),
            float(own.recall[0, k]),
            float(own.f_score(settings.beta)[0, k]),
            int(own.rows[0, k]),
            int(own.called[0, k]),
            float(settings.thresholds[k]),
        )
        for k, name in enumerate(rows.classes)
    )
