"""Out-of-fold probabilities of rows, by logistic regression on their activations."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.data.folds import draw_folds

NUM_FOLDS = 5
STRENGTH = 0.01  # inverse of the penalty, for activations of deviation 1; see planted_faults.py
MOST_STEPS = 200


def out_of_fold(
    activations: NDArray[np.floating],
    labels: NDArray[np.int64],
    units: Sequence[str],
    num_classes: int,
    *,
    seed: int = 42,
) -> NDArray[np.float64]:
    """What models trained without a row say of it.

    Args:
        activations: (N, D).
        labels: (N,), none -1.
        units: (N,) rows of one unit are in one fold.
        num_classes: K.
        seed: Of the folds.

    Returns:
        (N, K); NaN along rows whose class no other fold has, since nobody could know it.
    """
    from sklearn.linear_model import LogisticRegression  # seconds

    values = activations.astype(np.float32)
    values = (values - values.mean(axis=0)) / max(float(values.std()), 1e-12)
    folds = draw_folds(units, labels, min(NUM_FOLDS, len(set(units))), seed=seed)
    found = np.full((len(labels), num_classes), np.nan)
    for fold in np.unique(folds):
        held = np.flatnonzero(folds == fold)
        train = np.flatnonzero(folds != fold)
        known = np.unique(labels[train])
        if len(known) < 2:
            continue
        model = LogisticRegression(C=STRENGTH, max_iter=MOST_STEPS)
        model.fit(values[train], labels[train])
        judged = held[np.isin(labels[held], known)]
        if len(judged):
            found[judged] = 0.0
            found[np.ix_(judged, known)] = model.predict_proba(values[judged])
    return found
