"""Whether two pictures are one, seen small and grey."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 16
ROOM = 0.1  # of width and height: how much one may be cropped more than the other
STEPS = 5  # windows tried along each axis; with 3, fine textures were missed (planted_faults.py)


def thumbnails(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The whole picture, and windows of it, small and grey.

    Args:
        pixels: (H, W, 3).

    Returns:
        (1 + windows, SIDE²), each of mean 0 and length 1; the whole picture is first.
    """
    grey = Image.fromarray(pixels).convert("L")
    boxes = [(0.0, 0.0, float(grey.width), float(grey.height))]
    for room in (ROOM / 2, ROOM):
        for down in np.linspace(0, room, STEPS):
            for across in np.linspace(0, room, STEPS):
                left, top = across * grey.width, down * grey.height
                width, height = (1 - room) * grey.width, (1 - room) * grey.height
                boxes.append((left, top, left + width, top + height))
    small = [
        np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BOX, box=box), np.float32).ravel()
        for box in boxes
    ]
    rows = np.stack(small)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return rows


def likeness(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The best correlation of one picture, whole, with the other, whole or a little cropped.

    Args:
        first: From ``thumbnails``.
        second: Likewise.

    Returns:
        In [-1, 1].
    """
    return float(max((first[0] @ second.T).max(), (first @ second[0]).max()))
