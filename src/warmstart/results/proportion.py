"""The interval of a proportion."""

from dataclasses import dataclass

import numpy as np

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """From ``low`` to ``high``, both included."""

    low: float
    high: float


def wilson(right: int, total: int) -> Interval:
    """The score interval of a proportion, without continuity correction.

    Args:
        right: How many of them; ``total`` > 0.
        total: Of how many.

    Returns:
        The interval; exactly 0 or 1 at the edges, where rounding would miss the truth by 1e-16.

    Reference:
        Wilson (1927), JASA 22, 209–212, eq. 1; Brown, Cai and DasGupta (2001), Statistical
        Science 16, 101–133.
    """
    p, z2 = right / total, Z95 * Z95
    middle = (p + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * np.sqrt(p * (1 - p) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return Interval(
        0.0 if right <= 0 else float(middle - half), 1.0 if right >= total else float(middle + half)
    )
