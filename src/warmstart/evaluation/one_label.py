"""Scores of rows that have one label each."""

import numpy as np
from numpy.typing import NDArray

from warmstart.evaluation.counts import ClassCounts, Statistics, count_intervals, of_confusion
from warmstart.evaluation.judged import Judged
from warmstart.evaluation.ranking import ranks_of_labels
from warmstart.evaluation.scores import ClassScores, Score
from warmstart.evaluation.settings import JudgeSettings
from warmstart.evaluation.shared_scores import NOT_ASKED, shared_scores
from warmstart.results.proportion import wilson

COUNT_WORK = 4_000_000  # resamples × classes: a few seconds on one core
FEW_RESAMPLES = 200  # of which 2.5 % are five


def one_label_scores(
    rows: Judged, settings: JudgeSettings
) -> tuple[dict[str, Score], tuple[ClassScores, ...]]:
    """Everything there is to say of a confusion matrix and of probabilities."""
    counts = confusion(rows)
    ranks, total = ranks_of_labels(rows), len(rows.labels)
    scores = {"accuracy": proportion(int((ranks < 1).sum()), total)}
    scores |= {
        f"top_{k}_accuracy": proportion(int((ranks < k).sum()), total)
        for k in settings.top_k
        if 1 < k < len(rows.classes)
    }
    scores |= count_scores(counts, settings)
    return scores | shared_scores(rows, settings), class_scores(counts, rows, settings.beta)


def proportion(right: int, total: int) -> Score:
    """A share of rows, with Wilson's interval."""
    return Score.within(right / total, wilson(right, total), "Wilson")


def confusion(rows: Judged) -> NDArray[np.int64]:
    """Counts (K, K), rows the true classes."""
    num_classes = len(rows.classes)
    pairs = rows.labels * num_classes + rows.predicted
    counts = np.bincount(pairs, minlength=num_classes * num_classes)
    return counts.reshape(num_classes, num_classes).astype(np.int64, copy=False)


def count_scores(counts: NDArray[np.int64], settings: JudgeSettings) -> dict[str, Score]:
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


def class_scores(counts: NDArray[np.int64], rows: Judged, beta: float) -> tuple[ClassScores, ...]:
    """Precision, recall, F-beta and counts of each class."""
    own = of_confusion(counts)
    return tuple(
        ClassScores(
            name,
            float(own.precision[k]),
            float(own.recall[k]),
            float(own.f_score(beta)[k]),
            int(own.rows[k]),
            int(own.called[k]),
        )
        for k, name in enumerate(rows.classes)
    )
