"""Light and colour of a view, and random erasing: what changes after the warp.

Reference: Zhong, Zheng, Kang, Li, Yang: Random Erasing, 2017, arXiv 1708.04896.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from warmstart.images.policy import Operation

Pixels = NDArray[np.uint8]

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


@dataclass(frozen=True)
class Erasure:
    """A rectangle of noise: its place and sides as shares of the view's side, and a seed."""

    left: float
    top: float
    width: float
    height: float
    seed: int


def changes_colours(operations: tuple[Operation, ...]) -> bool:
    """Whether one of some operations is of those that change colours."""
    return any(operation.name in COLOURS for operation in operations)


def colour(image: Image.Image, operations: tuple[Operation, ...]) -> Image.Image:
    """Apply those operations that change colours, in order."""
    for operation in operations:
        if operation.name in COLOURS:
            image = COLOURS[operation.name](image, operation.amount)
    return image


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
    table = levels.round().clip(0, 255).astype(np.uint8).tobytes()
    # a lookup in numpy makes eight bytes of each value first, which takes twice as long
    return np.frombuffer(pixels.tobytes().translate(table), np.uint8).reshape(pixels.shape)


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
    if erasure is None:
        return pixels
    height, width = pixels.shape[:2]
    top, bottom = (round(y * height) for y in (erasure.top, erasure.top + erasure.height))
    left, right = (round(x * width) for x in (erasure.left, erasure.left + erasure.width))
    changed = pixels.copy()
    hole = changed[top:bottom, left:right]
    noise = np.random.default_rng(erasure.seed).bytes(hole.size)
    hole[...] = np.frombuffer(noise, np.uint8).reshape(hole.shape)
    return changed
