"""JPEG → RGB by libjpeg-turbo: without the GIL, and what it remarks on damaged data is told.

Pillow takes such remarks for nothing: the rest of a damaged picture is grey there, without a word.
"""

from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray

JPEG_BEGINS = b"\xff\xd8"
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
STAND_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers that no length follows
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SEQUENTIAL = frozenset({0xC0, 0xC1})
WHOLE_SPECTRUM = b"\x00\x3f\x00"  # what every scan of a sequential JPEG has to say
OF_TURBOJPEG = "tj"  # begin errors that are not of libjpeg and the data
JFIF, ADOBE = b"JFIF\0", b"Adobe"


class DamagedJpegError(ValueError):
    """The decoder remarked that data is damaged, or gave up; it says why."""


class UnsupportedJpegError(ValueError):
    """A rare way to store colours that TurboJPEG has no name for; libjpeg itself can decode it."""


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What a JPEG says before its data.

    ``values_per_pixel`` counts what all components hold, 1.5 where the colours of four pixels are
    one; ``is_buffered`` tells whether the decoder keeps all of them until the end, in two bytes
    each; ``num_bytes`` are those before the data.
    """

    width: int
    height: int
    num_components: int
    values_per_pixel: float
    is_buffered: bool
    num_bytes: int


def read_jpeg_header(content: bytes) -> JpegHeader | None:
    """What stands before the data; None where no frame is announced there."""
    frame, marker_of_frame = b"", 0
    for marker, start, end in segments(content):
        if marker in FRAMES and not frame:
            frame, marker_of_frame = content[start:end], marker
        if marker == START_OF_SCAN and len(frame) >= 6:
            samplings = [(value >> 4, value & 15) for value in frame[7::3]]
            most = max((h * v for h, v in samplings), default=0)
            return JpegHeader(
                width=int.from_bytes(frame[3:5], "big"),
                height=int.from_bytes(frame[1:3], "big"),
                num_components=frame[5],
                values_per_pixel=sum(h * v for h, v in samplings) / max(most, 1),
                is_buffered=marker_of_frame not in SEQUENTIAL or content[start] < frame[5],
                num_bytes=start,
            )
    return None


def segments(content: bytes) -> list[tuple[int, int, int]]:
    """(Marker, start, end) of what stands before the data, and of the first scan's own header."""
    found: list[tuple[int, int, int]] = []
    place = 2
    while (place := content.find(b"\xff", place)) >= 0 and place + 3 < len(content):
        marker = content[place + 1]
        if marker in {0x00, 0xFF} or marker in STAND_ALONE:  # padding, or none that has a length
            place += 1 if marker == 0xFF else 2
            continue
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        found.append((marker, place + 4, end))
        if marker in {START_OF_SCAN, END_OF_IMAGE} or end > len(content):
            break
        place = end
    return found


def decode_jpeg(
    content: bytes, size: tuple[int, int], scale: int, *, is_cmyk: bool, use_damaged: bool
) -> NDArray[np.uint8]:
    """Decode at 1 / ``scale`` of the size.

    Args:
        content: Of the file.
        size: Width and height that its header says.
        scale: 1, 2, 4 or 8.
        is_cmyk: Whether it has four components.
        use_damaged: Take what is left of damaged data.

    Returns:
        (H, W, 3) RGB, or (H, W, 4) of cyan, magenta, yellow and black as they are stored; an
        UnsupportedJpegError where the way to store colours is not known here.

    Raises:
        DamagedJpegError: data is damaged, or so much of it that nothing is left.
    """
    width, height = (-(-side // scale) for side in size)
    pixels: NDArray[np.uint8] = np.empty((height, width, 4 if is_cmyk else 3), np.uint8)

    def decoded(some: bytes, *, strict: bool) -> NDArray[np.uint8]:
        try:
            found = simplejpeg.decode_jpeg(
                some,
                "CMYK" if is_cmyk else "RGB",
                min_height=height if scale > 1 else 0,
                min_width=width if scale > 1 else 0,
                min_factor=scale,
                buffer=pixels,
                strict=strict,
            )
        except ValueError as error:
            is_unsupported = str(error).startswith(OF_TURBOJPEG)
            kind = UnsupportedJpegError if is_unsupported else DamagedJpegError
            raise kind(str(error)) from error
        if found.shape != pixels.shape:
            raise DamagedJpegError("its header says two sizes")
        return pixels

    try:
        return decoded(content, strict=True)
    except DamagedJpegError:
        tidy = tidied(content)
        if tidy == content and not use_damaged:
            raise
    return decoded(tidy, strict=not use_damaged)


def tidied(content: bytes) -> bytes:
    """The same JPEG, with those bytes put right that decoders remark on and do without.

    An unknown version of JFIF, numbers in the header of a sequential scan that can only be 0, 63
    and 0, an unknown transform in Adobe's segment: cameras write such, and no pixel is lost.
    """
    mended = bytearray(content)
    frame, adobe, scan, num_components = 0, 0, 0, b""
    for marker, start, end in segments(content):
        body = content[start:end]
        if marker in FRAMES:
            frame, num_components = marker, body[5:6]
        elif marker == 0xE0 and body.startswith(JFIF) and len(body) > len(JFIF):
            mended[start + len(JFIF)] = 1
        elif marker == 0xEE and body.startswith(ADOBE) and len(body) >= 12:
            adobe = start + 11
        elif marker == START_OF_SCAN:
            scan = start
    if adobe and mended[adobe]:  # decoders take any but 0 for this one
        mended[adobe] = 2 if num_components == b"\4" else 1
    while frame in SEQUENTIAL and 4 <= scan < len(content):
        last = scan + 1 + 2 * content[scan]
        if last + 3 <= len(content):
            mended[last : last + 3] = WHOLE_SPECTRUM
        scan = content.find(bytes([0xFF, START_OF_SCAN]), last) + 4
    return bytes(mended)
