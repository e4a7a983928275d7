"""How rows are judged, in one value."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import one_or_each, real
from warmstart.errors import SettingError


@dataclass(frozen=True, eq=False)
class JudgeSettings:
    """Choices that the caller makes.

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
