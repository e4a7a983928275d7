"""The view as tensor operations has Python's pixels, whoever resizes, for any shape of picture."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from warmstart.export.resampling import PlainView, half_even, pillow_goes_down_first
from warmstart.images.resize import RESIZERS
from warmstart.images.view import ViewRecipe

SHAPES = [(1, 1), (1, 500), (500, 1), (2, 3), (64, 64), (50, 70), (200, 73), (70, 60), (97, 311)]
RECIPES = [
    ViewRecipe(64, "bilinear"),
    ViewRecipe(64, "bicubic"),
    ViewRecipe(64, "bicubic", 1.0),
    ViewRecipe(64, "bicubic", crop_type="squash"),
    ViewRecipe(64, "bilinear", crop_type="pad"),
    ViewRecipe(64, "bicubic", crop_type="pad", border="black"),
]


@pytest.mark.parametrize("resizer", RESIZERS)
@pytest.mark.parametrize("has_branches", [True, False])
@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_every_pixel_is_pythons(recipe: ViewRecipe, has_branches: bool, resizer: str) -> None:
    recipe = replace(recipe, resizer=resizer)
    view = PlainView(recipe, has_branches=has_branches)
    random = np.random.default_rng(0)
    for height, width in SHAPES:
        pixels = random.integers(0, 256, (height, width, 3), np.uint8)
        with torch.no_grad():
            found = view(torch.from_numpy(pixels)[None])[0].permute(1, 2, 0).numpy()
        wanted = recipe.shown(Image.fromarray(pixels))
        assert np.array_equal(found, wanted), (height, width)


def test_a_stack_of_pictures_is_each_of_them() -> None:
    view = PlainView(ViewRecipe(32))
    stack = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 40, 50, 3), np.uint8))
    with torch.no_grad():
        together, alone = view(stack), [view(picture[None]) for picture in stack]
    assert torch.equal(together, torch.cat(alone))


def test_a_quotient_is_rounded_as_python_does() -> None:
    for numerator in range(1, 40):
        for denominator in (1, 2, 4, 7, 10):
            found = half_even(torch.tensor(numerator), torch.tensor(denominator))
            assert int(found) == round(numerator / denominator)


def test_the_order_of_passes_is_that_of_the_pillow_which_is_here() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (200, 30, 3), np.uint8)
    picture, filter_ = Image.fromarray(pixels), Image.Resampling.BICUBIC
    in_steps = picture.resize((30, 64), filter_).resize((64, 64), filter_)
    is_so = picture.resize((64, 64), filter_).tobytes() == in_steps.tobytes()
    assert is_so == pillow_goes_down_first()
