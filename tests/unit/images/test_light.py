import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from warmstart.images.light import COLOURS, Erasure, colour, contrast_factor, erase, light
from warmstart.images.policy import OPERATIONS, TRIVIAL_AUGMENT, UNSIGNED, Operation

views = arrays(np.uint8, (5, 7, 3))


@given(pixels=views, brightness=st.floats(-1, 1), contrast=st.floats(0.1, 3))
def test_light_is_fastais_formula(
    pixels: NDArray[np.uint8], brightness: float, contrast: float
) -> None:
    values = pixels / 255
    mean = values.mean()
    expected = np.clip((values - mean) * contrast + mean + brightness, 0, 1) * 255
    found = light(pixels, brightness, contrast)
    assert found.dtype == np.uint8
    assert np.abs(found - expected).max() <= 0.5 + 1e-9


@given(pixels=views)
def test_no_change_of_light_is_none(pixels: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(light(pixels, 0.0, 1.0), pixels)


def test_contrast_up_and_down_undo_each_other() -> None:
    assert contrast_factor(0.0) == 1
    assert contrast_factor(0.25) == 1.25
    assert contrast_factor(0.25) * contrast_factor(-0.25) == 1


AMOUNTS = {
    operation: sorted({sign * most * level / 30 for level in (0, 1, 9, 17, 30) for sign in (1, -1)})
    if operation not in UNSIGNED
    else [most * level / 30 for level in (0, 1, 9, 17, 30)]
    for operation, most in OPERATIONS[TRIVIAL_AUGMENT].items()
    if operation in COLOURS
}
SHAPES = [(1, 1), (2, 5), (5, 2), (3, 3), (97, 83), (224, 224), (3, 20_000)]


@pytest.fixture
def pixels(picture: Image.Image) -> NDArray[np.uint8]:
    picture.paste("gold", (20, 20, 40, 40))  # an edge, to be sharpened
    return np.array(picture, np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", AMOUNTS)
def test_every_operation_is_pillows_to_the_bit(name: str, shape: tuple[int, int]) -> None:
    random = np.random.default_rng(shape)
    noise = random.integers(0, 256, (*shape, 3), np.uint8)
    corner = random.integers(0, 256, (2, 2, 3), np.uint8)
    slow = np.asarray(Image.fromarray(corner).resize(shape[::-1]), np.uint8)
    extremes = 255 * (noise > 127).astype(np.uint8)
    for before in (noise, slow, extremes, np.zeros_like(noise)):
        for amount in AMOUNTS[name]:
            found = colour(before, (Operation(name, amount),))
            expected = COLOURS[name](Image.fromarray(before), amount)
            np.testing.assert_array_equal(found, np.asarray(expected))
            assert found.flags.c_contiguous


@pytest.mark.parametrize("name", AMOUNTS)
def test_every_operation_changes_the_picture(name: str, pixels: NDArray[np.uint8]) -> None:
    before = pixels.copy()
    found = colour(pixels, (Operation(name, AMOUNTS[name][-1]),))
    assert found.shape == pixels.shape
    assert (found != pixels).any()
    np.testing.assert_array_equal(pixels, before)


def test_brightness_and_solarize_go_the_right_way(pixels: NDArray[np.uint8]) -> None:
    darker = colour(pixels, (Operation("brightness", -0.5),))
    assert darker.mean() == pytest.approx(pixels.mean() / 2, abs=1)
    negative = colour(pixels, (Operation("solarize", 1.0),))
    np.testing.assert_array_equal(negative, 255 - pixels)
    few = colour(pixels, (Operation("posterize", 6.0),))
    assert set(np.unique(few)) <= {0, 64, 128, 192}


@pytest.mark.parametrize("name", ["brightness", "color", "contrast", "sharpness", "posterize"])
def test_at_no_strength_nothing_changes(name: str, pixels: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(colour(pixels, (Operation(name, 0.0),)), pixels)


def test_operations_are_applied_in_order(pixels: NDArray[np.uint8]) -> None:
    operations = (Operation("solarize", 0.5), Operation("brightness", 0.5))
    assert (colour(pixels, operations) != colour(pixels, operations[::-1])).any()


def test_what_moves_pixels_is_not_for_here(pixels: NDArray[np.uint8]) -> None:
    assert "rotate" not in COLOURS
    assert colour(pixels, (Operation("rotate", 30.0),)) is pixels


def test_erasing_puts_noise_over_its_rectangle_only() -> None:
    pixels = np.full((40, 40, 3), 100, np.uint8)
    found = erase(pixels, Erasure(0.25, 0.5, 0.5, 0.25, seed=3))
    assert (pixels == 100).all()
    hole = found[20:30, 10:30]
    assert (hole != 100).mean() > 0.95
    assert hole.std() > 60
    assert (found != 100).any(axis=-1).sum() <= hole.shape[0] * hole.shape[1]
    np.testing.assert_array_equal(found, erase(pixels, Erasure(0.25, 0.5, 0.5, 0.25, seed=3)))
    other = erase(pixels, Erasure(0.25, 0.5, 0.5, 0.25, seed=4))
    assert (other[20:30, 10:30] != hole).any()


def test_nothing_to_erase() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    assert erase(pixels, None) is pixels
