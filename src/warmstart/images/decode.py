"""Bytes of any real picture → RGB uint8, upright."""

import io
import re
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import Base

from warmstart.errors import UnreadableImageError
from warmstart.images.budget import (
    MOST_EXIF_BYTES,
    MOST_FILE_BYTES,
    too_large,
    too_large_jpeg,
    too_large_turned,
    too_many_numbers,
)
from warmstart.images.formats import open_image
from warmstart.images.jpeg import (
    JPEG_BEGINS,
    DamagedJpegError,
    JpegHeader,
    UnsupportedJpegError,
    decode_jpeg,
    read_jpeg_header,
)
from warmstart.images.picture import Picture, as_image
from warmstart.images.silence import Silence, silence_for
from warmstart.images.usual_jpeg import usual_orientation

BAND_PIXELS = 1 << 18  # of a picture that is converted part by part
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by EXIF orientation; 1 is upright already
# Of a JPEG that stays an array: resizing copies it twice, and it has to fit the budget that is for
# an array and Pillow's image of a picture. What is larger takes far longer to decode than to copy.
MOST_ARRAY_PIXELS = 8_000_000
ADDRESS = re.compile(r"\s*(<[^<>]* at )?0x[0-9A-Fa-f]{6,}>?")  # of an object in memory


def decode(
    content: bytes, name: str, *, at_least: int | None = None, use_damaged: bool = False
) -> Image.Image:
    """Decode to an upright RGB image; alpha lies over white, of animations the first frame.

    Args:
        content: The file's bytes.
        name: What errors call the image.
        at_least: A JPEG may be decoded at 1/2^k of its size, its short side never below this.
        use_damaged: Take what is left of a damaged JPEG.

    Returns:
        An image in mode RGB; errors as of ``decode_picture``.
    """
    return as_image(decode_picture(content, name, at_least=at_least, use_damaged=use_damaged))


def decode_picture(
    content: bytes, name: str, *, at_least: int | None = None, use_damaged: bool = False
) -> Picture:
    """Likewise, as whatever decoded it gives it: an array of most JPEGs, else Pillow's image.

    Args:
        content: The file's bytes.
        name: What errors call the image.
        at_least: A JPEG may be decoded at 1/2^k of its size, its short side never below this.
        use_damaged: Take what is left of a damaged JPEG.

    Raises:
        UnreadableImageError: not an image, incomplete, damaged, or above what one may cost.
    """
    try:
        if len(content) > MOST_FILE_BYTES:
            raise UnreadableImageError(name, f"a file of {len(content):,} bytes")
        if content[:2] == JPEG_BEGINS:
            return decoded_jpeg(content, name, at_least, use_damaged=use_damaged)
        return decoded(content, name)
    except UnreadableImageError:
        raise
    except DamagedJpegError as error:
        raise UnreadableImageError(name, f"damaged: {error}") from error
    except Exception as error:  # decoders raise whatever they like on bad bytes
        reason = "empty file" if not content else f"{type(error).__name__}: {error}"
        raise UnreadableImageError(name, ADDRESS.sub("", reason)) from error


def decoded(content: bytes, name: str) -> Image.Image:
    """Any picture but a JPEG."""
    refuse_image(name, too_many_numbers(content))
    silence = silence_for(content)
    with silence():
        image: Image.Image = open_image(io.BytesIO(content))
    refuse_image(name, too_large(image, content))
    image.load()
    turn = UPRIGHT.get(orientation(image, silence))
    image = to_rgb(image, name)
    if turn is None:
        return image
    refuse_image(name, too_large_turned(image, len(content)))
    return image.transpose(turn)


def decoded_jpeg(content: bytes, name: str, at_least: int | None, *, use_damaged: bool) -> Picture:
    """A JPEG, or the first of several in its file.

    Raises:
        UnreadableImageError: it costs too much, or its size cannot be told.
    """
    header = read_jpeg_header(content)
    image = None
    number = None
    if header is not None:  # else Pillow says what is wrong
        refuse_image(name, too_large_jpeg(header, 8, len(content)))
        number = usual_orientation(content, header)
    if header is None or number is None:
        silence = silence_for(content, header)
        with silence():
            image = open_image(io.BytesIO(content))
        if header is None or image.size != (header.width, header.height):
            raise UnreadableImageError(name, "decoders disagree about its size")
        number = orientation(image, silence)
    scale = 1
    if at_least is not None and (image is None or image.format == "JPEG"):
        scale = jpeg_scale((header.width, header.height), at_least)
    refuse_image(name, too_large_jpeg(header, scale, len(content)))
    picture = jpeg_to_rgb(image, content, header, scale, use_damaged=use_damaged)
    turn = UPRIGHT.get(number)
    if turn is None:
        return picture
    image = as_image(picture)
    del picture  # one copy less while the picture is turned
    refuse_image(name, too_large_turned(image, len(content)))
    return image.transpose(turn)


