"""All views of an image: view 0 is the plain one, the others are drawn."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError
from warmstart.images.augment import Augmentation, Variation, draw_variation
from warmstart.images.decode import decode_picture
from warmstart.images.geometry import Matrix, symmetry, view_matrix
from warmstart.images.light import colour, erase, light
from warmstart.images.picture import picture_size
from warmstart.images.policy import moves
from warmstart.images.resize import PILLOW, SIMD, available_resizer
from warmstart.images.view import ViewRecipe, window
from warmstart.images.warp import warp

# Parts of the name of views from 1, by who warps: change them when pixels change.
AUGMENTERS = {PILLOW: "warp-shrink-1.9/1", SIMD: "warp-shrink-1.9-simd/1"}


@dataclass(frozen=True)
class AugmentedRecipe:
    """A plain recipe and how its views vary.

    View k >= 1 is a function of ``view_seed``, the content of the file, k and the augmentation.
    """

    plain: ViewRecipe
    augmentation: Augmentation
    view_seed: int = 0

    def name(self, view: int) -> str:
        """What stored rows of a view are called by: everything here that changes a pixel.

        Args:
            view: 0 for the plain view, whose name knows nothing of the augmentation.
        """
        if check_view(view) == 0:
            return self.plain.name()
        fields = self.plain.made_of() | {
            "augmentation": self.augmentation.card(),
            "augmenter": AUGMENTERS[available_resizer(self.plain.resizer)],
            "border": self.plain.border,
            "crop_type": self.plain.crop_type,
            "view": int(view),
            "view_seed": int(self.view_seed),
        }
        return json.dumps(fields, sort_keys=True)

    def render(
        self,
        content: bytes,
        name: str,
        view: int,
        content_sha256: bytes,
        *,
        use_damaged: bool = False,
    ) -> NDArray[np.uint8]:
        """Render one view.

        Args:
            content: The file's bytes.
            name: What errors call the image.
            view: 0 for the plain view.
            content_sha256: Hash of ``content``.
            use_damaged: Take what is left of a damaged JPEG.

        Returns:
            (size, size, 3) uint8.
        """
        if check_view(view) == 0:
            return self.plain.render(content, name, use_damaged=use_damaged)
        variation = draw_variation(
            self.augmentation, int(self.view_seed), content_sha256, int(view)
        )
        return varied(content, name, self.plain, variation, use_damaged=use_damaged)


def varied(
    content: bytes,
    name: str,
    recipe: ViewRecipe,
    variation: Variation,
    *,
    use_damaged: bool = False,
) -> NDArray[np.uint8]:
    """One view as drawn: decode, one warp, then colour, light and erasing.

    Args:
        content: The file's bytes.
        name: What errors call the image.
        recipe: The plain view's recipe.
        variation: What was drawn.
        use_damaged: Take what is left of a damaged JPEG.

    Returns:
        (size, size, 3) uint8.
    """
    at_least = recipe.at_least(variation.zoom)
    picture = decode_picture(content, name, at_least=at_least, use_damaged=use_damaged)
    pixels = warp(
        picture,
        drawn_matrix(recipe, variation, picture_size(picture)),
        recipe.size,
        border=recipe.border,
        interpolation=recipe.interpolation,
        resizer=recipe.resizer,
    )
    lit = light(colour(pixels, variation.operations), variation.brightness, variation.contrast)
    return erase(lit, variation.erasure)


def drawn_matrix(recipe: ViewRecipe, variation: Variation, size: tuple[int, int]) -> Matrix:
    """From the pixels of a drawn view to those of the picture.

    Args:
        recipe: The plain view's recipe.
        variation: What was drawn.
        size: Width and height of the picture.
    """
    return view_matrix(
        window(size, recipe, variation.zoom, variation.place),
        symmetry(variation.symmetry) @ moves(variation.operations),
        variation.rotation_degrees,
        recipe.size,
    )


def check_view(view: int) -> int:
    """The view's number.

    Raises:
        SettingError: it is below 0.
    """
    if view < 0:
        raise SettingError(
            f"view is {view}.",
            expected="0 for the plain view, 1 or more for an augmented one.",
            fix="pass view=0.",
        )
    return view
