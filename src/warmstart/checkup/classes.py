"""Classes of which there is too little."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from warmstart.checkup.findings import ClassFinding

FEW = 20  # training images; below, scores of the class depend on which ones they are
RARE = 10  # times fewer than the largest class


def small_classes(
    num_train: NDArray[np.int64], num_valid: NDArray[np.int64], classes: Sequence[str]
) -> tuple[ClassFinding, ...]:
    """Classes with few training images, few beside the largest class, or none that judges.

    Args:
        num_train: (K,) images.
        num_valid: (K,) likewise.
        classes: (K,) names.
    """
    largest = int(num_train.max(initial=0))
    found = []
    for name, train, valid in zip(classes, num_train.tolist(), num_valid.tolist(), strict=True):
        reasons = []
        if train < FEW:
            reasons.append(f"fewer than {FEW} training images")
        if train * RARE < largest:
            reasons.append(f"{largest / max(train, 1):.0f} times fewer than the largest class")
        if valid == 0:
            reasons.append("no validation image")
        if reasons:
            found.append(ClassFinding(name, train, "; ".join(reasons)))
    return tuple(found)
