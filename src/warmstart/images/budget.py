"""What a picture may cost, whatever it claims: asked of its header, before anything is decoded."""

import re
from collections.abc import Iterator

from PIL import Image

from warmstart.images.jpeg import JpegHeader

MOST_BYTES = 300_000_000  # of memory that decoding one picture may take at once
WORKING_BYTES = 12_000_000  # of these for rows, parts and tables, whatever the picture
MOST_FILE_BYTES = 128_000_000  # of a file: as many as its pixels may take without compression
MOST_HEADER_BYTES = 32_000_000  # before a JPEG's data, such as maps of depth; Pillow copies them
MOST_EXIF_BYTES = 4_000_000  # one of its values may become 18 times as large in Python
MOST_NUMBERS = 200_000  # of one entry of a TIFF, each of which becomes an object: tiles, strips
MOST_PIXELS = 50_000_000
MOST_SIDE = 32_767  # pixels; whatever is allocated per row or column stays small
RGB_BYTES = 4  # of a pixel, as Pillow keeps them
BYTE_TYPES = frozenset({1, 2, 6, 7})  # of a TIFF's entries: they stay bytes
COMPRESSION, ROWS_PER_STRIP, TILE_WIDTH, TILE_LENGTH = 259, 278, 322, 323  # tags of a TIFF
BITS_PER_SAMPLE, SAMPLES_PER_PIXEL = 258, 277
SMALL_MODES = {"1": 1, "L": 1, "P": 1}  # bytes of a pixel; all others take two or four

# What decoders take besides the picture itself, in bytes of a pixel and in copies of the file, with
# room for more bits and channels: tests/unit/images/test_budget.py measures that no picture which
# is let through takes more than MOST_BYTES. Formats that are not here take OTHERS.
BESIDE = {
    "PNG": 0, "GIF": 1, "BMP": 0, "DIB": 0, "PPM": 3, "TIFF": 0, "TGA": 0,
    "WEBP": 13, "AVIF": 14, "HEIF": 14, "JPEG2000": 24,
}  # fmt: skip
OTHERS = 16
NUM_COPIES = {"PNG": 1, "BMP": 1, "DIB": 1, "PPM": 1, "TGA": 1, "TIFF": 2}  # 3 of all others

# What a file of these formats holds may be a picture of another one, with a size of its own.
HOLDS_OTHERS = frozenset({"ICO", "CUR", "ICNS", "BLP"})
SIZES_WITHIN = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        rb"\x89PNG\r\n\x1a\n.{4}IHDR(?P<width>.{4})(?P<height>.{4})",
        rb"\xff\x4f\xff\x51.{4}(?P<width>.{4})(?P<height>.{4})",  # JPEG 2000
        rb"\xff[\xc0-\xc2]\x00[\x0b\x11\x14]\x08(?P<height>..)(?P<width>..)",  # JPEG
    )
)


def too_many_numbers(content: bytes) -> str:
    """Why a TIFF is not even opened: Pillow makes a list of what one entry holds; "" elsewhere."""
    version = content[2:4].strip(b"\0")
    if content[:2] not in {b"II", b"MM"} or version not in {b"*", b"+"}:
        return ""
    is_big = version == b"+"
    size, entry, of_count = (8, 20, 8) if is_big else (4, 12, 2)

    def number(place: int, length: int) -> int:
        part = content[place : place + length]
        return int.from_bytes(part, "big" if content[:2] == b"MM" else "little")

    first = number(8 if is_big else 4, size)
    for place in range(first + of_count, first + of_count + entry * number(first, of_count), entry):
        kind, count = number(place + 2, 2), number(place + 4, size)
        if kind not in BYTE_TYPES and count > MOST_NUMBERS:
            return f"an entry of {count:,} numbers"
        if place > len(content):
            break
    return ""


