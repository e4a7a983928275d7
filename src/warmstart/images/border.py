"""What lies beyond the edge of a picture: its mirror image, or black."""

import numpy as np
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
    low_x, high_x = mirror_source(left, right, image.width)
    low_y, high_y = mirror_source(top, bottom, image.height)
    source = np.asarray(image.crop((low_x, low_y, high_x, high_y)), np.uint8)
    beyond_y = max(0, -top), max(0, bottom - image.height)
    beyond_x = max(0, -left), max(0, right - image.width)
    padded = np.pad(source, (beyond_y, beyond_x, (0, 0)), "symmetric")
    x, y = left - low_x + beyond_x[0], top - low_y + beyond_y[0]
    return Image.fromarray(padded[y : y + bottom - top, x : x + right - left])


def mirror_source(start: int, stop: int, length: int) -> tuple[int, int]:
    """The pixels of one axis that ``start`` … ``stop`` shows, directly or mirrored at an edge."""
    low = 0 if start < 0 else max(0, min(start, 2 * length - stop))
    high = length if stop > length else min(length, max(stop, -start))
    return low, high
