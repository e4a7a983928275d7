"""The size of a picture, read off its header: no pixel is decoded."""

from pathlib import Path

from PIL import Image

from warmstart.errors import UnreadableImageError
from warmstart.images.decode import no_warnings


def size_of(path: Path) -> tuple[int, int]:
    """Width and height as stored; a turn that EXIF asks for is not made.

    Args:
        path: Of the file.

    Raises:
        UnreadableImageError: it is no picture, or is gone.
    """
    try:
        with no_warnings(), Image.open(path) as picture:
            return picture.size
    except Exception as error:  # decoders raise whatever they like on bad bytes
        raise UnreadableImageError(str(path), f"{type(error).__name__}: {error}") from error
