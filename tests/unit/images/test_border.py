import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from warmstart.images.border import mirrored, region


@given(
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    before=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    after=st.tuples(st.integers(0, 20), st.integers(0, 20)),
)
def test_mirrored_as_numpy_does(
    height: int, width: int, before: tuple[int, int], after: tuple[int, int]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    box = (-before[0], -before[1], width + after[0], height + after[1])
    edges = ((before[1], after[1]), (before[0], after[0]), (0, 0))
    found = region(Image.fromarray(pixels), box, "reflect")
    np.testing.assert_array_equal(np.asarray(found), np.pad(pixels, edges, "symmetric"))
    found = region(Image.fromarray(pixels), box, "black")
    np.testing.assert_array_equal(np.asarray(found), np.pad(pixels, edges))


@pytest.mark.parametrize("border", ["reflect", "black"])
def test_within_the_picture_it_is_a_crop(border: str, picture: Image.Image) -> None:
    box = (10, 20, 50, 64)
    assert region(picture, box, border).tobytes() == picture.crop(box).tobytes()


def test_beyond_the_edge_the_last_pixel_comes_first() -> None:
    assert mirrored(-3, 8, 4).tolist() == [2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0]
