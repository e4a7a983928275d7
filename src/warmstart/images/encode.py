"""Pixels → the bytes of a file, without loss, so that all images are alike."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warmstart.images.arrays import image_pixels


def array_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """A PPM or PGM file: header and pixels as they are.

    Args:
        pixels: (H, W, 3) RGB or (H, W) grey.
    """
    kind = "P6" if pixels.ndim == 3 else "P5"
    return f"{kind} {pixels.shape[1]} {pixels.shape[0]} 255\n".encode() + pixels.tobytes()


def image_bytes(image: Image.Image) -> bytes:
    """A PPM file of what the image shows, upright: a path to it would be predicted the same."""
    return array_bytes(image_pixels(image))
