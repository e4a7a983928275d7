"""Pixels → a small JPEG, to be shown."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

QUALITY = 82


def thumbnail(pixels: NDArray[np.uint8], side: int = 192) -> bytes:
    """A JPEG file, no larger than asked.

    Args:
        pixels: (H, W, 3).
        side: The most pixels of its longer side; smaller pictures are not enlarged.
    """
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()
