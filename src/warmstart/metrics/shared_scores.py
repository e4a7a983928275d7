"""Settings, and scores that one label and many have in common: ranking, losses, calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import one_or_each, real
from warmstart.errors import SettingError
from warmstart.metrics.intervals import Statistics, bootstrap, on_scale
from warmstart.metrics.labelled_rows import LabelledRows
from warmstart.metrics.probability_scores import (
    calibration_bins,
    error_if_calibrated,
    log_losses,
    row_squares,
)
from warmstart.metrics.ranking import macro_ranking, own_macro_ranking, rankable
from warmstart.metrics.scores import Score

RANKING_WORK = 30_000_000  # resamples × rows × classes: a few seconds on one core
MOST_RANKED = 2_000_000  # rows × classes
FEW_RESAMPLES = 50  # give a standard deviation to 10 %
CHANCE_DRAWS = 200
NOT_ASKED = "none: no resamples were asked for"
NO_WIDTH = "none: every resample gives the same number"
TOO_MANY = "none: too many rows × classes to rank again and again; it would be narrow"


@dataclass(frozen=True, eq=False)
class ScoreSettings:
    """How rows are scored: choices that the caller makes.

    ``top_k`` which k; ``thresholds`` (K,) above which a class of a many-label row is called so;
    ``beta`` of the F-score; ``num_resamples`` per interval, 0 for none; ``seed`` of the resamples.
    """

    top_k: tuple[int, ...]
    thresholds: NDArray[np.float64]
    beta: float
    num_resamples: int
    seed: int


def per_class(thresholds: float | Sequence[float] | NDArray[np.float64], num_classes: int
) -> NDArray[np.float64]:  # fmt: skip
    """One threshold for each class (K,).

    Args:
        thresholds: One for all, or one each, from 0 to 1.
        num_classes: K.

    Returns:
        (K,).

    Raises:
        SettingError: another number of them.
    """
    given = np.array(one_or_each(real(0.5, least=0, most=1))("thresholds", thresholds))
    if given.size not in {1, num_classes}:
        raise SettingError(
            f"thresholds have shape {given.shape}, and there are {num_classes} classes.",
            expected="one number, or one per class.",
            fix="pass thresholds=0.5.",
        )
    return np.broadcast_to(given.ravel(), (num_classes,)).astype(np.float64)


def strata(rows: LabelledRows) -> NDArray[np.int64]:
    """Rows are drawn within their class (N,); rows of many labels from all."""
    return np.zeros(len(rows.labels), np.int64) if rows.is_multi_label else rows.labels


def resampled(
    rows: LabelledRows,
    settings: ScoreSettings,
    values: Mapping[str, float],
    statistics: Statistics,
    *,
    is_share: bool,
) -> dict[str, Score]:
    """Scores with their bootstrap intervals; ``values`` are those of the rows themselves."""
    number = settings.num_resamples
    if number == 0:
        return {name: Score(value, method=NOT_ASKED) for name, value in values.items()}
    drawn = bootstrap(statistics, strata(rows), num_resamples=number, seed=settings.seed)
    scale = "logit" if is_share else "logarithm"
    method = f"bootstrap deviation on the scale of the {scale}, {number} resamples"
    out = {}
    for name, value in values.items():
        found = on_scale(value, drawn[name], is_share=is_share)
        out[name] = Score.within(value, found, NO_WIDTH if found is None else method)
    return out


def shared_scores(rows: LabelledRows, settings: ScoreSettings) -> dict[str, Score]:
    """ROC AUC, average precision, log loss, Brier score and calibration error."""
    of_rows = {"log_loss": log_losses(rows), "brier": row_squares(rows)}

    def means(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        total = weights.sum(axis=1)
        return {name: weights @ values / total for name, values in of_rows.items()}

    losses = {name: float(values.mean()) for name, values in of_rows.items()}
    scores = ranking_scores(rows, settings)
    scores |= resampled(rows, settings, losses, means, is_share=False)
    scores["calibration_error"] = Score(
        calibration_bins(rows).error, method="none: chance alone makes it positive, see the next"
    )
    chance = error_if_calibrated(rows, num_resamples=CHANCE_DRAWS, seed=settings.seed)
    scores["calibration_error_by_chance"] = Score(chance, method="none: it is a simulated mean")
    return scores


def ranking_scores(rows: LabelledRows, settings: ScoreSettings) -> dict[str, Score]:
    """Macro ROC AUC and average precision over the classes that have rows of both kinds."""
    names, size = ("roc_auc", "average_precision"), rows.probabilities.size
    if len(rankable(rows)) == 0:
        return dict.fromkeys(names, Score(None, method="none: no class has rows of both kinds"))

    def ranked(weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return dict(zip(names, macro_ranking(rows, weights), strict=True))

    if settings.num_resamples and size > MOST_RANKED:
        found = zip(names, own_macro_ranking(rows), strict=True)
        return {name: Score(value, method=TOO_MANY) for name, value in found}
    own = ranked(np.ones((1, len(rows.labels))))
    values = {name: float(each[0]) for name, each in own.items()}
    number = settings.num_resamples
    if number * size > RANKING_WORK:
        number = max(FEW_RESAMPLES, RANKING_WORK // size)
    fewer = replace(settings, num_resamples=number)
    return resampled(rows, fewer, values, ranked, is_share=True)
