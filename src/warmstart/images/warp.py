"""An image seen through a matrix, by one resampling without aliasing; its border."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warmstart.images.geometry import Matrix, corners, scale, shift
from warmstart.images.resize import FILTERS, PILLOW, SIMD, available_resizer, resize, warp_bilinear

BORDERS = ("reflect", "black")
Box = tuple[int, int, int, int]  # left, top, right, bottom
INTERPOLATIONS = ("bilinear", "bicubic")
# A warp looks at 2 × 2 or 4 × 4 pixels however much it shrinks. Against a warp at 8 to 12 times the
# size, photos give, for picture pixels per view pixel after the reduction:
#   1.0: bilinear 43 dB, bicubic 46;  1.15: 44, 44;  1.5: 43, 39;  1.9: 40, 36
# and bilinear is 2.8 times as fast. Warping at twice the size, then shrinking, gains 1 dB for
# three times the work with bilinear; 15 dB for eight times the work with bicubic.
MOST_SHRINKING = 1.9  # picture pixels per view pixel; above it, whole pixels are averaged first
BICUBIC_UP_TO = 1.15
MARGIN = 2  # pixels around the view that a filter may touch
ROUNDING = 1e-6  # of a pixel


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


def warp(
    image: Image.Image,
    matrix: Matrix,
    size: int,
    *,
    border: str,
    interpolation: str,
    resizer: str = SIMD,
) -> NDArray[np.uint8]:
    """Render a view of a picture.

    Args:
        image: In mode RGB.
        matrix: From the view's pixels to the picture's.
        size: Side of the view.
        border: What lies beyond the picture: "reflect" or "black".
        interpolation: Filter where nothing is turned or slanted: there the view is an ordinary
            antialiased resizing, the same as the plain view's.
        resizer: Who resizes and warps.

    Returns:
        (size, size, 3).
    """
    straight = upright_box(image.size, matrix, size)
    if straight is not None:
        resized = resize(image, (size, size), interpolation, straight, resizer=resizer)
        return np.asarray(turned(resized, matrix), np.uint8)
    resizer = available_resizer(resizer)
    part, into_part = reduced(image, matrix, size, resizer)
    low, high = reach(into_part, size)
    if min(low) < 0 or high[0] > part.width or high[1] > part.height:
        part = region(part, (*low, *high), border)
        into_part = shift(float(-low[0]), float(-low[1])) @ into_part
    is_smaller = max(shrinking(into_part)) > BICUBIC_UP_TO
    if is_smaller and resizer == SIMD:
        return warped(part, into_part, size)
    kind = "bilinear" if is_smaller else "bicubic"
    view = part.transform(
        (size, size), Image.Transform.AFFINE, tuple(into_part[:2].ravel()), FILTERS[kind]
    )
    return np.asarray(view, np.uint8)


def warped(image: Image.Image, matrix: Matrix, size: int) -> NDArray[np.uint8]:
    """A bilinear warp by SIMD instructions; beyond its border a picture is what the border is."""
    low, high = reach(matrix, size)
    box = (low[0] - 1, low[1] - 1, high[0] + 1, high[1] + 1)
    pixels = np.asarray(region(image, box, "reflect"), np.uint8)
    # between the middles of pixels, from the picture's to the view's
    middles = shift(-box[0] - 0.5, -box[1] - 0.5) @ matrix @ shift(0.5, 0.5)
    return warp_bilinear(pixels, np.linalg.inv(middles).astype(np.float64), size)


def shrinking(matrix: Matrix) -> tuple[float, float]:
    """How many of the picture's pixels, across and down, one step in the view goes at most."""
    across, down = np.hypot(matrix[:2, 0], matrix[:2, 1])
    return float(across), float(down)


def reach(matrix: Matrix, size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Left and top, right and bottom of what a view shows, in whole pixels of the picture."""
    points = corners(matrix, size)
    # rounded, so that the last bit of a cosine asks for no border
    left, top = np.floor(points.min(0).round(6))
    right, bottom = np.ceil(points.max(0).round(6))
    return (int(left), int(top)), (int(right), int(bottom))


def reduced(
    image: Image.Image, matrix: Matrix, size: int, resizer: str
) -> tuple[Image.Image, Matrix]:
    """The part that a view shows, whole pixels averaged, and the matrix into it."""
    across, down = (math.ceil(step / MOST_SHRINKING) for step in shrinking(matrix))
    factors = min(max(across, 1), image.width), min(max(down, 1), image.height)
    if factors == (1, 1):
        return image, matrix
    low, high = reach(matrix, size)
    left, top = (max(low[i] - MARGIN * factors[i], 0) for i in range(2))
    right, bottom = (min(high[i] + MARGIN * factors[i], image.size[i]) for i in range(2))
    if resizer == PILLOW:
        part = image.reduce(factors, box=(left, top, right, bottom))
        into_part = scale(1 / factors[0], 1 / factors[1])
        return part, into_part @ shift(float(-left), float(-top)) @ matrix
    width, height = -(-(right - left) // factors[0]), -(-(bottom - top) // factors[1])
    box = (float(left), float(top), float(right), float(bottom))
    part = resize(image, (width, height), "box", box)
    into_part = scale(width / (right - left), height / (bottom - top))
    return part, into_part @ shift(float(-left), float(-top)) @ matrix


def upright_box(
    picture: tuple[int, int], matrix: Matrix, size: int
) -> tuple[float, float, float, float] | None:
    """What the view shows, if that is an upright box within the picture."""
    linear = matrix[:2, :2]
    if np.diag(linear).any() and np.diag(linear[::-1]).any():
        return None
    points = corners(matrix, size)
    low, high = points.min(0), points.max(0)
    if (low < -ROUNDING).any() or (high > np.array(picture) + ROUNDING).any():
        return None
    left, top = np.maximum(low, 0)
    right, bottom = np.minimum(high, picture)
    return float(left), float(top), float(right), float(bottom)


def turned(view: Image.Image, matrix: Matrix) -> Image.Image:
    """An upright box, mirrored and turned by quarters as the matrix says."""
    is_transposed = not np.diag(matrix[:2, :2]).any()
    along_x, along_y = matrix[0, int(is_transposed)], matrix[1, 1 - int(is_transposed)]
    if along_x < 0:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if along_y < 0:
        view = view.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return view.transpose(Image.Transpose.TRANSPOSE) if is_transposed else view
