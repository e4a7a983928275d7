"""What lies beyond the edge of a picture: its mirror image, or black."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BORDERS = ("reflect", "black")
Box = tuple[int, int, int, int]  # left, top, right, bottom


def region(image: Image.Image, box: Box, border: str) -> Image.Image:
    """Cut out a box that may reach beyond the picture.

    Args:
        image: In mode RGB.
        box: Left, top, right and bottom in pixels.
        border: "reflect" repeats the picture, every other time mirrored; "black" fills with 0.

    Returns:
        An image of the box's size.
    """
    left, top, right, bottom = box
    is_inside = left >= 0 and top >= 0 and right <= image.width and bottom <= image.height
    if is_inside or border == "black":  # Pillow's crop fills what lies outside with 0
        return image.crop(box)
    pixels = np.asarray(image, np.uint8)
    rows = mirrored(top, bottom, image.height)
    columns = mirrored(left, right, image.width)
    return Image.fromarray(pixels[np.ix_(rows, columns)])


def mirrored(start: int, stop: int, length: int) -> NDArray[np.int64]:
    """Indices ``start`` … ``stop`` - 1 folded back into 0 … ``length`` - 1; edges appear twice."""
    folded = np.arange(start, stop) % (2 * length)
    return np.minimum(folded, 2 * length - 1 - folded)
