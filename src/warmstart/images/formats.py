"""Which kinds of picture can be read here, and which names such files have."""

import importlib.util
import io
from collections.abc import Iterable
from functools import cache
from typing import IO, cast

from PIL import Image

# Everything that Pillow decodes by itself; a test holds the list against the pinned Pillow. Left
# out: EPS (runs Ghostscript), WMF, BUFR, GRIB and HDF5 (need a handler that nothing brings), MPEG
# (is recognised, and cannot be decoded), IPTC (no picture), IM and IMT (which Pillow 15 no longer
# has), and formats that save only. The first five load at once, the others when none of these fits.
FORMATS = (
    "BMP", "GIF", "JPEG", "PPM", "PNG", "WEBP", "TIFF", "AVIF", "BLP", "DIB", "CUR", "PCX", "DCX",
    "DDS", "FITS", "FLI", "FTEX", "GBR", "JPEG2000", "ICNS", "ICO", "MCIDAS", "MSP", "PCD", "PIXAR",
    "PSD", "QOI", "SGI", "SPIDER", "SUN", "TGA", "XBM", "XPM", "XVTHUMB",
)  # fmt: skip
USUAL_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
MORE_SUFFIXES = frozenset({".mpo"})  # two JPEGs in a file, which Pillow's JPEG reader takes
HEIF_SUFFIXES = frozenset({".heic", ".heif", ".heics", ".heifs", ".hif"})
AVIF_SUFFIXES = frozenset({".avif", ".avifs"})
RAW_SUFFIXES = frozenset(
    {
        ".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".iiq", ".nef", ".nrw", ".orf", ".pef",
        ".raf", ".raw", ".rw2", ".srw", ".x3f",
    }
)  # fmt: skip
OTHER_PICTURES = frozenset({".svg", ".svgz", ".eps", ".pdf", ".jxl", ".jxr", ".wmf", ".emf"})
HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
HEIF_EXTRA = "pip install 'warmstart[heif]'"


def is_image_suffix(suffix: str) -> bool:
    """Whether a file with this suffix, such as ".jpg" in any case, is read as a picture."""
    suffix = suffix.lower()
    return suffix in USUAL_SUFFIXES or suffix in rarer_suffixes() or reads_heif(suffix)


def unread_reason(suffix: str) -> str:
    """Why a file with a suffix that is none of a picture's is left out, and what would help."""
    suffix = suffix.lower()
    if suffix in HEIF_SUFFIXES:
        return f"{suffix} can be read after: {HEIF_EXTRA}"
    if suffix in AVIF_SUFFIXES:
        return f"{suffix} cannot be read by this Pillow: pip install -U pillow"
    if suffix in RAW_SUFFIXES | OTHER_PICTURES:
        return f"{suffix} cannot be read: convert it to .jpg or .png"
    return f"not an image suffix: {suffix or 'none'}"


def unread_images(reasons: Iterable[str]) -> list[str]:
    """Of reasons why files are left out, those that speak of pictures, each once."""
    return [reason for reason in dict.fromkeys(reasons) if " can be read after" in reason
            or " cannot be read" in reason]  # fmt: skip


def open_image(file: io.BufferedIOBase) -> Image.Image:
    """Read a picture's header; only by the formats above, whatever else the file may be.

    Args:
        file: Open, at its beginning.

    Raises:
        ValueError: a HEIF picture, and what reads it is not installed.
    """
    head = file.read(16)
    file.seek(0)
    if head[4:8] != b"ftyp" or head[8:12] not in HEIF_BRANDS:
        return Image.open(cast("IO[bytes]", file), formats=FORMATS)
    if not has_heif():
        if head[8:12] in {b"mif1", b"msf1"}:  # these may be AVIF too
            return Image.open(cast("IO[bytes]", file), formats=FORMATS)
        raise ValueError(f"a HEIF picture, which can be read after: {HEIF_EXTRA}")
    return Image.open(cast("IO[bytes]", file), formats=(*FORMATS, "HEIF"))


def reads_heif(suffix: str) -> bool:
    """Whether a suffix is one of HEIF's, and what reads it is installed."""
    return suffix in HEIF_SUFFIXES and has_heif()


@cache
def has_heif() -> bool:
    """Whether HEIF can be read; it is registered with Pillow then."""
    if importlib.util.find_spec("pillow_heif") is None:
        return False
    import pillow_heif  # here: an extra that only such pictures need

    pillow_heif.register_heif_opener(thumbnails=False)
    return True


@cache
def rarer_suffixes() -> frozenset[str]:
    """Suffixes of all formats, as Pillow has them; its plugins load here."""
    Image.init()
    registered = Image.registered_extensions().items()
    return MORE_SUFFIXES | {suffix for suffix, name in registered if name in FORMATS}
