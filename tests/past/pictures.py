"""Pictures that are the same bytes wherever they are made: whole numbers only, no compression."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE, NUM_OF_A_CLASS = 24, 20
CLASSES = ("blue", "red")


def picture(number: int, brightness: tuple[int, int, int]) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3): noise that ``number`` decides, on top of a colour of at most 155."""
    steps = np.arange(number * 10_000, number * 10_000 + SIDE * SIDE * 3, dtype=np.uint64)
    noise = ((steps * 2_654_435_761) % 2**32 >> 16) % 100
    pixels = noise.reshape(SIDE, SIDE, 3) + np.array(brightness, np.uint64)
    return pixels.astype(np.uint8)


def write_pictures(folder: Path) -> None:
    """Two classes that overlap a little, and a file that is no picture."""
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for i in range(NUM_OF_A_CLASS):
            colour = [7 * i % 60, 40, 11 * i % 60]
            colour[2 - 2 * label] += 80 if i % 5 else 5  # every fifth is hard
            pixels = picture(2 * i + label, (colour[0], colour[1], colour[2]))
            Image.fromarray(pixels).save(folder / name / f"{i:02d}.bmp")
    (folder / "notes.txt").write_text("no picture\n")


def squares(num_rows: int, first: int, *, has_many: bool) -> tuple[NDArray[np.uint8], Any]:
    """Pictures and labels: which of three channels is bright, or which of them are."""
    numbers = np.arange(first, first + num_rows)
    if has_many:
        labels = numbers[:, None] >> np.arange(3) & 1
        bright = labels
    else:
        labels = numbers % 3
        bright = np.eye(3, dtype=np.int64)[labels]
    rows = [
        picture(int(n), tuple(10 + n * 13 % 40 + (90 if has_many else 20) * b))
        for n, b in zip(numbers, bright, strict=True)
    ]
    return np.stack(rows), labels
