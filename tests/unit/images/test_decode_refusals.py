import io
import re
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile
from tests.unit.images.conftest import Encode, smooth

from warmstart.errors import UnreadableImageError
from warmstart.images import budget as module
from warmstart.images.decode import decode
from warmstart.images.image_file import encode_image

ADDRESS = re.compile(r"0x[0-9a-fA-F]{4,}|<[^>]* at ")


def refusal(content: bytes, at_least: int | None = None) -> UnreadableImageError:
    with pytest.raises(UnreadableImageError) as caught:
        decode(content, "pets/a.jpg", at_least=at_least)
    assert caught.value.name == "pets/a.jpg"
    assert "pets/a.jpg" in str(caught.value)
    assert not ADDRESS.search(str(caught.value))
    return caught.value


def test_an_empty_file() -> None:
    assert refusal(b"").reason == "empty file"


@pytest.mark.parametrize("content", [b"not an image", b"\x00" * 100, b"<html></html>", b"\xff\xd8"])
def test_what_is_no_image(content: bytes) -> None:
    assert refusal(content).reason == "UnidentifiedImageError: cannot identify image file"


@settings(deadline=None, max_examples=40)
@given(content=st.binary(max_size=200))
def test_noise_is_refused_by_name_and_by_no_other_error(content: bytes) -> None:
    refusal(content)


@pytest.mark.parametrize("at_least", [None, 16])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_a_truncated_file(kind: str, share: float, at_least: int | None, encode: Encode) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    content = encode(Image.fromarray(noise), kind)
    refusal(content[: int(len(content) * share)], at_least)


def test_a_png_whose_bytes_were_changed(picture: Image.Image, encode: Encode) -> None:
    content = bytearray(encode(picture, "PNG"))
    middle = content.index(b"IDAT") + 40
    content[middle] ^= 0xFF
    refusal(bytes(content))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_float_picture_with_values_that_are_no_numbers(value: float, encode: Encode) -> None:
    values = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4).copy()
    values[1, 2] = value
    found = refusal(encode(Image.fromarray(values), "TIFF"))
    assert found.reason == "some values are infinite or not a number"


@pytest.mark.parametrize("animated", [False, True])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_above_the_pixel_cap_nothing_is_decoded(
    kind: str, animated: bool, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    if animated and kind in {"JPEG", "BMP"}:
        pytest.skip("this format has one frame")
    frames = [smooth(41, 25), smooth(41, 25).transpose(Image.Transpose.ROTATE_180)]
    more = {"save_all": True, "append_images": frames[1:]} if animated else {}
    content = encode(frames[0], kind, **more)

    def no_load(self: Image.Image) -> None:
        raise AssertionError("a picture above the cap was decoded")

    with monkeypatch.context() as patch:
        patch.setattr(module, "MOST_PIXELS", 41 * 25 - 1)
        for owner in (Image.Image, ImageFile.ImageFile, type(Image.open(io.BytesIO(content)))):
            patch.setattr(owner, "load", no_load)
        assert refusal(content).reason == "41 x 25 pixels"
    monkeypatch.setattr(module, "MOST_PIXELS", 41 * 25)
    assert decode(content, "x").size == (41, 25)


@pytest.mark.parametrize("num_sides", [(9_000, 10_000), (40_000, 40_000)])
def test_a_bomb_is_refused_by_its_header(num_sides: tuple[int, int]) -> None:
    """Above Pillow's own limits too: its warning, and its error, become ours."""
    header = f"P6 {num_sides[0]} {num_sides[1]} 255\n".encode()
    assert "pixels" in refusal(header).reason


def test_pillows_remarks_do_not_cost_a_picture(
    picture: Image.Image, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encode(picture, "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 96 * 64 - 1)
    assert decode(content, "x").size == picture.size


def test_decoding_in_threads_leaves_the_warning_filters_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two threads put the filters back in another order than they took them, if they can."""
    first_is_in, second_may_go = Event(), Event()

    def slowly(self: Image.Image) -> Image.Exif:
        if not first_is_in.is_set():
            first_is_in.set()
            second_may_go.wait(0.2)  # meanwhile the other one waits for the lock, or does not
        else:
            second_may_go.set()
            time.sleep(0.1)
        return Image.Exif()

    content = encode_image(smooth(8, 8))
    monkeypatch.setattr(Image.Image, "getexif", slowly)
    before = list(warnings.filters)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: decode(content, "x"), range(2)))
    assert list(warnings.filters) == before


def test_an_address_in_a_decoders_words_is_left_out(
    picture: Image.Image, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Image.Image) -> None:
        raise OSError(f"cannot read {object()!r}, at {hex(id(self))} of it")

    content = encode(picture, "PNG")
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    assert refusal(content).reason == "OSError: cannot read, at of it"