def jpeg_to_rgb(
    image: Image.Image | None,
    content: bytes,
    header: JpegHeader,
    scale: int,
    *,
    use_damaged: bool,
) -> Picture:
    """Pixels of a JPEG whose header was read; by Pillow only what it alone can decode.

    Raises:
        DamagedJpegError: data is damaged, and is not to be used.
    """
    is_cmyk = image is not None and image.mode == "CMYK"
    size = header.width, header.height
    pixels: NDArray[np.uint8] | None
    try:
        pixels = decode_jpeg(content, size, scale, is_cmyk=is_cmyk, use_damaged=use_damaged)
    except DamagedJpegError:
        if not use_damaged:
            raise
        pixels = None  # Pillow goes on where even the header is damaged
    except UnsupportedJpegError:
        pixels = None
    if pixels is None:
        image = open_image(io.BytesIO(content)) if image is None else image
        if scale > 1:
            image.draft("RGB", (image.width // scale, image.height // scale))
        return image.convert("RGB")
    if is_cmyk:
        np.subtract(255, pixels, out=pixels)  # Adobe's convention, which Pillow takes all to follow
        return Image.fromarray(pixels, "CMYK").convert("RGB")
    return pixels if pixels.size <= 3 * MOST_ARRAY_PIXELS else Image.fromarray(pixels, "RGB")


def refuse_image(name: str, reason: str) -> None:
    """Refuse a picture for a reason, if there is one.

    Raises:
        UnreadableImageError: there is.
    """
    if reason:
        raise UnreadableImageError(name, reason)


def orientation(image: Image.Image, silence: Silence) -> int:
    """The EXIF orientation, 1 to 8; 1 where it is absent or broken: the pixels are fine."""
    try:
        with silence():
            if len(image.info.get("exif") or b"") > MOST_EXIF_BYTES:
                return 1
            return int(image.getexif().get(Base.Orientation, 1))
    except Exception:  # noqa: BLE001 (parsers raise whatever they like on bad bytes)
        return 1


def jpeg_scale(size: tuple[int, int], at_least: int) -> int:
    """By which power of two a JPEG's sides may be divided while it is decoded.

    Args:
        size: Width and height in pixels.
        at_least: Pixels of the short side that must be left.

    Returns:
        1, 2, 4 or 8.

    >>> jpeg_scale((4000, 3000), 512), jpeg_scale((500, 500), 512)
    (4, 1)
    """
    scale = 1
    while scale < 8 and min(size) // (scale * 2) >= at_least:
        scale *= 2
    return scale


def to_rgb(image: Image.Image, name: str = "the image") -> Image.Image:
    """Any mode to RGB: 16-bit and float greys scaled by their range, alpha over white.

    Args:
        image: Of any of Pillow's modes.
        name: What errors call it.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return grey_to_rgb(image, name)
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        return in_bands(image, over_white)
    return image if image.mode == "RGB" else image.convert("RGB")


def over_white(band: Image.Image) -> Image.Image:
    """What shows of a picture with alpha that lies on white paper."""
    over = band.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")


def grey_to_rgb(image: Image.Image, name: str) -> Image.Image:
    """Greys of more than 8 bits: 16 bits by their full range, others by what they hold.

    Raises:
        UnreadableImageError: a value is not finite; scaled by it, the whole picture would be black.
    """
    low, high = 0.0, 65535.0
    if not image.mode.startswith("I;16"):
        ranges = [(values.min(), values.max()) for values in map(greys, bands(image))]
        low, high = float(min(least for least, _ in ranges)), float(max(most for _, most in ranges))
        if not np.isfinite([low, high]).all():  # also if any value is no number
            raise UnreadableImageError(name, "some values are infinite or not a number")

    def scaled(band: Image.Image) -> Image.Image:
        values = (greys(band) - low) / (high - low if high > low else 1.0) * 255
        return Image.fromarray(values.round().astype(np.uint8), "L").convert("RGB")

    return in_bands(image, scaled)


def greys(band: Image.Image) -> NDArray[np.float64]:
    """The values of a picture of one channel."""
    return np.asarray(band, np.float64)


def bands(image: Image.Image) -> Iterator[Image.Image]:
    """A picture in parts from the top, so that no copy of the whole is needed."""
    rows = max(1, BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))


def in_bands(image: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """A picture in RGB, converted part by part."""
    found, top = Image.new("RGB", image.size), 0
    for band in bands(image):
        found.paste(convert(band), (0, top))
        top += band.height
    return found
