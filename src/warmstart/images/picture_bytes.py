"""The bytes of a picture's file: of regular files alone, and of no more than a picture has."""

from pathlib import Path

from warmstart.errors import UnreadableImageError
from warmstart.files.reading import read_regular
from warmstart.images.budget import MOST_FILE_BYTES


def picture_bytes(path: Path, name: str) -> bytes:
    """What a picture's file holds.

    Args:
        path: A file, or a link to one.
        name: What errors call it.

    Raises:
        UnreadableImageError: it is gone, may not be read, is no file, or is larger than any picture
            that would be decoded.
    """
    try:
        return read_regular(path, MOST_FILE_BYTES)
    except OSError as error:
        raise UnreadableImageError(name, error.strerror or "error") from error
