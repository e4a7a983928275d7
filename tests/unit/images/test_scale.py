import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.images.conftest import Encode, smooth

from warmstart.images.decode import decode, jpeg_scale

sides = st.integers(1, 20_000)


@given(width=sides, height=sides, at_least=st.integers(1, 3_000))
def test_divided_by_a_power_of_two_up_to_8_and_never_below_the_bound(
    width: int, height: int, at_least: int
) -> None:
    found = jpeg_scale((width, height), at_least)
    assert found in {1, 2, 4, 8}
    assert min(width, height) // found >= at_least or found == 1


@given(width=sides, height=sides, at_least=st.integers(1, 3_000))
def test_as_small_as_the_bound_allows(width: int, height: int, at_least: int) -> None:
    found = jpeg_scale((width, height), at_least)
    assert found == 8 or min(width, height) // (2 * found) < at_least


@settings(max_examples=30, deadline=None)
@given(width=st.integers(1, 700), height=st.integers(1, 700), at_least=st.integers(1, 100))
def test_the_decoder_gives_what_was_asked(width: int, height: int, at_least: int) -> None:
    content = jpeg(width, height)
    found = decode(content, "x", at_least=at_least)
    scale = jpeg_scale((width, height), at_least)
    assert found.size == (-(-width // scale), -(-height // scale))
    assert min(found.size) >= min(at_least, width, height)


def jpeg(width: int, height: int) -> bytes:
    file = io.BytesIO()
    smooth(width, height).save(file, "JPEG")
    return file.getvalue()


def test_only_a_jpeg_is_scaled(encode: Encode) -> None:
    assert decode(encode(smooth(400, 400), "PNG"), "x", at_least=10).size == (400, 400)


@pytest.mark.parametrize("size", [(8, 8), (8, 8000)])
def test_a_picture_below_the_bound_keeps_its_size(size: tuple[int, int]) -> None:
    assert jpeg_scale(size, 9) == 1
