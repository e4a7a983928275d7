"""A picture whose corners can be told apart, and its bytes in any format."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

Encode = Callable[..., bytes]


def smooth(width: int, height: int) -> Image.Image:
    """Slow waves, another per channel; no two corners alike."""
    y, x = np.mgrid[0:height, 0:width]
    across, down = x / width, y / height
    channels = [
        40 + 170 * across + 30 * np.sin(5 * down),
        200 - 150 * down + 30 * np.sin(4 * across),
        60 + 120 * across * down + 30 * np.cos(3 * across),
    ]
    return Image.fromarray(np.stack(channels, -1).round().clip(0, 255).astype(np.uint8))


@pytest.fixture
def picture() -> Image.Image:
    return smooth(96, 64)


@pytest.fixture
def encode() -> Encode:
    def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
        file = io.BytesIO()
        image.save(file, kind, **options)
        return file.getvalue()

    return encoded
