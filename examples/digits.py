"""Handwritten digits as arrays, for the examples beside this file."""

from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def digits(number: int | None = None) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Scikit-learn's digits, dark ink on white paper, 32 × 32 pixels.

    Args:
        number: How many; None is all 1,797.

    Returns:
        (Images, labels) that train, and those of a quarter that validates.
    """
    loaded = load_digits()
    grey = (255 - loaded.images * (255 / 16)).round().astype(np.uint8)
    images = grey.repeat(4, axis=1).repeat(4, axis=2)
    x, others, y, answers = train_test_split(
        images[:number], loaded.target[:number], test_size=0.25, random_state=0
    )
    return (x, y), (others, answers)
