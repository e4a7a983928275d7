"""Which JPEGs a device's decoder is given, and what it is given of them.

Only ordinary ones, which every decoder reads alike: sequential, 8 bits, three components in one
scan, no profile of Adobe's. Of these only the tables and the data: old versions of nvJPEG crash on
broken EXIF. All else is for the processor's decoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image
from PIL.ExifTags import Base

from warmstart.images.budget import MOST_EXIF_BYTES, MOST_FILE_BYTES, too_large_jpeg
from warmstart.images.decode import jpeg_scale
from warmstart.images.jpeg import JPEG_BEGINS, START_OF_SCAN, JpegHeader, read_jpeg_header, segments

BASELINE, TABLES, HUFFMAN, RESTARTS = 0xC0, 0xDB, 0xC4, 0xDD
JFIF_SEGMENT, EXIF_SEGMENT, OTHER_PICTURES, ADOBE_SEGMENT = 0xE0, 0xE1, 0xE2, 0xEE
PASSED_ON = frozenset({BASELINE, TABLES, HUFFMAN, RESTARTS, JFIF_SEGMENT, START_OF_SCAN})
NO_PICTURE = frozenset({0xFE, *range(0xE0, 0xF0)})  # segments that a decoder may do without
HARMLESS = PASSED_ON | NO_PICTURE
EXIF, OF_MANY = b"Exif\0\0", b"MPF\0"
COMPONENTS = b"\1\2\3"  # brightness and two colours, by JFIF's numbers
SAMPLINGS = frozenset({0x11, 0x21, 0x12, 0x22})  # of brightness, where the colours have 0x11
MOST_DEVICE_PIXELS = 4_000_000  # what is larger costs the device's memory more than it saves


@dataclass(frozen=True, slots=True)
class BareJpeg:
    """What a decoder needs of a JPEG; its size as stored; its EXIF orientation, 1 to 8."""

    content: bytes
    width: int
    height: int
    orientation: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        is_on_its_side = self.orientation >= 5
        return (self.height, self.width) if is_on_its_side else (self.width, self.height)


def bare_jpeg(content: bytes, at_least: int) -> BareJpeg | None:
    """What a device is given of a file; None where it is not for the device.

    Args:
        content: Of the file.
        at_least: The short side that is needed. Where that much is left at a fraction of the
            size, the processor decodes the fraction in the time in which it would look for damage.
    """
    header = read_jpeg_header(content) if content[:2] == JPEG_BEGINS else None
    if header is None or not is_ordinary(header, len(content), at_least):
        return None
    places = segments(content)
    found = [(marker, content[start:end]) for marker, start, end in places]
    if any(is_odd(marker, body) for marker, body in found):
        return None
    markers = [marker for marker, _ in found]
    turn = exif_orientation([body for marker, body in found if marker == EXIF_SEGMENT])
    if markers.count(BASELINE) != 1 or markers[-1] != START_OF_SCAN or turn is None:
        return None
    whole = memoryview(content)
    parts = [whole[start - 4 : end] for marker, start, end in places if marker in PASSED_ON]
    bare = b"".join([JPEG_BEGINS, *parts, whole[places[-1][2] :]])
    return BareJpeg(bare, header.width, header.height, turn)


def is_ordinary(header: JpegHeader, num_bytes: int, at_least: int) -> bool:
    """Whether a JPEG's size and kind are for the device; arguments as of ``bare_jpeg``."""
    size = header.width, header.height
    return (
        not header.is_buffered
        and header.num_components == len(COMPONENTS)
        and min(size) >= 1
        and size[0] * size[1] <= MOST_DEVICE_PIXELS
        and num_bytes <= MOST_FILE_BYTES
        and not too_large_jpeg(header, 1, num_bytes)
        and jpeg_scale(size, at_least) == 1
    )


def is_odd(marker: int, body: bytes) -> bool:
    """Whether decoders may differ in what they make of a segment."""
    if marker == BASELINE:
        return not is_usual_frame(body)
    if marker == OTHER_PICTURES:
        return body.startswith(OF_MANY)
    return marker == ADOBE_SEGMENT or marker not in HARMLESS


def is_usual_frame(body: bytes) -> bool:
    """Whether a frame has 8 bits, and brightness and colours in an order that all expect."""
    sampled = body[7::3]
    return (
        len(body) == 6 + 3 * len(COMPONENTS)
        and body[0] == 8
        and body[6::3] == COMPONENTS
        and sampled[0] in SAMPLINGS
        and sampled[1:] == b"\x11\x11"
    )


def exif_orientation(bodies: Sequence[bytes]) -> int | None:
    """1 to 8, 1 where EXIF says none; None where it is broken: let Pillow decide.

    Args:
        bodies: Of all segments of its kind; XMP, which may say an orientation too, is one.
    """
    if not bodies:
        return 1
    if len(bodies) > 1 or not bodies[0].startswith(EXIF) or len(bodies[0]) > MOST_EXIF_BYTES:
        return None
    try:
        found = Image.Exif()
        found.load(bodies[0])
        turn = int(found.get(Base.Orientation, 1))
    except Exception:  # noqa: BLE001 (parsers raise whatever they like on bad bytes)
        return None
    return turn if 1 <= turn <= 8 else None
