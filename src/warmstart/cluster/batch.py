"""What goes to a worker, and what it makes: some named images → a row for each that can be read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import UnreadableImageError
from warmstart.images.image_file import read_image_file

Content = bytes | str | Callable[[], bytes]
"""The bytes of an image's file; its path, as the worker sees it; or what gives the bytes there."""


@dataclass(frozen=True)
class NamedImage:
    """One image.

    ``sha256`` is what its bytes must hash to, b"" where nobody knows; with ``use_damaged`` what is
    left of a damaged JPEG is taken.
    """

    name: str
    content: Content
    sha256: bytes = b""
    use_damaged: bool = False

    def read(self) -> bytes:
        """Its bytes, read now.

        Raises:
            UnreadableImageError: that is not possible.
        """
        if isinstance(self.content, bytes):
            return self.content
        if isinstance(self.content, str):
            return read_image_file(Path(self.content), self.name)
        try:
            return self.content()
        except OSError as error:
            raise UnreadableImageError(self.name, error.strerror or str(error)) from error


Batch = Sequence[NamedImage]


@dataclass(frozen=True, eq=False)
class BatchRows:
    """Rows (n, …) of the images that can be read, in the order of their batch.

    ``positions`` (n,) say which images these are, ``keys`` (n, 32) name each row by content, recipe
    and network. ``scores`` (n,) say how well each is known, where a model has an opinion.
    ``failures`` are (name, reason) of all others; ``notes`` are for people.
    """

    positions: NDArray[np.int64]
    keys: NDArray[np.uint8]
    rows: NDArray[np.generic]
    scores: NDArray[np.float64] | None = None
    failures: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())
