"""Light and colour of a view, and random erasing: what changes after the warp.

Reference: Zhong, Zheng, Kang, Li, Yang: Random Erasing, 2017, arXiv 1708.04896.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from warmstart.images.policy import Operation

Pixels = NDArray[np.uint8]

# As Pillow has them. Most are computed without it below, to the bit: it holds all threads up.
COLOURS: dict[str, Callable[[Image.Image, float], Image.Image]] = {
    "brightness": lambda image, amount: ImageEnhance.Brightness(image).enhance(1 + amount),
    "color": lambda image, amount: ImageEnhance.Color(image).enhance(1 + amount),
    "contrast": lambda image, amount: ImageEnhance.Contrast(image).enhance(1 + amount),
    "sharpness": lambda image, amount: ImageEnhance.Sharpness(image).enhance(1 + amount),
    "posterize": lambda image, amount: ImageOps.posterize(image, 8 - round(amount)),
    "solarize": lambda image, amount: ImageOps.solarize(image, round(255 * (1 - amount))),
    "autocontrast": lambda image, _: ImageOps.autocontrast(image),
    "equalize": lambda image, _: ImageOps.equalize(image),
}
PART_VALUES = 30_000  # of a picture whose colours are computed at once: 120 kB in 32 bits
LEVELS = {"brightness", "posterize", "solarize"}  # of each value alone: a table says it all


@dataclass(frozen=True)
class Erasure:
    """A rectangle of noise: its place and sides as shares of the view's side, and a seed."""

    left: float
    top: float
    width: float
    height: float
    seed: int


@dataclass(frozen=True, eq=False)
class Noise:
    """What is put over a view: ``values`` (h, w, 3) uint8, at a row and a column."""

    top: int
    left: int
    values: Pixels


def colour(pixels: Pixels, operations: tuple[Operation, ...]) -> Pixels:
    """Apply those operations that change colours, in order.

    Args:
        pixels: (H, W, 3).
        operations: Of all kinds.

    Returns:
        (H, W, 3), to the bit what Pillow makes of them.
    """
    for operation in operations:
        if operation.name in LEVELS:
            pixels = looked_up(pixels, level_table(operation))
        elif operation.name == "contrast":
            pixels = looked_up(pixels, contrast_table(pixels, operation))
        elif operation.name == "sharpness":
            pixels = sharpened(pixels, 1 + operation.amount)
        elif operation.name == "color":
            pixels = coloured(pixels, 1 + operation.amount)
        elif operation.name in COLOURS:
            image = COLOURS[operation.name](Image.fromarray(pixels), operation.amount)
            pixels = np.asarray(image, np.uint8)
    return pixels


@lru_cache(maxsize=256)
def level_table(operation: Operation) -> bytes:
    """What becomes of each of the 256 levels, by an operation that knows nothing else."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    return COLOURS[operation.name](ramp, operation.amount).tobytes()


def contrast_table(pixels: Pixels, operation: Operation) -> bytes:
    """What becomes of each level, by contrast about the mean of a picture's greys."""
    greys = np.asarray(Image.fromarray(pixels).convert("L"), np.uint8)
    mean = int(greys.sum(dtype=np.uint64) / greys.size + 0.5)
    return blended(np.full(256, mean), np.arange(256), 1 + operation.amount).tobytes()


def coloured(pixels: Pixels, factor: float) -> Pixels:
    """Blend with the picture's greys."""
    greys = np.asarray(Image.fromarray(pixels).convert("L"), np.uint8)
    found = np.empty_like(pixels)
    for rows in small_parts(pixels):
        part = blended(np.repeat(greys[rows], 3), pixels[rows].ravel(), factor)
        found[rows] = part.reshape(pixels[rows].shape)
    return found


