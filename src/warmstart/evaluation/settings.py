"""How rows are judged, in one value."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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

    def __post_init__(self) -> None:
        """Check at the door.

        Raises:
            SettingError: a value that cannot be.
        """
        if any(k < 1 for k in self.top_k):
            raise SettingError(
                f"top_k is {self.top_k}.", expected="numbers from 1.", fix="pass top_k=(5,)."
            )
        if not 0 < self.beta < float("inf"):
            raise SettingError(
                f"beta is {self.beta}.", expected="a number above 0.", fix="pass beta=1."
            )


def per_class(thresholds: float | Sequence[float] | NDArray[np.float64], num_classes: int
) -> NDArray[np.float64]:  # fmt: skip
    """One threshold for each class (K,).

    Args:
        thresholds: One for all, or one each, from 0 to 1.
        num_classes: K.

    Returns:
        (K,).

    Raises:
        SettingError: another number of them, or not from 0 to 1.
    """
    given = np.asarray(thresholds, np.float64)
    if given.ndim > 1 or given.size not in {1, num_classes}:
        raise SettingError(
            f"thresholds have shape {given.shape}, and there are {num_classes} classes.",
            expected="one number, or one per class.",
            fix="pass thresholds=0.5.",
        )
    if not ((given >= 0) & (given <= 1)).all():
        raise SettingError(
            f"thresholds hold {float(given.ravel()[0])} and {given.size - 1} more.",
            expected="numbers from 0 to 1.",
            fix="pass thresholds=0.5.",
        )
    return np.broadcast_to(given.ravel(), (num_classes,)).astype(np.float64)
