"""Scores that average over the classes: of rows that have one label each, or several, or none."""

import numpy as np
from numpy.typing import NDArray

from warmstart.metrics.confusion import (
    ClassCounts,
    Statistics,
    confusion_counts,
    count_intervals,
    of_confusion,
)
from warmstart.metrics.intervals import wilson
from warmstart.metrics.labelled_rows import LabelledRows
from warmstart.metrics.ranking import ranks_of_labels
from warmstart.metrics.scores import ClassScores, Score
from warmstart.metrics.shared_scores import NOT_ASKED, ScoreSettings, resampled, shared_scores

COUNT_WORK = 4_000_000  # resamples × classes: a few seconds on one core
FEW_RESAMPLES = 200  # of which 2.5 % are five


def one_label_scores(
    rows: LabelledRows, settings: ScoreSettings
) -> tuple[dict[str, Score], tuple[ClassScores, ...]]:
    """Everything there is to say of a confusion matrix and of probabilities."""
    counts = confusion_counts(rows.labels, rows.predicted, len(rows.classes))
    ranks, total = ranks_of_labels(rows), len(rows.labels)
    scores = {"accuracy": proportion(int((ranks < 1).sum()), total)}
    scores |= {
        f"top_{k}_accuracy": proportion(int((ranks < k).sum()), total)
        for k in settings.top_k
        if 1 < k < len(rows.classes)
    }
    scores |= count_scores(counts, settings)
    return scores | shared_scores(rows, settings), class_scores(
        of_confusion(counts), rows, settings
    )


def proportion(right: int, total: int) -> Score:
    """A share of rows, with Wilson's interval."""
    return Score.within(right / total, wilson(right, total), "Wilson")


def count_scores(counts: NDArray[np.int64], settings: ScoreSettings) -> dict[str, Score]:
    """Averages over the classes, with their intervals."""
    statistics = count_statistics(counts, settings.beta)
    values, number = statistics(of_confusion(counts)), settings.num_resamples
    number = min(number, max(FEW_RESAMPLES, COUNT_WORK // len(counts)))
    if number == 0:
        return {name: Score(float(value), method=NOT_ASKED) for name, value in values.items()}
    found = count_intervals(statistics, counts, num_resamples=number, seed=settings.seed)
    method = f"Bayesian bootstrap of counts within the classes, {number} resamples"
    return {name: Score.within(float(value), found[name], method) for name, value in values.items()}


def count_statistics(counts: NDArray[np.int64], beta: float) -> Statistics:
    """Balanced accuracy, macro and weighted averages, as functions of counts (..., K).

    Balanced accuracy is over the classes that have rows; macro averages over those that have rows
    or were predicted, as scikit-learn's do; weighted ones weigh by rows.
    """
    own = of_confusion(counts)
    has_rows = own.rows > 0
    is_seen = has_rows | (own.called > 0)
    weight = own.rows / own.rows.sum()

    def statistics(found: ClassCounts) -> dict[str, NDArray[np.float64]]:
        kinds = {
            "precision": found.precision,
            "recall": found.recall,
            f"f{beta:g}": found.f_score(beta),
        }
        out = {"balanced_accuracy": found.recall[..., has_rows].mean(axis=-1)}
        out |= {f"macro_{name}": each[..., is_seen].mean(axis=-1) for name, each in kinds.items()}
        out |= {f"weighted_{name}": each @ weight for name, each in kinds.items()}
        return {name: np.asarray(value, np.float64) for name, value in out.items()}

    return statistics


def many_label_scores(
    rows: LabelledRows, settings: ScoreSettings
) -> tuple[dict[str, Score], tuple[ClassScores, ...]]:
    """Micro and macro averages under the thresholds; then what needs none."""
    called = rows.probabilities > settings.thresholds
    is_so = rows.labels == 1
    exact = int((called == is_so).all(axis=1).sum())
    total = len(is_so)
    scores = {"exact_match": proportion(exact, total)}
    parts = [part.astype(np.float64) for part in (called & is_so, called, is_so)]

    def counted(weights: NDArray[np.float64]) -> ClassCounts:
        return ClassCounts(weights @ parts[0], weights @ parts[1], weights @ parts[2])

    own = counted(np.ones((1, total)))
    values = {name: float(each[0]) for name, each in micro_and_macro(own, settings.beta).items()}
    scores |= resampled(
        rows,
        settings,
        values,
        lambda weights: micro_and_macro(counted(weights), settings.beta),
        is_share=True,
    )
    alone = ClassCounts(own.right[0], own.called[0], own.rows[0])
    return scores | shared_scores(rows, settings), class_scores(alone, rows, settings)


def micro_and_macro(found: ClassCounts, beta: float) -> dict[str, NDArray[np.float64]]:
    """Micro averages (all classes as one) and macro ones (each class alike), each (R,)."""
    out = {}
    for over, counts in (("micro", found.summed()), ("macro", found)):
        out[f"{over}_precision"] = counts.precision
        out[f"{over}_recall"] = counts.recall
        out[f"{over}_f{beta:g}"] = counts.f_score(beta)
    return {name: np.asarray(each.mean(axis=-1), np.float64) for name, each in out.items()}


def class_scores(
    counts: ClassCounts, rows: LabelledRows, settings: ScoreSettings
) -> tuple[ClassScores, ...]:
    """Precision, recall, F-beta and counts (K,) of each class; of many labels its threshold too."""
    each = (
        counts.precision.tolist(),
        counts.recall.tolist(),
        counts.f_score(settings.beta).tolist(),
        counts.rows.astype(np.int64).tolist(),
        counts.called.astype(np.int64).tolist(),
        settings.thresholds.tolist() if rows.is_multi_label else [None] * len(rows.classes),
    )
    return tuple(map(ClassScores, rows.classes, *each))
