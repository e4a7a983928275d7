import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from warmstart.images.light import COLOURS, Erasure, colour, contrast_factor, erase, light
from warmstart.images.policy import Operation

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


@pytest.mark.parametrize(
    ("name", "amount"),
    [
        ("brightness", 0.3),
        ("brightness", -0.9),
        ("color", 0.5),
        ("color", -0.99),
        ("contrast", 0.5),
        ("sharpness", 0.9),
        ("posterize", 4.0),
        ("solarize", 0.5),
        ("autocontrast", 0.0),
        ("equalize", 0.0),
    ],
)
def test_every_operation_changes_the_picture(
    name: str, amount: float, picture: Image.Image
) -> None:
    picture.paste("gold", (20, 20, 40, 40))  # an edge, to be sharpened
    found = colour(picture, (Operation(name, amount),))
    assert (found.size, found.mode) == (picture.size, "RGB")
    assert found.tobytes() != picture.tobytes()


def test_brightness_and_solarize_go_the_right_way(picture: Image.Image) -> None:
    mean = np.asarray(picture).mean()
    darker = np.asarray(colour(picture, (Operation("brightness", -0.5),)))
    assert darker.mean() == pytest.approx(mean / 2, abs=1)
    negative = np.asarray(colour(picture, (Operation("solarize", 1.0),)))
    np.testing.assert_array_equal(negative, 255 - np.asarray(picture))
    few = np.asarray(colour(picture, (Operation("posterize", 6.0),)))
    assert set(np.unique(few)) <= {0, 64, 128, 192}


@pytest.mark.parametrize("name", ["brightness", "color", "contrast", "sharpness", "posterize"])
def test_at_no_strength_nothing_changes(name: str, picture: Image.Image) -> None:
    assert colour(picture, (Operation(name, 0.0),)).tobytes() == picture.tobytes()


def test_operations_are_applied_in_order(picture: Image.Image) -> None:
    operations = (Operation("solarize", 0.5), Operation("brightness", 0.5))
    assert colour(picture, operations).tobytes() != colour(picture, operations[::-1]).tobytes()


def test_what_moves_pixels_is_not_for_here(picture: Image.Image) -> None:
    assert "rotate" not in COLOURS
    assert colour(picture, (Operation("rotate", 30.0),)) is picture


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
