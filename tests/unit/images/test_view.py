from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.unit.images.conftest import Encode, smooth

from warmstart.errors import SettingError
from warmstart.images.decode import decode
from warmstart.images.view import ViewRecipe, discarded_share

PLAIN = ViewRecipe(32)
FROZEN = (
    '{"decoder": "libjpeg-strict-2x/1", "interpolation": "bicubic", '
    '"pre_crop_scale": 1.1428571428571428, "size": 224, "view": 0}'
)


def assert_near(view: NDArray[np.uint8], image: Image.Image) -> None:
    """The same as Pillow's, but for rounding."""
    assert np.abs(view.astype(int) - np.asarray(image).astype(int)).max() <= 1


def test_the_name_by_which_rows_are_stored_already() -> None:
    assert ViewRecipe(224).name() == FROZEN
    assert ViewRecipe(224, crop_type="random").name() == FROZEN
    assert ViewRecipe(224, border="black").name() == FROZEN  # no pixel of it is a border


def test_the_names_of_views_of_the_whole_picture() -> None:
    rest = '"decoder": "libjpeg-strict-2x/1", "interpolation": "bicubic", "pre_crop_scale": 1.5'
    squashed = ViewRecipe(32, pre_crop_scale=1.5, crop_type="squash")
    assert squashed.name() == f'{{"crop_type": "squash", {rest}, "size": 32, "view": 0}}'
    padded = ViewRecipe(32, pre_crop_scale=1.5, crop_type="pad")
    fields = f'"border": "reflect", "crop_type": "pad", {rest}, "size": 32, "view": 0'
    assert padded.name() == f"{{{fields}}}"


def test_pixels_of_the_plain_view_are_a_resized_box(encode: Encode) -> None:
    image = smooth(90, 70)
    side = 70 / (256 / 224)
    box = ((90 - side) / 2, (70 - side) / 2, (90 + side) / 2, (70 + side) / 2)
    for crop_type in ("center", "random"):
        found = replace(PLAIN, crop_type=crop_type).render(encode(image, "PNG"), "x")
        assert_near(found, image.resize((32, 32), Image.Resampling.BICUBIC, box=box))


def test_every_change_of_a_pixel_changes_the_name() -> None:
    recipes = [
        PLAIN,
        ViewRecipe(33),
        ViewRecipe(32, "bilinear"),
        ViewRecipe(32, pre_crop_scale=1.0),
        ViewRecipe(32, crop_type="squash"),
        ViewRecipe(32, crop_type="pad"),
        ViewRecipe(32, crop_type="pad", border="black"),
        ViewRecipe(32, "bilinear", crop_type="pad"),
    ]
    assert len({recipe.name() for recipe in recipes}) == len(recipes)


def test_a_jpeg_is_decoded_at_twice_what_the_view_needs_or_more(encode: Encode) -> None:
    assert ViewRecipe(224).at_least() == 512
    assert ViewRecipe(224).at_least(1.5) == 768
    assert ViewRecipe(224, crop_type="pad").at_least() == 448
    content = encode(smooth(300, 150), "JPEG")  # a half of it would be 75 < 2 x 38
    expected = decode(content, "x").resize(
        (38, 38), Image.Resampling.BICUBIC, box=(75, 0, 225, 150)
    )
    found = ViewRecipe(38, pre_crop_scale=1.0).render(content, "x")
    assert_near(found, expected)


@pytest.mark.parametrize(("width", "height"), [(96, 48), (48, 96)])
def test_padding_shows_the_whole_between_bars(width: int, height: int, encode: Encode) -> None:
    content = encode(Image.new("RGB", (width, height), "white"), "PNG")
    black = ViewRecipe(32, crop_type="pad", border="black").render(content, "x")
    bars = black if height < width else black.transpose(1, 0, 2)
    assert (bars[8:24] == 255).all()
    assert (bars[:8] == 0).all()
    assert (bars[24:] == 0).all()
    assert (ViewRecipe(32, crop_type="pad").render(content, "x") == 255).all()


def test_padding_mirrors_the_picture(encode: Encode) -> None:
    found = ViewRecipe(32, crop_type="pad").render(encode(smooth(128, 64), "PNG"), "x")
    np.testing.assert_array_equal(found[:8], found[8:16][::-1])
    np.testing.assert_array_equal(found[24:], found[16:24][::-1])


def test_squashing_shows_the_whole(encode: Encode) -> None:
    image = smooth(128, 64)
    found = ViewRecipe(32, crop_type="squash").render(encode(image, "PNG"), "x")
    assert_near(found, image.resize((32, 32), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("crop_type", ["center", "random", "pad", "squash"])
@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (5, 7)])
def test_any_shape_of_picture(size: tuple[int, int], crop_type: str, encode: Encode) -> None:
    found = ViewRecipe(16, crop_type=crop_type).render(encode(smooth(*size), "PNG"), "x")
    assert found.shape == (16, 16, 3)


@given(
    width=st.integers(1, 5000), height=st.integers(1, 5000), scale=st.floats(1, 3)
)  # fmt: skip
def test_the_share_that_a_crop_discards(width: int, height: int, scale: float) -> None:
    recipe = ViewRecipe(32, pre_crop_scale=scale)
    share = discarded_share((width, height), recipe)
    assert 0 <= share < 1
    assert share == pytest.approx(1 - (min(width, height) / scale) ** 2 / (width * height))
    assert share == discarded_share((height, width), replace(recipe, crop_type="random"))
    for crop_type in ("pad", "squash"):
        assert discarded_share((width, height), replace(recipe, crop_type=crop_type)) == 0


def test_half_of_a_wide_picture_is_discarded() -> None:
    assert discarded_share((200, 100), ViewRecipe(32, pre_crop_scale=1.0)) == 0.5


@pytest.mark.parametrize(
    ("field", "value"), [("crop_type", "centre"), ("border", "white"), ("interpolation", "cubic")]
)
def test_unknown_words_are_refused(field: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"{field}='{value}'"):
        ViewRecipe(**{"size": 32, field: value})  # type: ignore[arg-type]
