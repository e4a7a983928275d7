"""The plain view of an image: what validation and the stored rows see."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warmstart.arguments import one_of, read_fields, real, whole
from warmstart.images.decode import decode_picture
from warmstart.images.geometry import Window
from warmstart.images.jpeg import JPEG_BEGINS
from warmstart.images.picture import Picture, as_image, picture_size
from warmstart.images.resize import PILLOW, RESIZERS, Box, available_resizer, resize
from warmstart.images.warp import BORDERS, INTERPOLATIONS, region

DECODER = "libjpeg-strict-2x/1"  # part of the recipe's name: change it when pixels change
SIMD_DECODER = "libjpeg-strict-2x-simd/1"  # likewise, where it is not Pillow that resizes
# Of sound pictures the pixels are those of the decoder before, to the bit: what is named after
# pixels, such as the fit that a checkpoint belongs to, keeps its name.
SAME_PIXELS_AS = "pillow-draft-2x/1"
USED = " of a damaged picture"  # belongs to the names of views of one
CROP_TYPES = ("center", "random", "pad", "squash")
SMALLEST_SIZE, LARGEST_SIZE = 8, 4096  # pixels along a side that a network sees


@dataclass(frozen=True)
class ViewRecipe:
    """How an image becomes a square of ``size`` pixels.

    ``interpolation`` is "bilinear" or "bicubic"; ``pre_crop_scale`` >= 1 says how much larger than
    the crop the short side is made before the centre is cut out (256 / 224 is the custom).
    ``crop_type`` is "center"; "random", for which the plain view is cut out of the centre too and
    others anywhere; "pad", the whole image with a border; or "squash", the whole image stretched.
    ``border`` is what lies beyond the image: "reflect" or "black". ``resizer`` is "pillow", as
    in all models that do not say, or "simd"; where that cannot be had, it is Pillow that resizes.
    """

    size: int
    interpolation: str = "bicubic"
    pre_crop_scale: float = 256 / 224
    crop_type: str = "center"
    border: str = "reflect"
    resizer: str = PILLOW

    def __post_init__(self) -> None:
        """Refuse what no view can be made with, with a SettingError."""
        read_fields(
            self,
            size=whole(SMALLEST_SIZE, LARGEST_SIZE, example=224),
            interpolation=one_of(*INTERPOLATIONS),
            pre_crop_scale=real(256 / 224, least=1, most=100),
            crop_type=one_of(*CROP_TYPES),
            border=one_of(*BORDERS),
            resizer=one_of(*RESIZERS),
        )

    @property
    def is_cropped(self) -> bool:
        """Whether the plain view leaves out part of an image."""
        return self.crop_type in {"center", "random"}

    def name(self) -> str:
        """What stored rows are called by: everything here that changes a pixel."""
        return json.dumps(self.made_of() | {"view": 0}, sort_keys=True)

    def made_of(self) -> dict[str, object]:
        """Everything that changes a pixel of the plain view; names of centre crops never change."""
        is_pillows = available_resizer(self.resizer) == PILLOW
        fields: dict[str, object] = {
            "decoder": DECODER if is_pillows else SIMD_DECODER,
            "interpolation": self.interpolation,
            "pre_crop_scale": self.pre_crop_scale,
            "size": self.size,
        }
        if not self.is_cropped:
            fields["crop_type"] = self.crop_type
        if self.crop_type == "pad":
            fields["border"] = self.border
        return fields

    def at_least(self, zoom: float = 1.0) -> int:
        """The short side that decoding must leave, twice what the view needs."""
        return round(2 * self.size * (self.pre_crop_scale if self.is_cropped else 1) * zoom)

    def render(self, content: bytes, name: str, *, use_damaged: bool = False) -> NDArray[np.uint8]:
        """Decode, and cut out the centre or show the whole.

        Args:
            content: The file's bytes.
            name: What errors call the image.
            use_damaged: Take what is left of a damaged JPEG.

        Returns:
            (size, size, 3) uint8.
        """
        return self.shown(self.picture(content, name, use_damaged=use_damaged))

    def decoded(self, content: bytes, name: str, *, use_damaged: bool = False) -> Image.Image:
        """The picture, at the smallest scale that leaves enough for the plain view."""
        return as_image(self.picture(content, name, use_damaged=use_damaged))

    def picture(self, content: bytes, name: str, *, use_damaged: bool = False) -> Picture:
        """Likewise, as whatever decoded it gives it."""
        at_least = self.at_least()
        return decode_picture(content, name, at_least=at_least, use_damaged=use_damaged)

    def decodes_like(self, other: "ViewRecipe", content: bytes, picture: Picture) -> bool:
        """Whether another recipe would decode a picture to the same pixels, as far as can be told.

        Args:
            other: The other recipe.
            content: The file's bytes.
            picture: What this one decoded.
        """
        if content[:2] != JPEG_BEGINS or other.at_least() == self.at_least():
            return True  # only JPEGs are decoded at a fraction
        short = min(picture_size(picture)) - 1  # a side of a fraction is rounded up
        is_whole = short + 1 < self.at_least()
        if other.at_least() > self.at_least():
            return is_whole or short >= other.at_least()
        return is_whole and short + 1 < 2 * other.at_least()

    def shown(self, picture: Picture) -> NDArray[np.uint8]:
        """The plain view of a decoded picture: (size, size, 3) uint8."""
        square = (self.size, self.size)
        if self.crop_type == "pad":
            return self.padded(picture)
        if self.crop_type == "squash":
            return self.resized(picture, square)
        width, height = picture_size(picture)
        side = min(width, height) / self.pre_crop_scale
        left, top = (width - side) / 2, (height - side) / 2
        return self.resized(picture, square, (left, top, left + side, top + side))

    def resized(
        self, picture: Picture, size: tuple[int, int], box: Box | None = None
    ) -> NDArray[np.uint8]:
        """The picture, or a box of it, at another size."""
        return resize(picture, size, self.interpolation, box, resizer=self.resizer)

    def padded(self, picture: Picture) -> NDArray[np.uint8]:
        """The whole image in the middle of a square."""
        sides = picture_size(picture)
        width, height = (max(1, round(self.size * side / max(sides))) for side in sides)
        left, top = (width - self.size) // 2, (height - self.size) // 2
        small = self.resized(picture, (width, height))
        return region(small, (left, top, left + self.size, top + self.size), self.border)


def window(
    picture: tuple[int, int], recipe: ViewRecipe, zoom: float, place: tuple[float, float]
) -> Window:
    """What a view shows before it is turned.

    Args:
        picture: Width and height.
        recipe: The plain view's recipe.
        zoom: At least 1.
        place: Of a random crop: (0, 0) at the left and top, (1, 1) at the right and bottom.
    """
    width, height = picture
    if recipe.crop_type == "squash":
        return Window(width / 2, height / 2, width / zoom, height / zoom)
    if recipe.crop_type == "pad":
        return Window(width / 2, height / 2, max(picture) / zoom, max(picture) / zoom)
    side = min(picture) / recipe.pre_crop_scale / zoom
    across, down = place if recipe.crop_type == "random" else (0.5, 0.5)
    x, y = side / 2 + across * (width - side), side / 2 + down * (height - side)
    return Window(x, y, side, side)


def discarded_share(size: tuple[int, int], recipe: ViewRecipe) -> float:
    """Share of an image's pixels that the plain view's crop throws away, in [0, 1).

    Args:
        size: Width and height of the image.
        recipe: The plain view's recipe.
    """
    if not recipe.is_cropped:
        return 0.0
    side = min(size) / recipe.pre_crop_scale
    return 1 - side**2 / (size[0] * size[1])
