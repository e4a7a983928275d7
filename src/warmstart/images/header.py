"""What a picture's header says, without decoding it."""

import io
from dataclasses import dataclass
from pathlib import Path

from warmstart.errors import UnreadableImageError
from warmstart.files.reading import open_regular
from warmstart.images.budget import MOST_FILE_BYTES
from warmstart.images.decode import no_warnings
from warmstart.images.formats import open_picture

ALPHA_MODES = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})


@dataclass(frozen=True, slots=True)
class Header:
    """Width and height as stored, in pixels; ``mode`` is Pillow's; ``has_alpha`` also of keys."""

    width: int
    height: int
    mode: str
    has_alpha: bool


def read_header(picture: Path | bytes) -> Header | None:
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
                else open_regular(picture, MOST_FILE_BYTES)
            ) as file,
            open_picture(file) as image,
        ):
            has_alpha = image.mode in ALPHA_MODES or "transparency" in image.info
            return Header(image.width, image.height, image.mode, has_alpha)
    except Exception:  # noqa: BLE001 (parsers raise whatever they like on bad bytes)
        return None


def size_of(path: Path) -> tuple[int, int]:
    """Width and height as stored; a turn that EXIF asks for is not made.

    Args:
        path: Of the file.

    Raises:
        UnreadableImageError: it is no picture, or is gone.
    """
    header = read_header(path)
    if header is None:
        raise UnreadableImageError(str(path), "it is no picture, or is gone")
    return header.width, header.height
