"""Photos for the scripts that run on a machine with a GPU: real ones where they are, else made."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

SIZES = ((500, 375), (375, 500), (499, 374), (480, 360))
NUM_MADE = 64
COMMENT = b"\xff\xfe"  # a JPEG's segment that no decoder looks at


def originals(limit: int) -> list[bytes]:
    """JPEGs of about 500 × 375: from WARMSTART_PHOTOS/dogscats, or soft colours with noise."""
    folder = Path(os.environ.get("WARMSTART_PHOTOS", "")) / "dogscats" / "train"
    files = sorted(folder.glob("*/*.jpg")) if os.environ.get("WARMSTART_PHOTOS") else []
    found = [content for file in files[: 2 * limit] if is_usual(content := file.read_bytes())]
    return found[:limit] or [made(number) for number in range(min(limit, NUM_MADE))]


def is_usual(content: bytes) -> bool:
    """Whether a photo is about 500 × 375."""
    with Image.open(io.BytesIO(content)) as image:
        return image.mode == "RGB" and 120_000 <= image.width * image.height <= 260_000


def made(number: int) -> bytes:
    """A JPEG of about 30 kB."""
    rng = np.random.default_rng(number)
    width, height = SIZES[number % len(SIZES)]
    small = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    soft = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    noisy = (soft + rng.normal(0, 6, soft.shape)).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(noisy).save(file, "JPEG", quality=88)
    return file.getvalue()


def renamed(content: bytes, number: int) -> bytes:
    """The same picture as another file: with a comment that no other has."""
    text = f"copy {number}".encode()
    return content[:2] + COMMENT + (len(text) + 2).to_bytes(2, "big") + text + content[2:]


def write_photos(folder: Path, num_train: int, num_valid: int) -> list[bytes]:
    """Two classes of photos, every file another; what they hold."""
    found = originals(1000)
    contents = []
    for number in range(num_train + num_valid):
        split = "train" if number < num_train else "valid"
        place = folder / split / ("a", "b")[number % 2] / f"{number:06}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        contents.append(renamed(found[number % len(found)], number))
        place.write_bytes(contents[-1])
    return contents
