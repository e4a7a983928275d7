"""Pillow's remarks on headers are silenced, and pictures on which it has none wait for nobody.

Python's list of warning filters belongs to the process: to change it takes a lock, which threads
that decode would queue at twice per picture. So the bytes are asked first whether Pillow may have
anything to remark: of the usual JPEG, PNG and PPM files it has not.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock

from PIL import Image
from PIL.ExifTags import Base

from warmstart.images.jpeg import JPEG_BEGINS, JpegHeader, read_jpeg_header, segments

PNG_BEGINS, PPM_BEGINS = b"\x89PNG\r\n\x1a\n", (b"P5", b"P6")
EXIF, MULTI_PICTURE = b"Exif\0\0", b"MPF\0"
EXIF_MARKER, PICTURES_MARKER = 0xE1, 0xE2
PNG_REMARKS = (b"acTL", b"eXIf", b"Raw profile type")  # an animation, EXIF, or EXIF as text
TIFF_BEGINS = (b"II*\0", b"MM\0*")
BYTES_OF_KIND = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
SINGLE = {Base.Orientation, Base.ResolutionUnit, Base.XResolution}  # that are read, of one value

_lock = Lock()

Silence = Callable[[], AbstractContextManager[None]]


def silence_for(content: bytes, header: JpegHeader | None = None) -> Silence:
    """What Pillow is to be called within, while it reads the header of a picture.

    Args:
        content: The file's bytes.
        header: Of a JPEG, if it was read already.
    """
    return no_warnings if may_warn(content, header) else nullcontext


@contextmanager
def no_warnings() -> Iterator[None]:
    """Silence Pillow's remarks on headers, which must not decide whether a picture can be read.

    Without the lock, threads that put the list of filters back in another order than they took it
    would leave it changed for good.
    """
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def may_warn(content: bytes, header: JpegHeader | None = None) -> bool:
    """Whether Pillow may have something to remark on a picture's header; True where unsure.

    Args:
        content: The file's bytes.
        header: Of a JPEG, if it was read already.
    """
    if content[:2] == JPEG_BEGINS:
        header = header or read_jpeg_header(content)
        is_bomb = header is None or looks_like_bomb(header.width * header.height)
        return is_bomb or may_warn_of_jpeg(content)
    if content[:8] == PNG_BEGINS:
        width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
        is_bomb = content[12:16] != b"IHDR" or looks_like_bomb(width * height)
        return is_bomb or any(remark in content for remark in PNG_REMARKS)
    return content[:2] not in PPM_BEGINS or looks_like_bomb(len(content))  # a byte per pixel


def looks_like_bomb(num_pixels: int) -> bool:
    """Whether Pillow warns of so many pixels."""
    return Image.MAX_IMAGE_PIXELS is not None and num_pixels > Image.MAX_IMAGE_PIXELS


def may_warn_of_jpeg(content: bytes) -> bool:
    """Likewise of a JPEG, the number of whose pixels was looked at already."""
    has_exif = False
    for marker, start, end in segments(content):
        if marker == PICTURES_MARKER and content.startswith(MULTI_PICTURE, start):
            return True
        if marker == EXIF_MARKER and content.startswith(EXIF, start):
            if has_exif or not is_sound_exif(content[start + len(EXIF) : end]):
                return True
            has_exif = True
    return False


def is_sound_exif(block: bytes) -> bool:
    """Whether every entry of the first table lies within the block and is of a known kind.

    Args:
        block: A TIFF's header and what follows it.
    """
    if block[:4] not in TIFF_BEGINS or len(block) < 8:
        return False
    is_little = block.startswith(b"II")

    def number(place: int, length: int) -> int:
        return int.from_bytes(block[place : place + length], "little" if is_little else "big")

    first = number(4, 4)
    count = number(first, 2)
    if first < 8 or first + 2 + 12 * count + 4 > len(block):
        return False
    for place in range(first + 2, first + 2 + 12 * count, 12):
        tag, kind, values = number(place, 2), number(place + 2, 2), number(place + 4, 4)
        size = BYTES_OF_KIND.get(kind, 0) * values
        is_within = size <= 4 or number(place + 8, 4) + size <= len(block)
        if not size or not is_within or (tag in SINGLE and values != 1):
            return False
    return True
