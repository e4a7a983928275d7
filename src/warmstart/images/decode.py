"""Bytes of any real picture → RGB uint8, upright."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps

from warmstart.errors import UnreadableImageError

MAX_PIXELS = 50_000_000  # checked in the header, before anything is decoded


def decode(content: bytes, name: str, *, at_least: int | None = None) -> Image.Image:
    """Decode to an upright RGB image; alpha lies over white, of animations the first frame.

    Args:
        content: The file's bytes.
        name: What errors call the image.
        at_least: A JPEG may be decoded at 1/2^k of its size, its short side never below this.

    Returns:
        An image in mode RGB.

    Raises:
        UnreadableImageError: not an image, incomplete, or above the pixel cap.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content))
            if image.width * image.height > MAX_PIXELS:
                raise UnreadableImageError(name, f"{image.width} x {image.height} pixels")
            if at_least is not None and image.format == "JPEG":
                image.draft("RGB", scaled_size(image.size, at_least))
            image.load()
            return to_rgb(ImageOps.exif_transpose(image))
    except UnreadableImageError:
        raise
    except Exception as error:  # decoders raise whatever they like on bad bytes
        reason = "empty file" if not content else f"{type(error).__name__}: {error}"
        reason = reason.replace(hex(id(content)), "").split(" <_io")[0]
        raise UnreadableImageError(name, reason) from error


def scaled_size(size: tuple[int, int], at_least: int) -> tuple[int, int]:
    """The size to ask of a JPEG decoder: divided by 2^k, short side not below ``at_least``."""
    scale = 1
    while scale < 8 and min(size) // (scale * 2) >= at_least:
        scale *= 2
    return size[0] // scale, size[1] // scale


def to_rgb(image: Image.Image) -> Image.Image:
    """Any mode to RGB: 16-bit and float greys scaled by their range, alpha over white."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float64)
        if image.mode.startswith("I;16"):
            low, high = 0.0, 65535.0
        else:
            low, high = float(values.min()), float(values.max())
        scaled = (values - low) / (high - low if high > low else 1.0) * 255
        return Image.fromarray(scaled.round().astype(np.uint8), "L").convert("RGB")
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, "white")
        return Image.alpha_composite(white, over).convert("RGB")
    return image.convert("RGB")