def too_large(image: Image.Image, content: bytes) -> str:
    """Why a picture of any format but JPEG is not decoded; "" where it may be.

    Args:
        image: As its header describes it.
        content: Of the whole file.
    """
    sizes = [image.size, *(sizes_within(content) if image.format in HOLDS_OTHERS else ())]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    beside = BESIDE.get(image.format or "", OTHERS)
    of_image = pixel_bytes(image.mode)
    per_pixel = of_image + max(beside, RGB_BYTES if image.mode != "RGB" else 0)
    num_copies = NUM_COPIES.get(image.format or "", 3)
    num_bytes = width * height * per_pixel + tile_bytes(image) + num_copies * len(content)
    return limit_passed(width, height, num_bytes)


def too_large_jpeg(header: JpegHeader, scale: int, num_file_bytes: int) -> str:
    """Likewise of a JPEG.

    Args:
        header: Its own.
        scale: 1, 2, 4 or 8: at which part of its size it would be decoded.
        num_file_bytes: Of the whole file.
    """
    if header.num_bytes > MOST_HEADER_BYTES:
        return f"{header.num_bytes:,} bytes stand before its data"
    num_pixels = header.width * header.height
    kept = int(2 * header.values_per_pixel * num_pixels) if header.is_buffered else 0
    decoded = 4 if header.num_components == 4 else 3
    scaled = num_pixels // scale**2
    num_bytes = max(kept + decoded * scaled, (decoded + RGB_BYTES) * scaled)
    return limit_passed(
        header.width, header.height, num_bytes + 2 * header.num_bytes + num_file_bytes
    )


def too_large_turned(image: Image.Image, num_file_bytes: int) -> str:
    """Likewise of a picture that is decoded, and of which a copy stands upright."""
    num_bytes = 2 * RGB_BYTES * image.width * image.height + num_file_bytes
    return limit_passed(image.width, image.height, num_bytes)


def limit_passed(width: int, height: int, num_bytes: int) -> str:
    """Which limit is passed, with the size that was claimed; "" where none is.

    Args:
        width: In pixels.
        height: In pixels.
        num_bytes: Of memory that decoding takes, without what any image takes.
    """
    size = f"{width} x {height} pixels"
    if width * height > MOST_PIXELS:
        return size
    if max(width, height) > MOST_SIDE:
        return f"{size}; a side has at most {MOST_SIDE:,}"
    num_bytes += WORKING_BYTES
    if num_bytes > MOST_BYTES:
        return (
            f"{size}; to decode them takes {num_bytes / 1e6:.0f} MB, at most {MOST_BYTES / 1e6:.0f}"
        )
    return ""


def pixel_bytes(mode: str) -> int:
    """Bytes of a pixel, as Pillow keeps it."""
    return 2 if mode.startswith("I;16") else SMALL_MODES.get(mode, 4)


def tile_bytes(image: Image.Image) -> int:
    """What one tile or strip of a TIFF takes; a tile may be larger than the picture."""
    tags = getattr(image, "tag_v2", {})
    if not tags or tags.get(COMPRESSION, 1) == 1:
        return 0

    def number(tag: int, usual: int) -> int:
        value = tags.get(tag, usual)
        return int(value) if isinstance(value, int) else usual

    rows = min(number(ROWS_PER_STRIP, image.height), image.height)
    width, height = number(TILE_WIDTH, image.width), number(TILE_LENGTH, rows)
    bits = tags.get(BITS_PER_SAMPLE, (8,))
    most_bits = max([8, *map(int, bits if isinstance(bits, tuple) else ())])
    return width * height * number(SAMPLES_PER_PIXEL, 1) * most_bits // 8


def sizes_within(content: bytes) -> Iterator[tuple[int, int]]:
    """Widths and heights of pictures that a file holds."""
    for pattern in SIZES_WITHIN:
        for match in pattern.finditer(content):
            yield int.from_bytes(match["width"], "big"), int.from_bytes(match["height"], "big")
