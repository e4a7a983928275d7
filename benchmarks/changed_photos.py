"""As many photos as a benchmark needs: real ones under other names, one pixel of each changed."""

from pathlib import Path

import numpy as np
import simplejpeg

QUALITY = 92


def write_photos(folder: Path, real: list[Path], first: int, last: int) -> None:
    """Photos under other names, each with one pixel changed, in folders of 10,000."""
    for number in range(first, last):
        source = real[number % len(real)].read_bytes()
        pixels = simplejpeg.decode_jpeg(source).copy()
        y, x = (number * 7919) % pixels.shape[0], (number * 104729) % pixels.shape[1]
        pixels[y, x] = (number % 256, number // 256 % 256, number // 65536 % 256)
        place = folder / f"{number // 10_000:03d}" / f"{number:07d}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), QUALITY))
