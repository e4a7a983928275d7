"""Whatever a user calls an image → its name and its bytes."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warmstart.data.listing import left_out_lines, list_pictures
from warmstart.data.table import Exclusion
from warmstart.errors import SettingError, UnreadableImageError
from warmstart.images.encode import array_bytes, image_bytes
from warmstart.terminal.colour import say

Picture: TypeAlias = str | Path | bytes | Image.Image | NDArray[np.uint8]


class Pictures:
    """Images in the order given, read when they are wanted."""

    def __init__(self, pictures: Picture | Iterable[Picture]) -> None:
        """Take one image or several; a folder stands for all images in it, sorted by path.

        What is left out of folders is told on the standard error, and is in ``left_out``.

        Args:
            pictures: Paths, bytes of files, PIL images, uint8 arrays (H, W, 3), (H, W) or, for
                several, (N, H, W, 3).
        """
        listed, self.left_out = as_list(pictures)
        for line in left_out_lines(self.left_out):
            say((line, ""), is_error=True)
        self._contents = [content for content, _ in listed]
        self.names = tuple(name or f"image {i}" for i, (_, name) in enumerate(listed))

    def __len__(self) -> int:
        """How many."""
        return len(self._contents)

    def content(self, position: int) -> bytes:
        """The bytes of one.

        Raises:
            UnreadableImageError: the file is gone or may not be read.
        """
        content = self._contents[position]
        if isinstance(content, bytes):
            return content
        try:
            return content.read_bytes()
        except OSError as error:
            reason = error.strerror or "error"
            raise UnreadableImageError(self.names[position], reason) from error


def as_list(
    pictures: Picture | Iterable[Picture],
) -> tuple[list[tuple[bytes | Path, str]], tuple[Exclusion, ...]]:
    """(Bytes or path, name) of each image, and what folders hold besides; a name may be empty.

    Raises:
        SettingError: a value is no image, or there is none.
    """
    if isinstance(pictures, np.ndarray):
        several: Sequence[Picture] = list(pictures) if pictures.ndim == 4 else [pictures]
    elif isinstance(pictures, (str, Path, bytes, Image.Image)):
        several = [pictures]
    else:
        several = list(pictures)
    out: list[tuple[bytes | Path, str]] = []
    left_out: tuple[Exclusion, ...] = ()
    for picture in several:
        if isinstance(picture, (str, Path)):
            found = list_pictures([Path(picture)])
            out += [(path, str(path)) for path in found.files]
            left_out += found.exclusions
        elif isinstance(picture, bytes):
            out.append((picture, ""))
        elif isinstance(picture, Image.Image):
            out.append((image_bytes(picture), ""))
        elif isinstance(picture, np.ndarray):
            out.append((array_bytes(picture), ""))
        else:
            raise SettingError(
                f"a {type(picture).__name__} is no image.",
                expected='a path, bytes, a PIL image, a uint8 array, or "train", "valid", "test".',
                fix="pass a path to an image file.",
            )
    if not out:
        raise SettingError(
            "there is no image to predict.", expected="one or more images.", fix="pass a path."
        )
    return out, left_out
