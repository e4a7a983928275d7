"""An image's file: its bytes, within bounds, and its header; and pixels written as such bytes."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warmstart.errors import UnreadableImageError
from warmstart.files.places import open_place, read_bytes_at
from warmstart.images.arrays import image_pixels
from warmstart.images.budget import MOST_FILE_BYTES
from warmstart.images.formats import open_image
from warmstart.images.silence import no_warnings

ALPHA_MODES = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
THUMBNAIL_QUALITY = 82  # of a JPEG, of 100


def read_image_file(path: Path, name: str) -> bytes:
    """The bytes of an image's file: a regular one, of no more bytes than an image has.

    Args:
        path: A file or a link to one, a member of an archive, a cell of a table, or a URL.
        name: What errors call it.

    Returns:
        What it holds, at most ``MOST_FILE_BYTES``.

    Raises:
        UnreadableImageError: it is gone, may not be read, is no file, or is larger than any picture
            that would be decoded.
    """
    try:
        return read_bytes_at(path, MOST_FILE_BYTES)
    except OSError as error:
        raise UnreadableImageError(name, error.strerror or "error") from error


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """Width and height as stored, in pixels; ``mode`` is Pillow's; ``has_alpha`` also of keys."""

    width: int
    height: int
    mode: str
    has_alpha: bool


def read_image_header(picture: Path | bytes) -> ImageHeader | None:
    """Open without decoding.

    Args:
        picture: A file, or its bytes.

    Returns:
        None where it is no picture.
    """
    try:
        with (
            no_warnings(),
            (
                io.BytesIO(picture)
                if isinstance(picture, bytes)
                else open_place(picture, MOST_FILE_BYTES)
            ) as file,
            open_image(file) as image,
        ):
            has_alpha = image.mode in ALPHA_MODES or "transparency" in image.info
            return ImageHeader(image.width, image.height, image.mode, has_alpha)
    except Exception:  # noqa: BLE001 (parsers raise whatever they like on bad bytes)
        return None


def image_size(path: Path) -> tuple[int, int]:
    """Width and height as stored; a turn that EXIF asks for is not made.

    Args:
        path: Of the file.

    Raises:
        UnreadableImageError: it is no picture, or is gone.
    """
    header = read_image_header(path)
    if header is None:
        raise UnreadableImageError(str(path), "it is no picture, or is gone")
    return header.width, header.height


def encode_array(pixels: NDArray[np.uint8]) -> bytes:
    r"""The bytes of a PPM or PGM file: header and pixels as they are, so that all images are alike.

    Args:
        pixels: (H, W, 3) uint8 RGB, or (H, W) uint8 grey.

    Returns:
        The file's bytes; ``decode`` gives the same pixels.

    >>> encode_array(np.zeros((1, 2), np.uint8))
    b'P5 2 1 255\n\x00\x00'
    """
    kind = "P6" if pixels.ndim == 3 else "P5"
    return f"{kind} {pixels.shape[1]} {pixels.shape[0]} 255\n".encode() + pixels.tobytes()


def encode_image(image: Image.Image) -> bytes:
    """A PPM file of what the image shows, upright: a path to it would be predicted the same."""
    return encode_array(image_pixels(image))


def thumbnail(pixels: NDArray[np.uint8], side: int = 192) -> bytes:
    """The bytes of a small JPEG file, to be shown.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        side: The most pixels of its longer side; smaller pictures are not enlarged.

    Returns:
        A JPEG file, no larger than asked.
    """
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=THUMBNAIL_QUALITY, optimize=True)
    return file.getvalue()
