"""An image seen through a matrix, by one resampling without aliasing; its border."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warmstart.images.geometry import Matrix, corners, scale, shift
from warmstart.images.picture import Picture, as_image, picture_size, turned_by_quarters
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


def region(picture: Picture, box: Box, border: str, *, num_more: int = 0) -> NDArray[np.uint8]:
    """Cut out a box that may reach beyond the picture.

    Args:
        picture: (H, W, 3), or Pillow's image.
        box: Left, top, right and bottom in pixels.
        border: "reflect" repeats the picture, every other time mirrored; "black" fills with 0.
        num_more: So many pixels more on every side repeat the box's own outermost ones.

    Returns:
        (H, W, 3) of the box's size and those more, contiguous, and no view of the picture.
    """
    left, top, right, bottom = box
    if isinstance(picture, Image.Image):
        low_x, high_x = mirror_source(left, right, picture.width)
        low_y, high_y = mirror_source(top, bottom, picture.height)
        source = np.asarray(picture.crop((low_x, low_y, high_x, high_y)), np.uint8)
        left, top, right, bottom = left - low_x, top - low_y, right - low_x, bottom - low_y
    else:
        source = picture
    height, width = source.shape[:2]
    is_inside = left >= 0 and top >= 0 and right <= width and bottom <= height
    if is_inside and not num_more:
        return source[top:bottom, left:right].copy()
    make = np.empty if is_inside or border == "reflect" else np.zeros
    shape = bottom - top + 2 * num_more, right - left + 2 * num_more, 3
    found: NDArray[np.uint8] = make(shape, np.uint8)
    inner = found[num_more : num_more + bottom - top, num_more : num_more + right - left]
    across = mirror_images(left, right, width)
    for to_y, from_y, is_mirrored_y in mirror_images(top, bottom, height):
        for to_x, from_x, is_mirrored_x in across:
            if border == "reflect" or not (is_mirrored_x or is_mirrored_y):
                inner[to_y, to_x] = source[from_y, from_x]
    for each in range(num_more - 1, -1, -1):
        found[each], found[-1 - each] = found[each + 1], found[-2 - each]
        found[:, each], found[:, -1 - each] = found[:, each + 1], found[:, -2 - each]
    return found


def mirror_images(start: int, stop: int, length: int) -> list[tuple[slice, slice, bool]]:
    """Of one axis of a box: which part shows which pixels, and whether that is beyond the picture.

    Args:
        start: Where the box begins, in pixels of the picture; ``stop`` is where it ends.
        stop: Likewise.
        length: Of the picture.
    """
    found = []
    for number in range(start // length, -(-stop // length)):
        first, last = max(start, number * length), min(stop, (number + 1) * length)
        low, high = first - number * length, last - number * length
        source = slice(low, high)
        if number % 2:  # backwards, and None where that ends at the first pixel
            source = slice(length - 1 - low, length - 1 - high if high < length else None, -1)
        found.append((slice(first - start, last - start), source, number != 0))
    return found


def mirror_source(start: int, stop: int, length: int) -> tuple[int, int]:
    """The pixels of one axis that ``start`` … ``stop`` shows, directly or mirrored at an edge."""
    low = 0 if start < 0 else max(0, min(start, 2 * length - stop))
    high = length if stop > length else min(length, max(stop, -start))
    return low, high


def warp(
    picture: Picture,
    matrix: Matrix,
    size: int,
    *,
    border: str,
    interpolation: str,
    resizer: str = SIMD,
) -> NDArray[np.uint8]:
    """Render a view of a picture.

    Args:
        picture: (H, W, 3), or Pillow's image.
        matrix: From the view's pixels to the picture's.
        size: Side of the view.
        border: What lies beyond the picture: "reflect" or "black".
        interpolation: Filter where nothing is turned or slanted: there the view is an ordinary
            antialiased resizing, the same as the plain view's.
        resizer: Who resizes and warps.

    Returns:
        (size, size, 3).
    """
    straight = upright_box(picture_size(picture), matrix, size)
    if straight is not None:
        resized = resize(picture, (size, size), interpolation, straight, resizer=resizer)
        return turned(resized, matrix)
    resizer = available_resizer(resizer)
    part, into_part = reduced(picture, matrix, size, resizer)
    is_smaller = max(shrinking(into_part)) > BICUBIC_UP_TO
    if is_smaller and resizer == SIMD:
        return warped(part, into_part, size, border)
    low, high = reach(into_part, size)
    if is_beyond(low, high, part):
        part = region(part, (*low, *high), border)
        into_part = shift(float(-low[0]), float(-low[1])) @ into_part
    kind = "bilinear" if is_smaller else "bicubic"
    view = as_image(part).transform(
        (size, size), Image.Transform.AFFINE, tuple(into_part[:2].ravel()), FILTERS[kind]
    )
    return np.asarray(view, np.uint8)


def warped(picture: Picture, matrix: Matrix, size: int, border: str) -> NDArray[np.uint8]:
    """A bilinear warp by SIMD instructions; beyond its border a picture is what the border is."""
    low, high = reach(matrix, size)
    if is_beyond(low, high, picture):
        pixels = region(picture, (*low, *high), border, num_more=1)
        matrix, low = shift(float(-low[0]), float(-low[1])) @ matrix, (0, 0)
    else:
        pixels = region(picture, (low[0] - 1, low[1] - 1, high[0] + 1, high[1] + 1), "reflect")
    # between the middles of pixels, from the picture's to the view's
    middles = shift(0.5 - low[0], 0.5 - low[1]) @ matrix @ shift(0.5, 0.5)
    return warp_bilinear(pixels, np.linalg.inv(middles).astype(np.float64), size)


def is_beyond(low: tuple[int, int], high: tuple[int, int], picture: Picture) -> bool:
    """Whether a box from left and top to right and bottom reaches beyond a picture."""
    width, height = picture_size(picture)
    return min(low) < 0 or high[0] > width or high[1] > height


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


def reduced(picture: Picture, matrix: Matrix, size: int, resizer: str) -> tuple[Picture, Matrix]:
    """The part that a view shows, whole pixels averaged, and the matrix into it."""
    found = reduction_of(matrix, size, picture_size(picture))
    if found is None:
        return picture, matrix
    factors, (left, top, right, bottom) = found
    if resizer == PILLOW:
        image = as_image(picture).reduce(factors, box=(left, top, right, bottom))
        into_part = scale(1 / factors[0], 1 / factors[1])
        return image, into_part @ shift(float(-left), float(-top)) @ matrix
    width, height = -(-(right - left) // factors[0]), -(-(bottom - top) // factors[1])
    box = (float(left), float(top), float(right), float(bottom))
    part = resize(picture, (width, height), "box", box)
    into_part = scale(width / (right - left), height / (bottom - top))
    return part, into_part @ shift(float(-left), float(-top)) @ matrix


def reduction_of(
    matrix: Matrix, size: int, sides: tuple[int, int]
) -> tuple[tuple[int, int], Box] | None:
    """How many pixels are averaged, across and down, and of which box; None where none are.

    Args:
        matrix: From the view's pixels to the picture's.
        size: Side of the view.
        sides: Width and height of the picture.
    """
    across, down = (math.ceil(step / MOST_SHRINKING) for step in shrinking(matrix))
    factors = min(max(across, 1), sides[0]), min(max(down, 1), sides[1])
    if factors == (1, 1):
        return None
    low, high = reach(matrix, size)
    left, top = (max(low[i] - MARGIN * factors[i], 0) for i in range(2))
    right, bottom = (min(high[i] + MARGIN * factors[i], sides[i]) for i in range(2))
    return factors, (left, top, right, bottom)


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


def turned(view: NDArray[np.uint8], matrix: Matrix) -> NDArray[np.uint8]:
    """An upright box, mirrored and turned by quarters as the matrix says."""
    flips_x, flips_y, is_transposed = quarter_turn(matrix)
    return turned_by_quarters(view, flips_x=flips_x, flips_y=flips_y, is_transposed=is_transposed)


def quarter_turn(matrix: Matrix) -> tuple[bool, bool, bool]:
    """Whether an upright box is mirrored left and right, up and down, and then transposed."""
    is_transposed = not np.diag(matrix[:2, :2]).any()
    along_x, along_y = matrix[0, int(is_transposed)], matrix[1, 1 - int(is_transposed)]
    return bool(along_x < 0), bool(along_y < 0), is_transposed
