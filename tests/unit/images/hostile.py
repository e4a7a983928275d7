"""Pictures that claim, or are, more than a picture may cost. Run by itself, it measures each.

Memory is what the process held at most beyond what it held before, as Linux counts it.
"""

import gzip
import io
import json
import os
import struct
import sys
import warnings
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image, features

from warmstart.errors import UnreadableImageError
from warmstart.images.decode import decode


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, *, colour: int = 0, bits: int = 8, interlaced: bool = False,
    more: bytes = b"",
) -> bytes:  # fmt: skip
    """Of zeros. Colour 0 is grey, 2 RGB, 3 a palette, 4 grey and alpha, 6 RGB and alpha."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    packer, parts = zlib.compressobj(1), []
    left = (width * channels * bits // 8 + 1) * height
    if interlaced:
        left += 16 * height  # a filter byte per row of each pass; what is too much is not read
    zeros = bytes(1 << 20)
    while left:
        parts.append(packer.compress(zeros[:left]))
        left -= min(left, len(zeros))
    parts.append(packer.flush())
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    palette = chunk(b"PLTE", bytes(6)) + chunk(b"tRNS", b"\x80") if colour == 3 else b""
    body = chunk(b"IDAT", b"".join(parts))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + palette + more + body + chunk(b"IEND", b"")


def saved(mode: str, side: int, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (side, side)).save(file, kind, **options)
    return file.getvalue()


def exif_turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return chunk(b"eXIf", exif.tobytes()[6:])


def segments(num_bytes: int, body: bytes) -> bytes:
    """A JPEG with so many bytes of segments before its data."""
    small = saved("RGB", 16, "JPEG")
    one = b"\xff\xe1" + struct.pack(">H", 65_535) + body + bytes(65_533 - len(body))
    return small[:2] + one * (num_bytes // len(one)) + small[2:]


def tiff(entries: list[tuple[int, int, int, int]], data: bytes = b"") -> bytes:
    """Of entries (tag, type, count, value); ``data`` follows."""
    rows = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + rows + bytes(4) + data


def strips(count: int) -> bytes:
    start = 8 + 2 + 9 * 12 + 4
    return tiff(
        [(256, 4, 1, 16), (257, 4, 1, count), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
         (273, 4, count, start), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, count, start)],
        bytes(4 * count),
    )  # fmt: skip


def one_large_tile() -> bytes:
    side, data = 20_000, zlib.compress(bytes(50_000_000), 1)
    start = 8 + 2 + 10 * 12 + 4
    return tiff(
        [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1),
         (277, 3, 1, 1), (322, 4, 1, side), (323, 4, 1, side), (324, 4, 1, start),
         (325, 4, 1, len(data))],
        data,
    )  # fmt: skip


def icon_with_a_large_picture() -> bytes:
    inner = png(12_000, 12_000)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inner), 22) + inner


def texts(number: int) -> bytes:
    bomb = b"k\0\0" + zlib.compress(bytes(1_000_000), 9)
    return b"".join(chunk(b"zTXt", bomb) for _ in range(number))


def fits() -> bytes:
    cards = [
        "SIMPLE  =                    T", "BITPIX  =                    8",
        "NAXIS   =                    2", "NAXIS1  =                20000",
        "NAXIS2  =                20000", "END",
    ]  # fmt: skip
    return "".join(card.ljust(80) for card in cards).ljust(2880).encode() + gzip.compress(bytes(99))


def photo_like(side: int) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (side // 16, side // 16, 3), np.uint8)
    return Image.fromarray(noise).resize((side, side), Image.Resampling.BILINEAR)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


CASES: dict[str, Callable[[], bytes]] = {
    "png 1 x 49,999,999": lambda: png(1, 49_999_999),
    "png 49,999,999 x 1": lambda: png(49_999_999, 1),
    "png 7000 rgb": lambda: png(7000, 7000, colour=2),
    "png 7000 rgba": lambda: png(7000, 7000, colour=6),
    "png 6000 rgba": lambda: png(6000, 6000, colour=6),
    "png 6000 rgba of 16 bits": lambda: png(6000, 6000, colour=6, bits=16),
    "png 7000 grey of 16 bits": lambda: png(7000, 7000, bits=16),
    "png 7000 palette with alpha": lambda: png(7000, 7000, colour=3),
    "png 6000 grey with alpha, interlaced": lambda: png(6000, 6000, colour=4, interlaced=True),
    "png 6900 turned": lambda: png(6900, 6900, colour=2, more=exif_turned()),
    "png 6000 turned": lambda: png(6000, 6000, colour=2, more=exif_turned()),
    "png 200 texts of a megabyte": lambda: png(8, 8, more=texts(200)),
    "png profile of 200 megabytes": lambda: png(
        8, 8, more=chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(200_000_000), 1))
    ),
    "jpeg 7000, progressive, all colours": lambda: saved(
        "RGB", 7000, "JPEG", progressive=True, subsampling=0
    ),
    "jpeg 7000": lambda: saved("RGB", 7000, "JPEG"),
    "jpeg 6000 cmyk": lambda: saved("CMYK", 6000, "JPEG"),
    "jpeg 6000 cmyk, progressive": lambda: saved("CMYK", 6000, "JPEG", progressive=True),
    "jpeg 20 megabytes of exif": lambda: segments(20_000_000, b"Exif\0\0"),
    "jpeg 30 megabytes of comment": lambda: segments(30_000_000, b"anything"),
    "jpeg 100 megabytes of profile": lambda: segments(100_000_000, b"ICC_PROFILE\0"),
    "gif 7000, transparent, disposed": lambda: saved(
        "P", 7000, "GIF", transparency=0, disposal=2
    ),
    "gif 65,535 x 65,535": lambda: (
        b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\0;"
    ),
    "webp 4400": lambda: saved("RGBA", 4400, "WEBP", lossless=True, method=0),
    "webp 4000": lambda: saved("RGBA", 4000, "WEBP", lossless=True, method=0),
    "webp 4000, a photo": lambda: encoded(photo_like(4000), "WEBP", method=0),
    "jpeg 2000, 3200": lambda: saved("RGBA", 3200, "JPEG2000"),
    "tiff 6400 in one strip": lambda: saved(
        "RGB", 6400, "TIFF", compression="tiff_adobe_deflate", tiffinfo={278: 6400}
    ),
    "tiff 6000 of floats": lambda: saved("F", 6000, "TIFF", compression="tiff_adobe_deflate"),
    "tiff 6000 cmyk": lambda: saved("CMYK", 6000, "TIFF", compression="tiff_lzw"),
    "tiff one tile of 20,000": one_large_tile,
    "tiff 5,000,000 strips": lambda: strips(5_000_000),
    "tiff 30,000 strips": lambda: strips(30_000),
    "tga 6000 rgba": lambda: saved("RGBA", 6000, "TGA", compression="tga_rle"),
    "bmp 5000": lambda: saved("RGB", 5000, "BMP"),
    "icon that holds 12,000": icon_with_a_large_picture,
    "ppm that is not there": lambda: b"P6 7000 7000 255\n",
    "fits 20,000": fits,
    "130 megabytes": lambda: bytes(130_000_000),
}  # fmt: skip
if features.check("avif"):
    CASES["avif 4000"] = lambda: encoded(photo_like(4000), "AVIF", speed=10)


def held(what: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024
    raise AssertionError(what)


def growth(content: bytes, at_least: int | None) -> tuple[int, str]:
    """Most bytes held while it is decoded beyond those before, its own among them; what came."""
    Path("/proc/self/clear_refs").write_text("5")  # forget the most so far
    before = held("VmRSS")
    try:
        size = decode(content, "x", at_least=at_least).size
        said = f"{size[0]} x {size[1]}"
    except UnreadableImageError as error:
        said = error.reason
    return held("VmHWM") - before + len(content), said


def in_a_process(work: Callable[[], None]) -> None:
    """Do it in a copy of this process, so that no memory of it is left here.

    Raises:
        ChildProcessError: it failed.
    """
    child = os.fork()
    if child == 0:
        try:
            work()
            sys.stdout.flush()
            os._exit(0)
        finally:
            os._exit(1)
    if os.waitpid(child, 0)[1] != 0:
        raise ChildProcessError


def tell(name: str, file: Path) -> None:
    content = file.read_bytes()
    for at_least in (64, None):
        sys.stdout.write(json.dumps([name, at_least, *growth(content, at_least)]) + "\n")


def write(file: Path, make: Callable[[], bytes]) -> None:
    file.write_bytes(make())


def main(names: list[str]) -> None:
    warnings.simplefilter("ignore")  # of Pillow, on tags that lie
    decode(saved("RGB", 8, "JPEG"), "x")
    for kind in ("PNG", "GIF", "WEBP", "TIFF", "JPEG2000", "TGA", "ICO"):
        decode(saved("RGB", 16, kind), "x")  # so that the code of each is there before
    with TemporaryDirectory() as folder:
        file = Path(folder) / "picture"
        for name in names or CASES:
            in_a_process(partial(write, file, CASES[name]))
            in_a_process(partial(tell, name, file))


if __name__ == "__main__":
    main(sys.argv[1:])
