"""Resizing by SIMD instructions: near Pillow's, the same at every level; without them, Pillow's."""

from concurrent.futures import ThreadPoolExecutor

import cykooz_resizer
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.unit.images.conftest import smooth

from warmstart.images import resize as resizing
from warmstart.images.augment import Augmentation
from warmstart.images.augmented import AugmentedRecipe
from warmstart.images.picture import Picture
from warmstart.images.resize import FILTERS, PILLOW, SIMD, available_resizer, part_within, resize
from warmstart.images.view import ViewRecipe

SHAPES = [(1, 1), (1, 900), (900, 1), (2, 3), (31, 7), (64, 64), (500, 375), (375, 500), (900, 20)]
SIZES = [(1, 1), (32, 32), (7, 90), (224, 224)]


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3))
    return Image.fromarray(pixels.astype(np.uint8))


def levels_apart(one: Picture, other: Picture) -> NDArray[np.int64]:
    return np.abs(np.asarray(one).astype(np.int64) - np.asarray(other).astype(np.int64))


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("shape", SHAPES)
def test_smooth_pictures_are_pillows_but_for_rounding(
    shape: tuple[int, int], interpolation: str
) -> None:
    image = smooth(*shape)
    for size in SIZES:
        expected = image.resize(size, FILTERS[interpolation])
        apart = levels_apart(resize(image, size, interpolation), expected)
        assert apart.max() <= 2  # each of two passes rounds
        assert apart.mean() <= 0.4


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if min(shape) > 1])
def test_noise_is_pillows_to_a_level_on_average(shape: tuple[int, int], interpolation: str) -> None:
    """Bicubic overshoots white and black in every other pixel here, and is cut in another order."""
    image, most = noise(*shape), {"bilinear": 2, "bicubic": 60}[interpolation]
    for size in SIZES:
        apart = levels_apart(
            resize(image, size, interpolation), image.resize(size, FILTERS[interpolation])
        )
        assert apart.mean() <= 1
        assert apart.max() <= most


@settings(deadline=None, max_examples=60)
@given(left=st.floats(0, 40), top=st.floats(0, 30), width=st.floats(1, 60), height=st.floats(1, 50))
def test_a_box_between_pixels_sees_beyond_itself(
    left: float, top: float, width: float, height: float
) -> None:
    image = smooth(100, 80)
    box = (left, top, left + width, top + height)
    expected = image.resize((24, 20), Image.Resampling.BICUBIC, box=box)
    assert levels_apart(resize(image, (24, 20), "bicubic", box), expected).max() <= 2


def test_a_box_to_the_end_is_not_beyond_it_by_a_last_bit() -> None:
    for length in range(1, 400):
        side = length / (256 / 224)
        start, part = part_within(length - side, float(length), length)
        assert start + part <= length
        assert part == pytest.approx(side)


@pytest.mark.parametrize("level", ["none", "sse4_1", "avx2"])
def test_every_level_of_simd_has_the_same_bits(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    best = cykooz_resizer.Resizer().cpu_extensions.value
    wanted = cykooz_resizer.CpuExtensions[level]
    if wanted.value > best or best > cykooz_resizer.CpuExtensions.avx2.value:
        pytest.skip("this processor has no such instructions")
    expected = {(s, n): resize(noise(*s), n, "bicubic").tobytes() for s in SHAPES for n in SIZES}
    resizer = cykooz_resizer.Resizer

    def limited() -> cykooz_resizer.Resizer:
        found = resizer()
        found.cpu_extensions = wanted
        return found

    monkeypatch.setattr(cykooz_resizer, "Resizer", limited)
    for (shape, size), pixels in expected.items():
        assert resize(noise(*shape), size, "bicubic").tobytes() == pixels


def test_threads_change_no_bit() -> None:
    image = noise(300, 200)
    recipe = ViewRecipe(64, resizer=SIMD)
    alone = recipe.shown(image)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: recipe.shown(image), range(64)):
            np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize("crop_type", ["center", "pad", "squash"])
def test_without_the_package_pixels_and_names_are_pillows(
    crop_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = noise(90, 70)
    simd = ViewRecipe(32, crop_type=crop_type, resizer=SIMD)
    pillow = ViewRecipe(32, crop_type=crop_type)
    augmented = [AugmentedRecipe(each, Augmentation("x", 10, 0.05)) for each in (simd, pillow)]
    assert simd.name() != pillow.name()
    assert augmented[0].name(1) != augmented[1].name(1)
    assert available_resizer() == SIMD
    before = pillow.shown(image)
    monkeypatch.setattr(resizing, "cykooz_resizer", None)
    assert available_resizer() == PILLOW
    assert simd.name() == pillow.name()
    assert augmented[0].name(1) == augmented[1].name(1)
    np.testing.assert_array_equal(simd.shown(image), before)


def test_a_very_wide_picture_of_many_megapixels_is_resized_by_pillow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its columns alone, resized to the view's height, would take more than a picture may."""
    image = noise(400, 20)
    expected = image.resize((50, 50), Image.Resampling.BICUBIC)
    monkeypatch.setattr(resizing, "MOST_PIXELS", 400 * 70)
    assert levels_apart(resize(image, (50, 50), "bicubic"), expected).max() > 0
    monkeypatch.setattr(resizing, "MOST_PIXELS", 400 * 70 - 1)
    assert levels_apart(resize(image, (50, 50), "bicubic"), expected).max() == 0
