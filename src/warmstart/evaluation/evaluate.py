"""Predictions → Scores."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import each, reads, real, seed, whole
from warmstart.errors import SettingError
from warmstart.evaluation.judged import judged
from warmstart.evaluation.many_labels import many_label_scores
from warmstart.evaluation.one_label import one_label_scores
from warmstart.evaluation.scores import Scores
from warmstart.evaluation.settings import JudgeSettings, per_class
from warmstart.results.predictions import Predictions


@reads(
    top_k=each(whole(1, example=5)),
    beta=real(1.0, above=0),
    num_resamples=whole(0, 100_000, example=2000),
    seed=seed,
)
def evaluate(
    predictions: Predictions,
    *,
    thresholds: float | Sequence[float] | NDArray[np.float64] | None = None,
    top_k: Sequence[int] = (5,),
    beta: float = 1.0,
    num_resamples: int = 2000,
    seed: int = 0,
    chosen_on_these: Sequence[str] = (),
) -> Scores:
    """Judge predictions: every score, with a 95 % interval where there is an honest one.

    The numbers equal scikit-learn's, which tests hold; they are counted here, because one function
    must give the score and its 2,000 resamples at once. They do not depend on the order of the
    rows, to the last bit.

    Args:
        predictions: With labels (N,), or (N, K) of 0 and 1; rows without one are counted only. What
            ``chosen_on_these`` names flatters the scores, and the result says so.
        thresholds: Of many labels: a class is called so where its probability is above; one for
            all classes, or one each; None takes the predictions' own.
        top_k: The true class is among the first k; those of 2 to K - 1 are scored.
        beta: Of the F-score.
        num_resamples: Per interval; 0 leaves out all but Wilson's.
        seed: Of the resamples.
        chosen_on_these: What else was chosen by these same rows.

    Returns:
        The scores.

    Raises:
        SettingError: there are too few resamples for an interval.

    Example:
        >>> import numpy as np
        >>> chances = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
        >>> four = Predictions(("a", "b", "c", "d"), chances, np.array([0, 0, 1, 1]), ("x", "y"))
        >>> print(evaluate(four)["accuracy"])
        0.7500  0.3006 to 0.9544
    """
    if 0 < num_resamples < 100:
        raise SettingError(
            f"num_resamples is {num_resamples}: a 2.5 % tail of it is less than three.",
            expected="at least 100, or 0 for no intervals.",
            fix="pass num_resamples=2000.",
        )
    rows = judged(predictions)
    above = predictions.thresholds if thresholds is None else thresholds
    settings = JudgeSettings(
        tuple(top_k), per_class(above, len(rows.classes)), beta, num_resamples, seed
    )
    find = many_label_scores if rows.is_multi_label else one_label_scores
    scores, classes = find(rows, settings)
    return Scores(
        scores,
        classes,
        len(rows.labels),
        rows.num_unlabelled,
        beta,
        (*predictions.chosen_on_these, *chosen_on_these),
    )
