"""Pictures that stay arrays show what Pillow's images showed, whatever becomes of them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.unit.images.conftest import Encode, smooth

from warmstart.images import decode as decoding
from warmstart.images.augment import Augmentation, Variation
from warmstart.images.augmented import varied
from warmstart.images.decode import decode, decode_picture
from warmstart.images.geometry import Window, symmetry, view_matrix
from warmstart.images.picture import as_image, picture_size, turned_by_quarters
from warmstart.images.resize import FILTERS, PILLOW, RESIZERS, SIMD, resize
from warmstart.images.view import CROP_TYPES, ViewRecipe
from warmstart.images.warp import region, warp

SHAPES = [(1, 1), (1, 300), (300, 1), (31, 17), (64, 64), (375, 500), (500, 375), (900, 20)]
SIZES = [(1, 1), (32, 32), (7, 90), (224, 224)]


def noise(width: int, height: int) -> NDArray[np.uint8]:
    return np.random.default_rng([width, height]).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("resizer", RESIZERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_array_is_resized_as_an_image_is(shape: tuple[int, int], resizer: str) -> None:
    pixels = noise(*shape)
    image = Image.fromarray(pixels)
    middle = (shape[0] * 0.11, shape[1] * 0.07, shape[0] * 0.93, shape[1] * 0.88)
    for size in SIZES:
        for interpolation in FILTERS:
            for box in (None, middle):
                found = resize(pixels, size, interpolation, box, resizer=resizer)
                expected = resize(image, size, interpolation, box, resizer=resizer)
                np.testing.assert_array_equal(found, expected)
                assert found.shape == (size[1], size[0], 3)


@pytest.mark.parametrize("resizer", RESIZERS)
@pytest.mark.parametrize("border", ["reflect", "black"])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_array_is_warped_as_an_image_is(
    shape: tuple[int, int], border: str, resizer: str
) -> None:
    pixels = noise(*shape)
    for side in (min(shape), max(shape), 3 * max(shape)):
        for number, degrees in ((0, 0.0), (3, 0.0), (6, 0.0), (1, 11.0), (5, -140.0)):
            window = Window(shape[0] * 0.5, shape[1] * 0.4, float(side), float(side))
            matrix = view_matrix(window, symmetry(number), degrees, 48)
            one, other = (
                warp(each, matrix, 48, border=border, interpolation="bicubic", resizer=resizer)
                for each in (pixels, Image.fromarray(pixels))
            )
            np.testing.assert_array_equal(one, other)
            assert one.flags.c_contiguous


@pytest.mark.parametrize("number", range(8))
def test_quarters_are_pillows(number: int) -> None:
    pixels = noise(7, 5)
    flips_x, flips_y, is_transposed = number & 1 == 1, number & 2 == 2, number & 4 == 4
    expected = Image.fromarray(pixels)
    for is_wanted, method in (
        (flips_x, Image.Transpose.FLIP_LEFT_RIGHT),
        (flips_y, Image.Transpose.FLIP_TOP_BOTTOM),
        (is_transposed, Image.Transpose.TRANSPOSE),
    ):
        expected = expected.transpose(method) if is_wanted else expected
    found = turned_by_quarters(
        pixels, flips_x=flips_x, flips_y=flips_y, is_transposed=is_transposed
    )
    np.testing.assert_array_equal(found, np.asarray(expected))
    assert found.flags.c_contiguous


def test_more_pixels_around_a_box_repeat_its_own() -> None:
    pixels = noise(9, 8)
    box = (-3, 2, 6, 12)
    expected = np.pad(region(pixels, box, "reflect"), ((2, 2), (2, 2), (0, 0)), "edge")
    np.testing.assert_array_equal(region(pixels, box, "reflect", num_more=2), expected)


def test_an_upright_jpeg_is_an_array_and_others_are_images(encode: Encode) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = smooth(40, 30)
    found = decode_picture(encode(image, "JPEG"), "x")
    assert isinstance(found, np.ndarray)
    assert picture_size(found) == (40, 30)
    for content in (encode(image, "PNG"), encode(image, "JPEG", exif=exif)):
        assert isinstance(decode_picture(content, "x"), Image.Image)


def test_a_large_jpeg_is_an_image_and_its_views_are_the_same(
    encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An array of it and its copies would cost more than a picture may."""
    content = encode(smooth(400, 300), "JPEG")
    variation = Variation(rotation_degrees=20.0, brightness=0.1)
    recipes = [
        ViewRecipe(64, crop_type=crop_type, resizer=resizer)
        for crop_type in CROP_TYPES
        for resizer in (PILLOW, SIMD)
    ]

    def views() -> list[NDArray[np.uint8]]:
        plain = [recipe.render(content, "x") for recipe in recipes]
        return plain + [varied(content, "x", recipe, variation) for recipe in recipes]

    small = views()
    monkeypatch.setattr(decoding, "MOST_ARRAY_PIXELS", 399 * 300)
    assert isinstance(decode_picture(content, "x"), Image.Image)
    for one, other in zip(small, views(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_array_as_an_image_shows_the_same(encode: Encode) -> None:
    content = encode(smooth(40, 30), "JPEG")
    picture = decode_picture(content, "x")
    assert as_image(picture).tobytes() == decode(content, "x").tobytes()
    recipe = ViewRecipe(16, resizer=SIMD)
    np.testing.assert_array_equal(recipe.shown(picture), recipe.shown(as_image(picture)))
    assert recipe.decoded(content, "x").mode == "RGB"
    assert Augmentation().max_zoom == 1
