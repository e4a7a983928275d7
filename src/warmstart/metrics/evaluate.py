"""Probabilities and labels → Scores, or the three numbers of an epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import each, reads, real, seed, whole
from warmstart.errors import SettingError
from warmstart.metrics.averages import many_label_scores, one_label_scores
from warmstart.metrics.confusion import ClassCounts, macro_f1
from warmstart.metrics.labelled_rows import LIKELY, LabelledRows, content_order, labelled_rows
from warmstart.metrics.probability_scores import log_losses
from warmstart.metrics.scores import Scores
from warmstart.metrics.shared_scores import ScoreSettings, per_class


@reads(
    top_k=each(whole(1, example=5)),
    beta=real(1.0, above=0),
    num_resamples=whole(0, 100_000, example=2000),
    seed=seed,
)
def compute_scores(  # noqa: PLR0913 - all that Predictions.scores lets its caller choose
    probabilities: NDArray[np.float64],
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    *,
    thresholds: float | Sequence[float] | NDArray[np.float64] | None = None,
    top_k: Sequence[int] = (5,),
    beta: float = 1.0,
    num_resamples: int = 2000,
    seed: int = 0,
    chosen_on_these: Sequence[str] = (),
) -> Scores:
    """Evaluate probabilities: every score, with a 95 % interval where there is an honest one.

    The numbers equal scikit-learn's, which tests hold; they are counted here, because one function
    must give the score and its 2,000 resamples at once. They do not depend on the order of the
    rows, to the last bit.

    Args:
        probabilities: (N, K).
        labels: (N,), or (N, K) of 0 and 1; rows without one, -1, are counted only.
        classes: The K names.
        thresholds: Of many labels: a class is called so where its probability is above; one for
            all classes, or one each; None is 0.5 for all.
        top_k: The true class is among the first k; those of 2 to K - 1 are scored.
        beta: Of the F-score.
        num_resamples: Per interval; 0 leaves out all but Wilson's.
        seed: Of the resamples.
        chosen_on_these: What was chosen by these same rows: it flatters the scores, and the result
            says so.

    Returns:
        The scores.

    Raises:
        SettingError: there are too few resamples for an interval.

    Example:
        >>> import numpy as np
        >>> probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
        >>> scores = compute_scores(probabilities, np.array([0, 0, 1, 1]), ("cat", "dog"))
        >>> print(scores["accuracy"])
        0.7500  0.3006 to 0.9544
    """
    if 0 < num_resamples < 100:
        raise SettingError(
            f"num_resamples is {num_resamples}: a 2.5 % tail of it is less than three.",
            expected="at least 100, or 0 for no intervals.",
            fix="pass num_resamples=2000.",
        )
    rows = labelled_rows(probabilities, labels, classes)
    above = LIKELY if thresholds is None else thresholds
    settings = ScoreSettings(
        tuple(top_k), per_class(above, len(rows.classes)), beta, num_resamples, seed
    )
    find = many_label_scores if rows.is_multi_label else one_label_scores
    scores, of_classes = find(rows, settings)
    return Scores(
        scores,
        of_classes,
        len(rows.labels),
        rows.num_unlabelled,
        beta,
        tuple(chosen_on_these),
    )


@dataclass(frozen=True)
class BriefScores:
    """The numbers of an epoch, without intervals.

    Mean loss, the fraction of rows whose every label is right (N = num_rows), and macro F1.
    """

    loss: float
    accuracy: float
    num_rows: int
    macro_f1: float


def brief_scores(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> BriefScores:
    """Evaluate probabilities briefly: the bits that ``Predictions.scores`` gives for the same ones.

    Args:
        probabilities: (N, K); where one is not a number, neither is the loss.
        labels: (N,) classes, or (N, K) of 0 and 1 where a row may have several; N is 1 or more.

    Returns:
        Its loss is ``log_loss``, its accuracy ``accuracy``, or ``exact_match`` of many labels.
    """
    order = content_order(probabilities, labels)
    names = tuple(map(str, range(probabilities.shape[1])))
    rows = LabelledRows(probabilities[order], labels[order], names, 0)
    if rows.is_multi_label:
        called, is_so = rows.probabilities > LIKELY, rows.labels == 1
    else:
        called, is_so = np.eye(len(names), dtype=bool)[np.stack([rows.predicted, rows.labels])]
    counts = ClassCounts(*(part.sum(axis=0, dtype=np.float64) for part in
                           (called & is_so, called, is_so)))  # fmt: skip
    return BriefScores(
        float(log_losses(rows).mean()),
        float((called == is_so).all(axis=1).mean()),
        len(labels),
        macro_f1(counts, all_classes=rows.is_multi_label),
    )
