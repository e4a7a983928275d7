"""Logits → probabilities."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import DivergedError


def mean_probabilities(
    logits: Sequence[Iterable[NDArray[np.float64]]],
    *,
    is_multi_label: bool,
    temperature: float = 1.0,
) -> NDArray[np.float64]:
    """Probabilities of the mean of several networks' logits; of one it changes no bit.

    Args:
        logits: Of each network, blocks (n, K) of the same rows.
        is_multi_label: Sigmoid of each logit, instead of a softmax over the classes.
        temperature: What the mean is divided by.

    Returns:
        (N, K) in [0, 1]; (0, 0) where there is no block.

    Raises:
        DivergedError: a network gives something that is no finite number.
    """
    parts = []
    for blocks in zip(*logits, strict=True):
        mean = np.mean(np.stack(blocks), axis=0) / temperature
        parts.append(sigmoid(mean) if is_multi_label else softmax(mean))
    found = np.concatenate(parts) if parts else np.empty((0, 0))
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
        raise DivergedError(
            f"the network's answers are no numbers, first in row {row} of {len(found)}.",
            expected="weights that give finite answers.",
            fix="train again, with a smaller rate.",
        )
    return found


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares (N, K) that add up to 1."""
    with np.errstate(invalid="ignore"):  # of infinite logits; whoever asks sees that it is NaN
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-logit)) of each, without overflow."""
    small = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1.0, small) / (1.0 + small))
