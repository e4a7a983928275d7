"""Pictures on which Pillow has no remark wait for no lock; all others are read in silence."""

import io
import warnings
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import Base
from tests.unit.images.conftest import Encode, smooth

from warmstart.images import silence
from warmstart.images.decode import decode
from warmstart.images.image_file import encode_array
from warmstart.images.silence import may_warn, silence_for


def camera_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "a maker of cameras", "a model"
    exif[Base.Orientation], exif[Base.ResolutionUnit] = 6, 2
    exif[Base.XResolution] = 72.0
    return exif


def pillow_warns(content: bytes) -> bool:
    """Whether it has a remark while it reads what decoding reads."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            image = Image.open(io.BytesIO(content))
            image.getexif().get(Base.Orientation)
        except Exception:  # noqa: BLE001 (on bad bytes it raises whatever it likes)
            return bool(caught)
    return bool(caught)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_usual_pictures_are_decoded_without_a_lock(
    kind: str, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise AssertionError("the lock was taken")

    monkeypatch.setattr(silence, "no_warnings", refuse)
    assert decode(encode(smooth(40, 30), kind), "x").size == (40, 30)
    array = encode_array(np.zeros((4, 6, 3), np.uint8))
    assert decode(array, "x").size == (6, 4)
    photo = encode(smooth(40, 30), "JPEG", exif=camera_exif())
    assert decode(photo, "x").size == (30, 40)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "BMP"])
def test_others_are_read_within_the_lock(kind: str, encode: Encode) -> None:
    assert silence_for(encode(smooth(40, 30), kind)) is silence.no_warnings


def test_a_png_with_exif_or_frames_may_be_remarked_on(encode: Encode) -> None:
    image = smooth(40, 30)
    assert silence_for(encode(image, "PNG")) is nullcontext
    assert may_warn(encode(image, "PNG", exif=camera_exif()))
    assert may_warn(encode(image, "PNG", save_all=True, append_images=[Image.new("RGB", (40, 30))]))


def test_a_number_of_pixels_that_pillow_warns_of(
    encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = [encode(smooth(40, 30), "PNG"), encode(smooth(40, 30), "JPEG")]
    contents.append(encode_array(np.zeros((30, 40, 3), np.uint8)))
    assert not any(map(may_warn, contents))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1199)
    assert all(map(may_warn, contents))


@given(place=st.integers(0, 400), value=st.integers(0, 255), cut=st.integers(0, 3))
def test_what_pillow_warns_of_is_never_called_quiet(place: int, value: int, cut: int) -> None:
    """Bytes of a camera's header, one overwritten or some cut out."""
    file = io.BytesIO()
    smooth(16, 16).save(file, "JPEG", exif=camera_exif())
    content = bytearray(file.getvalue())
    place %= len(content) - 4
    content[place : place + 1 + cut] = bytes([value])
    assert may_warn(bytes(content)) or not pillow_warns(bytes(content))
