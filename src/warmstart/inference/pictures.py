"""Whatever a user calls an image → its name and its bytes."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warmstart.data.scan import IMAGE_SUFFIXES
from warmstart.errors import DataError, SettingError, UnreadableImageError
from warmstart.images.encode import array_bytes, image_bytes

Picture: TypeAlias = str | Path | bytes | Image.Image | NDArray[np.uint8]


class Pictures:
    """Images in the order given, read when they are wanted."""

    def __init__(self, pictures: Picture | Iterable[Picture]) -> None:
        """Take one image or several; a folder stands for all images in it, sorted by path.

        Args:
            pictures: Paths, bytes of files, PIL images, uint8 arrays (H, W, 3), (H, W) or, for
                several, (N, H, W, 3).
        """
        listed = as_list(pictures)
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


def as_list(pictures: Picture | Iterable[Picture]) -> list[tuple[bytes | Path, str]]:
    """(Bytes or path, name) of each image; the name of what has none is empty.

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
    for picture in several:
        if isinstance(picture, (str, Path)):
            out += [(path, str(path)) for path in files_at(Path(picture))]
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
    return out


def files_at(path: Path) -> list[Path]:
    """The file itself, or all images below a folder.

    Raises:
        DataError: there is nothing, or no image in the folder.
    """
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
        if found:
            return found
    elif path.exists():
        return [path]
    raise DataError(
        f"{path} is no image file and no folder with images.",
        expected="a file, or a folder with image files.",
        fix="check the path's spelling.",
    )
