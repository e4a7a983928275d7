"""Arrays and PIL images → the bytes of a file, without loss, so that all images are alike."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from warmstart.errors import SettingError
from warmstart.images.decode import to_rgb


def array_bytes(array: NDArray[Any]) -> bytes:
    """A PPM or PGM file.

    Args:
        array: (H, W, 3) RGB or (H, W) grey, uint8.

    Returns:
        Header and pixels as they are.

    Raises:
        SettingError: another shape or type.
    """
    if array.dtype != np.uint8:
        raise SettingError(
            f"an image array has dtype {array.dtype}.",
            expected="uint8 in 0 … 255, shape (H, W, 3) or (H, W).",
            fix='convert it: (x * 255).round().astype("uint8") if it lies in 0 … 1.',
        )
    if array.ndim not in {2, 3} or (array.ndim == 3 and array.shape[2] != 3) or 0 in array.shape:
        raise SettingError(
            f"an image array has shape {array.shape}.",
            expected="(H, W, 3) RGB or (H, W) grey.",
            fix="put the channels last: x.transpose(1, 2, 0), and drop an alpha channel.",
        )
    kind = "P6" if array.ndim == 3 else "P5"
    return f"{kind} {array.shape[1]} {array.shape[0]} 255\n".encode() + array.tobytes()


def image_bytes(image: Image.Image) -> bytes:
    """A PPM file of what the image shows, upright: a path to it would be predicted the same."""
    return array_bytes(np.asarray(to_rgb(ImageOps.exif_transpose(image)), np.uint8))
