"""Where a JPEG's markers say all, Pillow would have said the same, and nothing else."""

import io
import warnings
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import Base
from tests.unit.images.conftest import Encode, smooth

from warmstart.images import decode as decoding
from warmstart.images.decode import decode, orientation
from warmstart.images.jpeg import read_jpeg_header
from warmstart.images.usual_jpeg import usual_orientation


def saved(mode: str = "RGB", turn: int | None = None, **options: Any) -> bytes:
    if turn is not None:
        exif = Image.Exif()
        exif[Base.Make], exif[Base.Orientation], exif[Base.XResolution] = "maker", turn, 72.0
        options["exif"] = exif
    file = io.BytesIO()
    smooth(24, 16).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


SEEDS = (
    saved(),
    saved(turn=6),
    saved("L", dpi=(72, 72), comment=b"a comment"),
    saved(progressive=True, icc_profile=b"x" * 200, turn=3),
)


def answer(content: bytes) -> int | None:
    header = read_jpeg_header(content)
    return None if header is None else usual_orientation(content, header)


def assert_pillow_agrees(content: bytes) -> None:
    """Without a remark it opens the file as a JPEG of that size and orientation."""
    header, turn = read_jpeg_header(content), answer(content)
    if header is None or turn is None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = Image.open(io.BytesIO(content))
        assert (image.format, image.size) == ("JPEG", (header.width, header.height))
        assert image.mode in {"RGB", "L"}
        assert orientation(image, nullcontext) == turn


@pytest.mark.parametrize("content", SEEDS)
def test_usual_photos_are_usual(content: bytes) -> None:
    assert answer(content) is not None
    assert_pillow_agrees(content)


Edit = tuple[int, bytes, int]  # where, what is put there, in place of how many bytes
EDITS = st.tuples(st.integers(2, 900), st.binary(max_size=3), st.integers(0, 3))


@settings(deadline=None, max_examples=400)
@given(content=st.sampled_from(SEEDS), edits=st.lists(EDITS, max_size=3))
def test_no_header_is_read_as_pillow_would_not(content: bytes, edits: list[Edit]) -> None:
    """Bytes overwritten, cut out, put in."""
    edited = bytearray(content)
    for far, new, num_old in edits:
        place = far % (len(edited) - 8)
        edited[place : place + num_old] = new
    assert_pillow_agrees(bytes(edited))


@pytest.mark.parametrize(
    "content",
    [
        saved("CMYK"),
        saved(turn=9),
        saved(xmp=b'<x tiff:Orientation="6"/>'),
        saved()[:2] + b"\xff\xe2\x00\x08MPF\0ab" + saved()[2:],
        saved()[:2] + b"junk" + saved()[2:],
        saved()[:40],
    ],
)
def test_what_is_rare_is_left_to_pillow(content: bytes) -> None:
    assert answer(content) is None


def test_what_pillow_has_a_limit_for_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    content = saved()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 24 * 16)
    assert answer(content) == 1
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 24 * 16 - 1)
    assert answer(content) is None


def test_pillow_reads_no_header_of_a_usual_photo(
    encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_file: object) -> None:
        raise AssertionError("Pillow was asked")

    monkeypatch.setattr(decoding, "open_image", refuse)
    assert decode(encode(smooth(40, 30), "JPEG"), "x").size == (40, 30)
    assert decode(saved(turn=6), "x").size == (16, 24)
