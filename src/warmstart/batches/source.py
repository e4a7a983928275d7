"""Pixels and content hashes of a table's rows, wherever the images lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.data.content import ContentHashes
from warmstart.data.table import ImageTable
from warmstart.errors import UnreadableImageError
from warmstart.images.view import ViewRecipe


@dataclass(frozen=True, eq=False)
class PixelSource:
    """Renders views of rows."""

    table: ImageTable
    recipe: ViewRecipe

    def content(self, row: int) -> bytes:
        """The bytes of a row's image.

        Raises:
            UnreadableImageError: the file is gone or may not be read.
        """
        try:
            return self.table.path(row).read_bytes()
        except OSError as error:
            raise UnreadableImageError(self.table.names[row], error.strerror or "error") from error

    def render(self, row: int) -> NDArray[np.uint8]:
        """One view of one row: (size, size, 3) uint8."""
        return self.recipe.render(self.content(row), self.table.names[row])

    def content_hashes(self, rows: NDArray[np.int64], hashes: ContentHashes) -> list[bytes]:
        """The sha256 of each row's bytes."""
        return hashes.sha256([self.table.path(int(row)) for row in rows])
