"""Whatever a user calls an image → its name and its bytes."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, NoReturn, TypeAlias

from PIL import Image

from warmstart.arguments import path
from warmstart.data.listing import left_out_lines, list_images
from warmstart.data.table import Exclusion
from warmstart.errors import SettingError
from warmstart.images.arrays import ArrayLike, images_of, to_numpy
from warmstart.images.image_file import encode_array, encode_image, read_image_file
from warmstart.terminal.colour import print_styled

Picture: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | ArrayLike
)


class Pictures:
    """Images in the order given, read when they are wanted."""

    def __init__(self, pictures: Any) -> None:
        """Take one image or several; a folder stands for all images in it, sorted by path.

        What is left out of folders is told on the standard error, and is in ``left_out``.

        Args:
            pictures: Paths, bytes of files, open files, PIL images, or arrays and tensors: (H, W)
                of greys, (H, W, 3), (H, W, 4) with alpha, or a stack of these, of uint8, uint16,
                bool, or floats from 0 to 1.
        """
        listed, self.left_out = as_list(pictures)
        for line in left_out_lines(self.left_out):
            print_styled((line, ""), is_error=True)
        self._contents = [content for content, _ in listed]
        self.names = tuple(name or f"image {i}" for i, (_, name) in enumerate(listed))

    def __len__(self) -> int:
        """How many."""
        return len(self._contents)

    def content(self, position: int) -> bytes:
        """The bytes of one; an UnreadableImageError where its file is gone or is none."""
        content = self._contents[position]
        return (
            content
            if isinstance(content, bytes)
            else read_image_file(content, self.names[position])
        )


def as_list(
    pictures: Any,
) -> tuple[list[tuple[bytes | Path, str]], tuple[Exclusion, ...]]:
    """(Bytes or path, name) of each image, and what folders hold besides; a name may be empty.

    Raises:
        SettingError: there is no image.
    """
    one = read_one(pictures, "pictures")
    out, left_out = ([], ()) if one is None else one
    for place, picture in enumerate(several(pictures) if one is None else ()):
        found = read_one(picture, f"pictures[{place}]")
        if found is None:
            refuse_no_image(picture, f"pictures[{place}]")
        out += found[0]
        left_out += found[1]
    if not out:
        raise SettingError(
            "there is no image to predict.", expected="one or more images.", fix="pass a path."
        )
    return out, left_out


def read_one(
    picture: Any, name: str
) -> tuple[list[tuple[bytes | Path, str]], tuple[Exclusion, ...]] | None:
    """What one value stands for: several images, where it is a folder or a stack of arrays.

    Args:
        picture: What a user calls an image.
        name: What errors call it.

    Returns:
        As from ``as_list``; None where it is no image, though it may be a list of some.
    """
    if isinstance(picture, (str, os.PathLike)):
        found = list_images([path(name, picture)])
        return [(file, str(file)) for file in found.files], found.exclusions
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return [(bytes(picture), "")], ()
    if isinstance(picture, Image.Image):
        return [(encode_image(picture), "")], ()
    if callable(getattr(picture, "read", None)):
        label = getattr(picture, "name", "")
        return [(file_content(picture, name), label if isinstance(label, str) else "")], ()
    if isinstance(picture, ArrayLike):
        array = to_numpy(picture, name)
        if array.ndim != 1 or array.dtype.kind not in "OUS":  # those are lists of paths or images
            return [(encode_array(pixels), "") for pixels in images_of(array, name)], ()
    return None


def several(pictures: Any) -> list[Any]:
    """The values in a list, a generator, a column of a frame or the like."""
    if not isinstance(pictures, Iterable) or isinstance(pictures, Mapping):
        refuse_no_image(pictures, "pictures")
    return list(pictures)


def file_content(file: Any, name: str) -> bytes:
    """All bytes of an open file, from its beginning wherever it was read up to.

    Raises:
        SettingError: it was opened as text, or cannot be read.
    """
    try:
        if callable(getattr(file, "seekable", None)) and file.seekable():
            file.seek(0)  # whoever has just saved a picture in it is at its end
        content = file.read()
    except (OSError, ValueError) as error:  # closed, or opened for writing
        raise SettingError(
            f"{name} is a file that cannot be read: {error}.",
            expected="a file that is open for reading.",
            fix='pass open(path, "rb"), or the path itself.',
        ) from error
    if not isinstance(content, bytes):
        raise SettingError(
            f"{name} is a file that was opened as text.",
            expected="a file that was opened for bytes.",
            fix='pass open(path, "rb"), or the path itself.',
        )
    return content


def refuse_no_image(value: object, name: str) -> NoReturn:
    """Refuse what is neither an image nor, where it could be one, a list of images.

    Raises:
        SettingError: always.
    """
    raise SettingError(
        f"{name} is of {type(value).__name__}, which is no image.",
        expected="a path, bytes, an open file, a PIL image, an array, or a list of these; or of a "
        'learner "train", "valid", "test" or "held_back".',
        fix="pass a path to an image file.",
    )
