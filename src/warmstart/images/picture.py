"""A decoded picture: an array where its decoder gave one, else Pillow's image; both show the same.

Arrays need no copy on their way through resizing and warping. What Pillow decodes stays with
Pillow, which resizes it in place: an array of a large picture beside it would cost too much memory.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8] | Image.Image  # (H, W, 3), or in mode RGB


def picture_size(picture: Picture) -> tuple[int, int]:
    """Width and height."""
    if isinstance(picture, Image.Image):
        return picture.size
    return picture.shape[1], picture.shape[0]


def as_image(picture: Picture) -> Image.Image:
    """The picture as Pillow's image, in mode RGB."""
    return picture if isinstance(picture, Image.Image) else Image.fromarray(picture)


def turned_by_quarters(
    pixels: NDArray[np.uint8], *, flips_x: bool, flips_y: bool, is_transposed: bool
) -> NDArray[np.uint8]:
    """Mirror, and then swap both axes.

    Args:
        pixels: (H, W, 3), contiguous.
        flips_x: Swap left and right.
        flips_y: Swap top and bottom.
        is_transposed: Swap rows and columns.

    Returns:
        (H, W, 3), or (W, H, 3) where transposed; contiguous.
    """
    if not (flips_x or flips_y or is_transposed):
        return pixels
    whole = pixels.view("V3")[..., 0]  # a pixel is one item: copied at once, not by channels
    whole = whole[:: -1 if flips_y else 1, :: -1 if flips_x else 1]
    found = np.ascontiguousarray(whole.T if is_transposed else whole)
    return found.view(np.uint8).reshape(*found.shape, 3)
