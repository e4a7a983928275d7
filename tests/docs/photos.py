"""Small pictures under the names that the pages use: flowers as a child would draw them."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PETALS = {"daisy": (235, 235, 225), "rose": (200, 40, 70), "tulip": (240, 170, 40)}
NUM_PETALS = {"daisy": 9, "rose": 5, "tulip": 3}
NUM_TRAIN, NUM_VALID = 12, 6  # of each class
SIDE = 96


def flower(name: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """Petals around a middle, somewhere on a meadow."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - random.uniform(0.4, 0.6, (2, 1, 1))
    distance, angle = np.hypot(x, y), np.arctan2(y, x) + random.uniform(0, 6)
    size = random.uniform(0.25, 0.4)
    edge = size * (0.7 + 0.3 * np.cos(NUM_PETALS[name] * angle))
    picture = np.array((60, 120, 50)) + random.normal(0, 12, (SIDE, SIDE, 3))
    petals = np.array(PETALS[name]) + random.normal(0, 15, 3)
    picture[distance < edge] = petals + random.normal(0, 8, ((distance < edge).sum(), 3))
    picture[distance < size / 3] = (250, 200, 60)
    return picture.clip(0, 255).astype(np.uint8)


def write_photos(folder: Path) -> None:
    """Write photos/, unsorted/ with labels.csv, others/ and new.jpg.

    Args:
        folder: Where.
    """
    random = np.random.default_rng(0)

    def write(place: Path, pixels: NDArray[np.uint8]) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place, quality=92)

    rows = [("file", "flower")]
    for name in PETALS:
        for number in range(NUM_TRAIN + NUM_VALID):
            split = "train" if number < NUM_TRAIN else "valid"
            write(folder / "photos" / split / name / f"{name}-{number}.jpg", flower(name, random))
            write(folder / "unsorted" / f"{name[0]}{number}.jpg", flower(name, random))
            rows.append((f"{name[0]}{number}.jpg", name))
    for number in range(12):
        noise = random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        write(folder / "others" / f"{number}.jpg", noise)
    write(folder / "new.jpg", flower("tulip", random))
    write(folder / "another.jpg", flower("rose", random))
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
