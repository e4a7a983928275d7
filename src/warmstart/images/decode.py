"""Bytes of any real picture → RGB uint8, upright."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import numpy as np
from PIL import Image
from PIL.ExifTags import Base

from warmstart.errors import UnreadableImageError
from warmstart.images.formats import open_picture

MAX_PIXELS = 50_000_000  # checked in the header, before anything is decoded
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by EXIF orientation; 1 is upright already
ADDRESS = re.compile(r"\s*(<[^<>]* at )?0x[0-9A-Fa-f]{6,}>?")  # of an object in memory

_warnings_lock = Lock()


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
        with no_warnings():
            image: Image.Image = open_picture(io.BytesIO(content))
        if image.width * image.height > MAX_PIXELS:
            raise UnreadableImageError(name, f"{image.width} x {image.height} pixels")
        if at_least is not None and image.format == "JPEG":
            image.draft("RGB", scaled_size(image.size, at_least))
        image.load()
        turn = UPRIGHT.get(orientation(image))
        return to_rgb(image if turn is None else image.transpose(turn), name)
    except UnreadableImageError:
        raise
    except Exception as error:  # decoders raise whatever they like on bad bytes
        reason = "empty file" if not content else f"{type(error).__name__}: {error}"
        raise UnreadableImageError(name, ADDRESS.sub("", reason)) from error


@contextmanager
def no_warnings() -> Iterator[None]:
    """Silence Pillow's remarks on headers, which must not decide whether a picture can be read.

    Python's list of warning filters belongs to the process; without the lock, threads that put
    it back in another order than they took it would leave it changed for good.
    """
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where the block is absent or broken: the pixels are fine."""
    try:
        with no_warnings():
            return int(image.getexif().get(Base.Orientation, 1))
    except Exception:  # noqa: BLE001 (parsers raise whatever they like on bad bytes)
        return 1


def scaled_size(size: tuple[int, int], at_least: int) -> tuple[int, int]:
    """The size to ask of a JPEG decoder: divided by 2^k, short side not below ``at_least``."""
    scale = 1
    while scale < 8 and min(size) // (scale * 2) >= at_least:
        scale *= 2
    return size[0] // scale, size[1] // scale


def to_rgb(image: Image.Image, name: str = "the image") -> Image.Image:
    """Any mode to RGB: 16-bit and float greys scaled by their range, alpha over white."""
    if image.mode.startswith("I") or image.mode == "F":
        return grey_to_rgb(image, name)
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, "white")
        return Image.alpha_composite(white, over).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def grey_to_rgb(image: Image.Image, name: str) -> Image.Image:
    """Greys of more than 8 bits: 16 bits by their full range, others by what they hold.

    Raises:
        UnreadableImageError: a value is not finite; scaled by it, the whole picture would be black.
    """
    values = np.asarray(image, np.float64)
    if not np.isfinite(values).all():
        raise UnreadableImageError(name, "some values are infinite or not a number")
    if image.mode.startswith("I;16"):
        low, high = 0.0, 65535.0
    else:
        low, high = float(values.min()), float(values.max())
    scaled = (values - low) / (high - low if high > low else 1.0) * 255
    return Image.fromarray(scaled.round().astype(np.uint8), "L").convert("RGB")
