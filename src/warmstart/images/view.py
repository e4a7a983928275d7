"""The plain view of an image: what validation and the stored rows see."""

import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warmstart.images.decode import decode

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
DECODER = "pillow-draft-2x/1"  # part of the recipe's name: change it when pixels change


@dataclass(frozen=True)
class ViewRecipe:
    """How an image becomes a square of ``size`` pixels.

    ``interpolation`` is "bilinear" or "bicubic"; ``pre_crop_scale`` >= 1 says how much larger than
    the crop the short side is made before the centre is cut out (256 / 224 is the custom).
    """

    size: int
    interpolation: str = "bicubic"
    pre_crop_scale: float = 256 / 224

    def name(self) -> str:
        """What stored rows are called by: everything here that changes a pixel."""
        return json.dumps(asdict(self) | {"decoder": DECODER, "view": 0}, sort_keys=True)

    def render(self, content: bytes, name: str) -> NDArray[np.uint8]:
        """Decode and cut out the centre.

        Args:
            content: The file's bytes.
            name: What errors call the image.

        Returns:
            (size, size, 3) uint8.
        """
        image = decode(content, name, at_least=round(2 * self.size * self.pre_crop_scale))
        side = min(image.size) / self.pre_crop_scale
        left, top = (image.width - side) / 2, (image.height - side) / 2
        view = image.resize(
            (self.size, self.size),
            FILTERS[self.interpolation],
            box=(left, top, left + side, top + side),
        )
        return np.asarray(view, np.uint8)
