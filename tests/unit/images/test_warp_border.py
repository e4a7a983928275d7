import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from warmstart.images.warp import region


def mirrored(start: int, stop: int, length: int) -> NDArray[np.int64]:
    """Indices folded back into the picture; edges appear twice."""
    folded = np.arange(start, stop) % (2 * length)
    return np.minimum(folded, 2 * length - 1 - folded)


starts, spans = st.integers(-25, 25), st.integers(1, 40)


@settings(deadline=None, max_examples=300)
@given(
    height=st.integers(1, 12), width=st.integers(1, 12),
    left=starts, top=starts, across=spans, down=spans,
)  # fmt: skip
def test_any_box_shows_the_picture_and_its_mirror_images(
    height: int, width: int, left: int, top: int, across: int, down: int
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    box = (left, top, left + across, top + down)
    rows, columns = mirrored(top, top + down, height), mirrored(left, left + across, width)
    found = region(Image.fromarray(pixels), box, "reflect")
    np.testing.assert_array_equal(np.asarray(found), pixels[np.ix_(rows, columns)])


@given(before=st.integers(0, 20), after=st.integers(0, 20))
def test_black_beyond_the_edge(before: int, after: int) -> None:
    pixels = np.full((3, 5, 3), 7, np.uint8)
    found = region(Image.fromarray(pixels), (-before, -2, 5 + after, 3), "black")
    expected = np.pad(pixels, ((2, 0), (before, after), (0, 0)))
    np.testing.assert_array_equal(np.asarray(found), expected)


@pytest.mark.parametrize("border", ["reflect", "black"])
def test_within_the_picture_it_is_a_crop(border: str, picture: Image.Image) -> None:
    box = (10, 20, 50, 64)
    assert region(picture, box, border).tobytes() == picture.crop(box).tobytes()


def test_beyond_the_edge_the_last_pixel_comes_first() -> None:
    line = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(1, 4, 3))
    found = np.asarray(region(line, (-3, 0, 8, 1), "reflect"))[0, :, 0] // 3
    assert found.tolist() == [2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0]
