"""How well a picture is known: its highest logit, and how near its features are to those known.

Reference:
    Sun, Ming, Zhu, Li (2022), arXiv 2204.06507: nearest neighbours of features divided by their
    length. Hendrycks et al. (2022), arXiv 1911.11132: the highest logit. Wang, Li, Feng, Zhang
    (2022), arXiv 2203.10807: what the features say and what the logits say, brought to one scale by
    the training rows and added.
Differs from:
    These; scale and weight were chosen on CIFAR-10 (docs/decisions/0024-known-by-its-features.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError

NUM_NEIGHBOURS = 5
FEATURE_WEIGHT = 2.0  # of a standard deviation of the similarity against one of the highest logit
MOST_BYTES = 20_000_000  # of the rows that are kept, of 1,280 features 7,812 pictures
FEWEST_ROWS = 3  # of which each has two others
BLOCK_ROWS = 256  # whose similarities are held at once
GRID = 2.0**-20  # float16 is a multiple of 2^-24: a cosine needs 44 of float64's 53 bits
SHORTEST = 1e-12  # a row of zeros stays one
NARROWEST = 1e-9  # a standard deviation below is rounding
Columns = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class KnownFeatures:
    """What training pictures look like to a network.

    ``rows`` (M, D') float16 are their features, divided by their length; ``columns`` are those of
    the pooled row that are used, first and last + 1 of each part. ``logit`` and ``similarity`` are
    mean and standard deviation over these pictures: of the highest logit, and of the mean cosine to
    the nearest others of them.
    """

    rows: NDArray[np.float16]
    columns: Columns
    logit: tuple[float, float]
    similarity: tuple[float, float]

    def score(
        self, features: NDArray[np.floating], highest_logits: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """A score of each picture (N,): 0 is like a training picture, lower is less known.

        Args:
            features: (N, D) pooled rows.
            highest_logits: (N,) before any temperature.
        """
        units = unit_features(features, self.columns)
        near = nearest_similarity(units, self.rows.astype(np.float64))
        logits = np.asarray(highest_logits, np.float64)
        return scaled(logits, self.logit) + FEATURE_WEIGHT * scaled(near, self.similarity)


def fit_known_features(
    features: NDArray[np.floating],
    labels: NDArray[np.integer],
    highest_logits: NDArray[np.floating],
    columns: Columns,
    *,
    most_bytes: int = MOST_BYTES,
) -> KnownFeatures:
    """Learn what is known from the rows that trained.

    Args:
        features: (N, D) pooled rows of plain views.
        labels: (N,) their classes; where there are too many rows, as many of each class are kept.
        highest_logits: (N,) before any temperature.
        columns: Which of D are used, each part divided by its own length.
        most_bytes: That the kept rows may take.

    Returns:
        Unit rows and scales; the same rows give the same bits.

    Raises:
        SettingError: there are too few rows, or one is not finite.
    """
    logits = np.asarray(highest_logits, np.float64)
    is_finite = bool(np.isfinite(logits).all() and np.isfinite(features).all())
    if len(features) < FEWEST_ROWS or not is_finite:
        raise SettingError(
            f"{len(features)} training rows say too little of what is known, or not all of their "
            "features are finite.",
            expected=f"at least {FEWEST_ROWS} rows of finite features.",
            fix="train on more pictures.",
        )
    width = sum(last - first for first, last in columns)
    kept = even_rows(np.asarray(labels), max(FEWEST_ROWS, most_bytes // (2 * width)))
    rows = unit_features(features[kept], columns).astype(np.float16)
    exact = rows.astype(np.float64)
    near = nearest_similarity(exact, exact, is_itself=True)
    return KnownFeatures(rows, columns, scale_of(logits[kept]), scale_of(near))


def unit_features(features: NDArray[np.floating], columns: Columns) -> NDArray[np.float64]:
    """Some columns (N, D') of pooled rows, each part divided by its length, the whole likewise.

    They are whole multiples of ``GRID``: products with rows of 16 bits and their sums are exact
    then, and a score's bits depend on nothing but its row, whatever BLAS does.
    """
    parts = []
    for first, last in columns:
        part = np.asarray(features[:, first:last], np.float64)
        lengths = np.sqrt(np.einsum("nd,nd->n", part, part))
        parts.append(part / (np.maximum(lengths, SHORTEST) * len(columns) ** 0.5)[:, None])
    return np.asarray(np.rint(np.concatenate(parts, axis=1) / GRID) * GRID, np.float64)


def nearest_similarity(
    units: NDArray[np.float64], known: NDArray[np.float64], *, is_itself: bool = False
) -> NDArray[np.float64]:
    """The mean cosine (N,) of each row to those of the known ones that it is nearest to.

    Args:
        units: (N, D') rows of length 1.
        known: (M, D') likewise.
        is_itself: Both are the same rows, and none is its own neighbour.
    """
    number = min(NUM_NEIGHBOURS, len(known) - is_itself)
    found = np.empty(len(units))
    for start in range(0, len(units), BLOCK_ROWS):
        cosines = units[start : start + BLOCK_ROWS] @ known.T
        if is_itself:
            each = np.arange(len(cosines))
            cosines[each, start + each] = -np.inf
        nearest = np.sort(np.partition(cosines, -number, axis=1)[:, -number:], axis=1)
        found[start : start + len(cosines)] = nearest.mean(axis=1)
    return found


def even_rows(labels: NDArray[np.integer], most: int) -> NDArray[np.int64]:
    """Positions of at most so many rows, drawn, as many of each class as there can be."""
    if len(labels) <= most:
        return np.arange(len(labels))
    drawn = np.random.default_rng(0).permutation(len(labels))
    in_class = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        own = drawn[labels[drawn] == label]
        in_class[own] = np.arange(len(own))
    order = np.lexsort((np.argsort(drawn), in_class))
    return np.sort(order[:most])


def scale_of(values: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and standard deviation."""
    return float(values.mean()), float(values.std())


def scaled(values: NDArray[np.float64], scale: tuple[float, float]) -> NDArray[np.float64]:
    """Values in standard deviations from the mean; 0 where the scale has no width."""
    mean, deviation = scale
    if deviation < NARROWEST:
        return np.zeros(len(values))
    return np.asarray((values - mean) / deviation, np.float64)
