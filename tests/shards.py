"""Shards that tests make: pictures of noise, each class of its own colour."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def picture(seed: int, colour: tuple[int, int, int] = (90, 90, 90), side: int = 40) -> bytes:
    """A JPEG file.

    Args:
        seed: Of its noise.
        colour: Its mean.
        side: Pixels.
    """
    noise = np.random.default_rng(seed).normal(0, 20, (side, side, 3))
    file = io.BytesIO()
    Image.fromarray((noise + colour).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=95)
    return file.getvalue()


def write_tar(path: Path, members: Mapping[str, bytes | str]) -> Path:
    """Write an archive, its folders too.

    Args:
        path: Where.
        members: Contents by name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, told in members.items():
            content = told.encode() if isinstance(told, str) else told
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path
