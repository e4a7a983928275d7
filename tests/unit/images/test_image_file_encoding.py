import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from warmstart.errors import UnreadableImageError
from warmstart.images.decode import decode
from warmstart.images.image_file import encode_array, encode_image

side = st.integers(1, 12)
colour = arrays(np.uint8, st.tuples(side, side, st.just(3)))
grey = arrays(np.uint8, st.tuples(side, side))


@settings(deadline=None)
@given(array=colour)
def test_an_array_survives_bit_for_bit(array: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(np.asarray(decode(encode_array(array), "x")), array)


@settings(deadline=None)
@given(array=grey)
def test_a_grey_array_survives_bit_for_bit(array: NDArray[np.uint8]) -> None:
    expected = np.repeat(array[..., None], 3, axis=2)
    np.testing.assert_array_equal(np.asarray(decode(encode_array(array), "x")), expected)


@settings(deadline=None)
@given(array=colour)
def test_a_pil_image_survives_bit_for_bit(array: NDArray[np.uint8]) -> None:
    content = encode_image(Image.fromarray(array))
    np.testing.assert_array_equal(np.asarray(decode(content, "x")), array)


@given(array=colour)
def test_an_image_and_its_array_have_the_same_bytes(array: NDArray[np.uint8]) -> None:
    assert encode_image(Image.fromarray(array)) == encode_array(array)


@given(array=colour)
def test_how_the_array_lies_in_memory_does_not_matter(array: NDArray[np.uint8]) -> None:
    assert encode_array(np.asfortranarray(array)) == encode_array(array)
    assert encode_array(array[::-1][::-1]) == encode_array(array)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "CMYK", "YCbCr", "RGBA", "LA", "HSV"])
def test_every_mode_becomes_what_it_shows(mode: str, picture: Image.Image) -> None:
    image = picture.convert(mode)
    found = np.asarray(decode(encode_image(image), "x"))
    np.testing.assert_array_equal(found, np.asarray(image.convert("RGB")))


def test_the_image_given_is_left_as_it_was(picture: Image.Image) -> None:
    before = picture.tobytes()
    decode(encode_image(picture), "x").paste("red", (0, 0, 10, 10))
    assert picture.tobytes() == before


def test_an_image_of_values_that_are_no_numbers_is_refused() -> None:
    with pytest.raises(UnreadableImageError, match="not a number"):
        encode_image(Image.fromarray(np.full((2, 2), np.nan, np.float32)))
