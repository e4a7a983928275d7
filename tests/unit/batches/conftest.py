from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from warmstart.batches.source import PixelSource
from warmstart.data.table import ImageTable
from warmstart.images.image_file import encode_array
from warmstart.images.view import ViewRecipe


@pytest.fixture
def photo() -> Callable[[Path, int], bytes]:
    """Writes the picture of a number, all of one size on disk, by rename; returns its bytes."""

    def write(path: Path, number: int) -> bytes:
        pixels = np.random.default_rng(number).integers(0, 256, (20, 20, 3), np.uint8)
        content = encode_array(pixels)
        path.with_suffix(".tmp").write_bytes(content)
        path.with_suffix(".tmp").replace(path)
        return content

    return write


@pytest.fixture
def source(tmp_path: Path, photo: Callable[[Path, int], bytes]) -> PixelSource:
    """Files 0.ppm to 3.ppm, with the pictures 0 to 3."""
    folder = tmp_path / "photos"
    folder.mkdir()
    names = tuple(f"{number}.ppm" for number in range(4))
    for number, name in enumerate(names):
        photo(folder / name, number)
    table = ImageTable(
        root=folder,
        names=names,
        splits=np.array(["train"] * 3 + ["valid"]),
        labels=np.zeros(4, np.int64),
        classes=("one", "two"),
    )
    return PixelSource(table, ViewRecipe(16))
