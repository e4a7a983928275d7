"""JPEGs whose header needs no second reader: its markers tell what Pillow would make of it.

Pillow reads a header in Python, which takes a tenth of the time of a view, and all other threads
wait meanwhile. Whatever it might refuse, remark on or read otherwise is left to it.
"""

from PIL import Image
from PIL.ExifTags import Base

from warmstart.images.budget import MOST_EXIF_BYTES
from warmstart.images.jpeg import ADOBE, JFIF, START_OF_SCAN, JpegHeader, segments
from warmstart.images.silence import EXIF, is_sound_exif, looks_like_bomb

BASELINE, PROGRESSIVE, QUANTIZATION, COMMENT = 0xC0, 0xC2, 0xDB, 0xFE
HUFFMAN, RESTARTS = 0xC4, 0xDD
APPLICATIONS = range(0xE0, 0xF0)
PLAIN = frozenset({HUFFMAN, RESTARTS, COMMENT, START_OF_SCAN})  # of these Pillow reads the length
EXIF_OR_XMP = 0xE1
ICC_PROFILE = b"ICC_PROFILE\0"
# What a segment begins with, and how many bytes Pillow reads of it; 0: it may fail, or see more.
READ_BYTES = {JFIF[:4]: 12, ADOBE: 12, ICC_PROFILE: 14, b"MPF\0": 0, b"Photoshop 3.0\0": 0}
KINDS_OF_PICTURE = frozenset({1, 3})  # numbers of components: grey, and RGB; no CMYK
TABLE_ENTRIES = 64  # entries of a quantization table, of a byte or two each


def usual_orientation(content: bytes, header: JpegHeader) -> int | None:
    """The EXIF orientation, 1 to 8, of a JPEG that Pillow would open; None where Pillow is to say.

    Args:
        content: Of the file.
        header: Its own.
    """
    if header.num_components not in KINDS_OF_PICTURE or not min(header.width, header.height):
        return None
    if looks_like_bomb(header.width * header.height):
        return None
    found, place = segments(content), 2
    for marker, start, end in found:
        if start - 4 != place or not start <= end <= len(content):
            return None  # something lies between segments, or one is cut off
        if not is_plain_segment(marker, content[start:end]):
            return None
        place = end
    markers = [marker for marker, _, _ in found]
    if (
        markers[-1] != START_OF_SCAN
        or sum(each in {BASELINE, PROGRESSIVE} for each in markers) != 1
    ):
        return None
    return sound_orientation(
        [content[start:end] for marker, start, end in found if marker == EXIF_OR_XMP]
    )


def is_plain_segment(marker: int, body: bytes) -> bool:
    """Whether Pillow takes a segment as it is: of a usual kind, and as long as it has to be."""
    if marker in {BASELINE, PROGRESSIVE}:
        return len(body) > 6 and body[0] == 8 and len(body) == 6 + 3 * body[5]
    if marker == QUANTIZATION:
        return are_whole_tables(body)
    if marker in APPLICATIONS:
        lengths = (length for begin, length in READ_BYTES.items() if body.startswith(begin))
        return all(0 < length <= len(body) for length in lengths)
    return marker in PLAIN


def are_whole_tables(body: bytes) -> bool:
    """Whether quantization tables end where their segment does."""
    place = 0
    while place < len(body):
        place += 1 + TABLE_ENTRIES * (1 if body[place] < 16 else 2)
    return place == len(body)


def sound_orientation(bodies: list[bytes]) -> int | None:
    """1 to 8, 1 where EXIF says none; None where Pillow is to say.

    Args:
        bodies: Of segments of EXIF's kind; XMP, which may say an orientation too, is one.
    """
    if not bodies:
        return 1
    body = bodies[0]
    if len(bodies) > 1 or not body.startswith(EXIF) or len(body) > MOST_EXIF_BYTES:
        return None
    if not is_sound_exif(body[len(EXIF) :]):
        return None
    try:
        found = Image.Exif()
        found.load(body)
        turn = int(found.get(Base.Orientation, 1))
    except Exception:  # noqa: BLE001 (parsers raise whatever they like on bad bytes)
        return None
    return turn if 1 <= turn <= 8 else None
