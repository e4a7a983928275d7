import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.unit.images.conftest import smooth

from warmstart.images.geometry import Window, rotation, scale, shear, symmetry, view_matrix
from warmstart.images.warp import warp

SIZE = 48
WIDE = smooth(240, 160)
HALF = Window(120.0, 80.0, 96.0, 96.0)  # two pixels of the picture per pixel of the view
SYMMETRIES = {
    0: None,
    1: Image.Transpose.FLIP_LEFT_RIGHT,
    2: Image.Transpose.ROTATE_90,
    4: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_270,
    5: Image.Transpose.FLIP_TOP_BOTTOM,
}


def seen(
    window: Window = HALF,
    inner: NDArray[np.float64] | None = None,
    degrees: float = 0.0,
    *,
    image: Image.Image = WIDE,
    border: str = "reflect",
    size: int = SIZE,
) -> NDArray[np.int64]:
    matrix = view_matrix(window, np.eye(3) if inner is None else inner, degrees, size)
    view = warp(image, matrix, size, border=border, interpolation="bicubic")
    return np.asarray(view).astype(np.int64)


def assert_near(one: NDArray[np.int64], other: NDArray[np.int64], levels: int) -> None:
    assert np.abs(one - other).max() <= levels


def test_an_upright_box_is_an_ordinary_resize() -> None:
    box = (72.0, 32.0, 168.0, 128.0)
    expected = WIDE.resize((SIZE, SIZE), Image.Resampling.BICUBIC, box=box)
    assert_near(seen(), np.asarray(expected).astype(np.int64), 1)


@pytest.mark.parametrize("number", SYMMETRIES)
def test_symmetries_are_pillows(number: int) -> None:
    method = SYMMETRIES[number]
    plain = Image.fromarray(seen().astype(np.uint8))
    expected = plain if method is None else plain.transpose(method)
    np.testing.assert_array_equal(seen(inner=symmetry(number)), np.asarray(expected))


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("side", [30.0, 48.0, 96.0, 150.0])
def test_a_hair_of_a_turn_changes_next_to_nothing(number: int, side: float) -> None:
    """The way for what is turned, and the way for what is not, show the same."""
    window = Window(120.0, 80.0, side, side)
    one = seen(window, symmetry(number))
    assert_near(seen(window, symmetry(number), 1e-4), one, 2)


def test_a_quarter_turn_by_the_angle_is_the_symmetry() -> None:
    assert_near(seen(degrees=90.0), seen(inner=symmetry(2)), 2)
    assert_near(seen(degrees=-90.0), seen(inner=symmetry(6)), 2)


@settings(deadline=None, max_examples=30)
@given(degrees=st.floats(-180, 180), side=st.floats(20, 100))
def test_each_pixel_shows_its_point_of_the_picture(degrees: float, side: float) -> None:
    """Against the waves that the picture is made of, worked out for each pixel of the view."""
    matrix = view_matrix(Window(120.0, 80.0, side, side), np.eye(3), degrees, SIZE)
    y, x = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    points = matrix @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    across, down = points[0].reshape(x.shape) / 240, points[1].reshape(x.shape) / 160
    expected = 40 + 170 * across + 30 * np.sin(5 * down)
    view = seen(Window(120.0, 80.0, side, side), degrees=degrees)[..., 0]
    assert np.abs(view - expected).max() <= 3


def test_shrinking_does_not_alias() -> None:
    """A fine chequerboard becomes grey, not a coarser board."""
    board = Image.fromarray((np.indices((480, 480)).sum(0) % 2 * 255).astype(np.uint8))
    window = Window(240.0, 240.0, 240.0, 240.0)
    found = seen(window, degrees=8.0, image=board.convert("RGB"))
    assert found.min() >= 105
    assert found.max() <= 150


def test_a_turn_that_leaves_the_picture_is_mirrored_or_black() -> None:
    whole = Window(80.0, 80.0, 160.0, 160.0)
    white = Image.new("RGB", (160, 160), "white")
    assert (seen(whole, degrees=30.0, image=white) == 255).all()
    black = seen(whole, degrees=30.0, image=white, border="black")
    assert (black[0, 0] == 0).all()
    assert (black[SIZE // 2, SIZE // 2] == 255).all()
    assert 0.05 < (black[..., 0] == 0).mean() < 0.25


def test_the_mirror_image_continues_the_picture() -> None:
    window = Window(0.0, 80.0, 96.0, 96.0)  # half of it lies left of the picture
    found = seen(window)
    assert_near(found[:, : SIZE // 2][:, ::-1], found[:, SIZE // 2 :], 2)


def test_each_axis_of_a_stretched_picture_is_reduced_by_itself() -> None:
    image = smooth(1200, 100)
    window = Window(600.0, 50.0, 1200.0, 100.0)
    expected = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BICUBIC)).astype(np.int64)
    assert_near(seen(window, rotation(1e-3), image=image)[2:-2, 2:-2], expected[2:-2, 2:-2], 5)


@pytest.mark.parametrize("border", ["reflect", "black"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (3, 5)])
def test_any_shape_of_picture_and_any_matrix(shape: tuple[int, int], border: str) -> None:
    side = float(max(shape))
    window = Window(shape[0] / 2, shape[1] / 2, side, side)
    inner = symmetry(3) @ shear(0.99, 0.5) @ scale(1.5, 1.5)
    found = seen(window, inner, 77.0, image=smooth(*shape), border=border)
    assert found.shape == (SIZE, SIZE, 3)