def sharpened(pixels: Pixels, factor: float) -> Pixels:
    """Blend with the picture smoothed by 3 × 3 pixels, of which the middle one counts five times.

    Pixels of the edge have no such neighbours, and are left as they are.
    """
    found = pixels.copy()
    if min(pixels.shape[:2]) < 3:
        return found
    row = 3 * pixels.shape[1]
    for rows in small_parts(pixels[2:]):
        top, bottom = rows.start, rows.stop + 2
        values = pixels[top:bottom].ravel().astype(np.uint16)  # numpy is fastest along one axis
        columns = values[: -2 * row] + values[row:-row]
        columns += values[2 * row :]
        middle = values[row + 3 : -row - 3]  # without the first and last pixel, which are of edges
        sums = columns[:-6] + columns[3:-3]
        sums += columns[6:]
        sums += 4 * middle
        smooth = (2 * sums + 13) // 26  # rounded
        inner = np.empty_like(columns, np.uint8)
        inner[3:-3] = blended(smooth, middle, factor)
        found[top + 1 : bottom - 1, 1:-1] = inner.reshape(-1, *pixels.shape[1:])[:, 1:-1]
    return found


def small_parts(pixels: Pixels) -> Iterator[slice]:
    """Rows in parts, so small that what is computed of one stays in the processor's cache."""
    num_rows = max(1, PART_VALUES // max(1, pixels[0].size))
    for start in range(0, len(pixels), num_rows):
        yield slice(start, min(start + num_rows, len(pixels)))


def blended(one: NDArray[Any], other: NDArray[Any], factor: float) -> Pixels:
    """From one towards the other, and beyond it where the factor is above 1, as Pillow does.

    Args:
        one: (N,) levels that a factor of 0 gives.
        other: (N,) levels that a factor of 1 gives.
        factor: Taken in 32 bits, as all that follows.
    """
    apart = other.astype(np.int16)
    apart -= one.astype(np.int16)
    values = apart.astype(np.float32)
    values *= np.float32(factor)
    values += one.astype(np.float32)
    np.clip(values, 0, 255, out=values)
    return values.astype(np.uint8)


def looked_up(pixels: Pixels, table: bytes) -> Pixels:
    """Each value's entry of a table of 256.

    A lookup in numpy makes eight bytes of each value first, which takes twice as long.
    """
    return np.frombuffer(pixels.tobytes().translate(table), np.uint8).reshape(pixels.shape)


def light(pixels: Pixels, brightness: float, contrast: float) -> Pixels:
    """Stretch about the mean of all values, then shift; clipped to what a pixel can hold.

    Args:
        pixels: (H, W, 3).
        brightness: Shift, as a share of the full range.
        contrast: Factor; 1 changes nothing.

    Returns:
        (H, W, 3).
    """
    if brightness == 0 and contrast == 1:
        return pixels
    rows = np.add.reduce(pixels.reshape(len(pixels), -1), axis=1, dtype=np.uint32)
    mean = float(rows.sum(dtype=np.uint64)) / pixels.size
    levels = (np.arange(256) - mean) * contrast + mean + 255 * brightness
    return looked_up(pixels, levels.round().clip(0, 255).astype(np.uint8).tobytes())


def contrast_factor(amount: float) -> float:
    """Fastai's scale: 0 changes nothing, c > 0 is a factor of 1 + c, c < 0 of 1 / (1 - c)."""
    return 1.0 + amount if amount >= 0 else 1 / (1 - amount)


def erase(pixels: Pixels, erasure: Erasure | None) -> Pixels:
    """Put noise of its own, per pixel and channel, over a rectangle.

    Args:
        pixels: (H, W, 3).
        erasure: The rectangle; None leaves the pixels as they are.

    Returns:
        (H, W, 3), a new array where something was erased.
    """
    noise = noise_of(erasure, *pixels.shape[:2])
    if noise is None:
        return pixels
    height, width = noise.values.shape[:2]
    changed = pixels.copy()
    changed[noise.top : noise.top + height, noise.left : noise.left + width] = noise.values
    return changed


def noise_of(erasure: Erasure | None, height: int, width: int) -> Noise | None:
    """What is put over a view of so many pixels; None for nothing."""
    if erasure is None:
        return None
    top, bottom = (round(y * height) for y in (erasure.top, erasure.top + erasure.height))
    left, right = (round(x * width) for x in (erasure.left, erasure.left + erasure.width))
    shape = max(0, bottom - top), max(0, right - left), 3
    content = np.random.default_rng(erasure.seed).bytes(int(np.prod(shape)))
    return Noise(top, left, np.frombuffer(content, np.uint8).reshape(shape))
