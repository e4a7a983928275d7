"""Pixels and content hashes of a table's rows, wherever the images lie."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.batches.ahead import RenderAhead
from warmstart.data.content import ContentHashes
from warmstart.data.table import ImageTable
from warmstart.errors import UnreadableImageError
from warmstart.images.encode import array_bytes
from warmstart.images.view import ViewRecipe


@dataclass(frozen=True, eq=False)
class PixelSource:
    """Renders rows of a table by one recipe; ``ahead`` may have some of them ready."""

    table: ImageTable
    recipe: ViewRecipe
    ahead: RenderAhead | None = None

    def content(self, row: int) -> bytes:
        """The bytes of a row's image.

        Raises:
            UnreadableImageError: the file is gone or may not be read.
        """
        name = self.table.names[row]
        array = self.table.memory.get(name)
        if array is not None:
            return array_bytes(array)
        try:
            return (self.table.root / name).read_bytes()
        except OSError as error:
            raise UnreadableImageError(name, error.strerror or "error") from error

    def render(self, row: int) -> NDArray[np.uint8]:
        """The plain view of one row: (size, size, 3) uint8."""
        name = self.table.names[row]
        ready = None if self.ahead is None else self.ahead.take(name)
        return self.recipe.render(self.content(row), name) if ready is None else ready

    def paths(self) -> list[Path]:
        """The files of all rows that are files."""
        table = self.table
        return [table.root / name for name in table.names if name not in table.memory]

    def content_hashes(self, rows: NDArray[np.int64], hashes: ContentHashes) -> list[bytes]:
        """The sha256 of each row's bytes."""
        in_memory = {
            int(row): hashlib.sha256(self.content(int(row))).digest()
            for row in rows
            if self.table.names[row] in self.table.memory
        }
        files = [int(row) for row in rows if int(row) not in in_memory]
        found = hashes.sha256([self.table.root / self.table.names[row] for row in files])
        known = in_memory | dict(zip(files, found, strict=True))
        return [known[int(row)] for row in rows]


def num_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
