"""Pixels and content hashes of a table's rows, wherever the images lie."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.batches.ahead import RenderAhead
from warmstart.batches.rendering import Rendering
from warmstart.data.content import ContentHashes
from warmstart.data.table import ImageTable
from warmstart.errors import UnreadableImageError
from warmstart.images.encode import array_bytes
from warmstart.images.view import ViewRecipe

CHANGED = "it changed while it was read"


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
        ready = self._taken(row)
        if ready is not None:
            return ready.pixels
        return self.recipe.render(self.content(row), self.table.names[row])

    def rendering(self, row: int) -> Rendering:
        """The plain view of one row, with the hash of the very bytes it was made from."""
        content = self.content(row)
        pixels = self.recipe.render(content, self.table.names[row])
        return Rendering(hashlib.sha256(content).digest(), pixels)

    def render_exactly(self, row: int, sha256: bytes) -> NDArray[np.uint8]:
        """The plain view of bytes that have a given hash, and of no others.

        Args:
            row: Which image.
            sha256: The hash after which the result will be named.

        Returns:
            (size, size, 3) uint8.

        Raises:
            UnreadableImageError: the file holds other bytes by now (``CHANGED``), or is unreadable.
        """
        ready = self._taken(row)
        if ready is not None and ready.sha256 == sha256:
            return ready.pixels
        content = self.content(row)
        if hashlib.sha256(content).digest() != sha256:
            raise UnreadableImageError(self.table.names[row], CHANGED)
        return self.recipe.render(content, self.table.names[row])

    def _taken(self, row: int) -> Rendering | None:
        return None if self.ahead is None else self.ahead.take(self.table.names[row])

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
