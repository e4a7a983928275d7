"""Views for several networks, from one decoding: the pixels that each would have got alone."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from warmstart.batches.together import RenderedTogether
from warmstart.images import view
from warmstart.images.decode import decode_picture
from warmstart.images.picture import Picture
from warmstart.images.view import ViewRecipe

RECIPES = [ViewRecipe(32), ViewRecipe(40, "bilinear"), ViewRecipe(64, crop_type="squash")]
SIDES = st.integers(20, 700)
SIZES = st.integers(8, 90)


def picture(width: int, height: int, kind: str = "JPEG") -> bytes:
    pixels = np.random.default_rng([width, height]).integers(0, 256, (height, width, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@given(SIDES, SIDES, SIZES, SIZES, st.sampled_from(["JPEG", "PNG"]))
def test_what_is_said_to_be_decoded_alike_is(
    width: int, height: int, size: int, other: int, kind: str
) -> None:
    content = picture(width, height, kind)
    one, two = ViewRecipe(size), ViewRecipe(other)
    image = one.decoded(content, "x")
    if one.decodes_like(two, content, image):
        assert np.array_equal(np.asarray(image), np.asarray(two.decoded(content, "x")))
    else:
        assert kind == "JPEG"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize(("width", "height"), [(500, 375), (100, 130), (30, 30), (1200, 900)])
def test_each_gets_the_pixels_that_it_would_have_got_alone(
    width: int, height: int, kind: str
) -> None:
    content, together = picture(width, height, kind), RenderedTogether(RECIPES)
    for which, recipe in enumerate(RECIPES):
        ready = together.take(which, "x")
        found = together.render(which, "x", content, "x") if ready is None else ready.pixels
        assert np.array_equal(found, recipe.render(content, "x"))
        assert together.take(which, "x") is None  # each is given once


def test_a_picture_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real: Callable[..., Picture] = decode_picture

    def counted(content: bytes, name: str, **options: object) -> Picture:
        calls.append(name)
        return real(content, name, **options)

    monkeypatch.setattr(view, "decode_picture", counted)
    together = RenderedTogether(RECIPES)
    for name in "ab":
        together.render(0, name, picture(50, 40), name)
    assert all(together.take(which, name) is not None for which in (1, 2) for name in "ab")
    assert calls == ["a", "b"]


def test_what_waits_is_bounded() -> None:
    together = RenderedTogether(RECIPES[:2], most_bytes=1)
    for name in "abc":
        together.render(0, name, picture(50, 40), name)
    assert together.take(1, "a") is not None  # the bound was not reached before it
    assert together.take(1, "b") is None
    together.render(0, "c", picture(50, 40), "c")
    assert together.take(1, "c") is not None  # there is room again


def test_the_hash_is_of_the_bytes() -> None:
    import hashlib

    together = RenderedTogether(RECIPES[:2])
    content = picture(50, 40)
    together.render(0, "x", content, "x")
    ready = together.take(1, "x")
    assert ready is not None
    assert ready.sha256 == hashlib.sha256(content).digest()
