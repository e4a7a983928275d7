"""Pixels, and which bytes they were made from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Rendering:
    """``pixels`` (H, W, 3) uint8 of a file whose content has the hash ``sha256``."""

    sha256: bytes
    pixels: NDArray[np.uint8]
