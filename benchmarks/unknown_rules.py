"""Rules that say how well a picture is known, from features and a logistic head: all on arrays."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.covariance import ledoit_wolf

from warmstart.metrics.known_features import KnownFeatures, fit_known_features, unit_features
from warmstart.training.head_choice import choose_logistic, choosing_folds

RULES = {
    "probability": "the highest probability (Hendrycks and Gimpel, 2017): the rule before",
    "max_logit": "the highest logit (Hendrycks et al., 2022)",
    "energy": "log of the sum of exponents of the logits (Liu et al., 2020)",
    "mahalanobis": "Mahalanobis++ (arXiv 2505.18032): features of length 1, class means, one "
    "covariance shrunk by Ledoit and Wolf, nearest class",
    "relative": "likewise, less the distance to the mean of all (Ren et al., 2021)",
    "class_mean": "cosine to the nearest class mean",
    "nearest": "cosine to the nearest training row",
    "fifth": "cosine to the fifth nearest training row (Sun et al., 2022)",
    "mean_of_five": "mean cosine to the five nearest training rows",
    "sum": "highest logit + mean_of_five, each in standard deviations over the training rows",
    "known": "likewise, the second counted twice: warmstart.metrics.known_features",
}


@dataclass(frozen=True, eq=False)
class Fitted:
    """What is fitted on training rows of one draw."""

    columns: tuple[tuple[int, int], ...]
    weight: np.ndarray
    bias: np.ndarray
    units: np.ndarray
    labels: np.ndarray
    known: KnownFeatures


def fit(features: np.ndarray, labels: np.ndarray, columns: tuple[tuple[int, int], ...]) -> Fitted:
    """A logistic head as `warmstart train` chooses it, and what is known."""
    num_classes = int(labels.max()) + 1
    names = [str(row) for row in range(len(labels))]
    folds = choosing_folds(names, labels, num_classes * features.shape[1], seed=0)
    choice = choose_logistic(features, labels, num_classes, {"average": columns}, folds)
    assert choice.weights is not None
    units = unit_features(features, columns)
    logits = units @ choice.weights.weight.T + choice.weights.bias
    known = fit_known_features(features, labels, logits.max(axis=1), columns)
    return Fitted(columns, choice.weights.weight, choice.weights.bias, units, labels, known)


def scores(fitted: Fitted, features: np.ndarray) -> dict[str, np.ndarray]:
    """Of each rule the scores (N,) of pooled rows, higher for what is known."""
    units = unit_features(features, fitted.columns)
    logits = units @ fitted.weight.T + fitted.bias
    highest = logits.max(axis=1)
    total = np.exp(logits - highest[:, None]).sum(axis=1)
    means = np.array(
        [fitted.units[fitted.labels == k].mean(axis=0) for k in np.unique(fitted.labels)]
    )
    distance = mahalanobis(fitted.units - means[fitted.labels])
    to_classes = distance(units, means).min(axis=1)
    cosines = -np.sort(-(units @ fitted.units.T), axis=1)
    known = fitted.known.score(features, highest)
    # the score is logit + 2 × similarity: what a weight of one would give follows from it
    mean, deviation = fitted.known.logit
    by_logit = (highest - mean) / deviation
    return {
        "probability": 1 / total,
        "max_logit": highest,
        "energy": highest + np.log(total),
        "mahalanobis": -to_classes,
        "relative": -(to_classes - distance(units, fitted.units.mean(axis=0)[None])[:, 0]),
        "class_mean": (units @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T).max(
            axis=1
        ),
        "nearest": cosines[:, 0],
        "fifth": cosines[:, min(4, cosines.shape[1] - 1)],
        "mean_of_five": cosines[:, :5].mean(axis=1),
        "sum": by_logit + (known - by_logit) / 2,
        "known": known,
    }


def mahalanobis(residuals: np.ndarray) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Squared distance (N, K) of rows to means, under the shrunk covariance of residuals.

    The covariance is s·μ·1 + (1 − s)·S, of which S has no more than the residuals' N directions:
    it is inverted there.
    """
    _, shrinkage = ledoit_wolf(residuals, assume_centered=True)
    floor = shrinkage * float((residuals**2).mean())
    _, singular, basis = np.linalg.svd(residuals, full_matrices=False)
    variance = (1 - shrinkage) * singular**2 / len(residuals)
    inside = 1 / (variance + floor) - 1 / floor

    def squared(rows: np.ndarray, means: np.ndarray) -> np.ndarray:
        whole = (rows**2).sum(axis=1)[:, None] - 2 * rows @ means.T + (means**2).sum(axis=1)
        within, centres = rows @ basis.T, means @ basis.T
        spanned = ((within**2) @ inside)[:, None] - 2 * (within * inside) @ centres.T
        found: np.ndarray = whole / floor + spanned + (centres**2) @ inside
        return found

    return squared
