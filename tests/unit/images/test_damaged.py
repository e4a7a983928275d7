"""Damaged JPEGs are found, by what libjpeg remarks; sound ones are never taken for damaged."""

import io
import os
import random
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.unit.images.conftest import Encode, smooth

from warmstart.errors import UnreadableImageError
from warmstart.images.decode import decode
from warmstart.images.jpeg import read_jpeg_header, tidied

NUM_TRIALS = 60
PHOTOS = Path(
    os.environ.get("WARMSTART_PHOTOS", Path(__file__).parents[4] / "shared" / "data")
)  # beside the repository, where there are any
END = b"\xff\xd9"


def sample_photos() -> list[bytes]:
    """scikit-learn's two photos as they are, and parts of them as other programs write them."""
    folder = resources.files("sklearn.datasets.images")
    found = [(folder / name).read_bytes() for name in ("china.jpg", "flower.jpg")]
    photos = [Image.open(io.BytesIO(content)) for content in found]
    ways: list[dict[str, Any]] = [
        {"quality": 95, "subsampling": 0}, {"quality": 75}, {"progressive": True},
        {"restart_marker_blocks": 8}, {"optimize": True, "quality": 90},
    ]  # fmt: skip
    for number, options in enumerate(ways):
        for photo in photos:
            file = io.BytesIO()
            part = photo.crop((40 * number, 0, 40 * number + 400, 400))
            part.save(file, "JPEG", **options)
            found.append(file.getvalue())
    return found


SAMPLES = sample_photos()


def data_starts(content: bytes) -> int:
    header = read_jpeg_header(content)
    assert header is not None
    return header.num_bytes + 10  # behind the first scan's own header


def cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(data_starts(content), len(content) - 2)] + END


def overwritten(content: bytes, draw: random.Random, number: int) -> bytes:
    place = draw.randrange(data_starts(content), len(content) - 2 - number)
    return content[:place] + draw.randbytes(number) + content[place + number :]


def is_refused(content: bytes, at_least: int | None = None) -> bool:
    try:
        decode(content, "x", at_least=at_least)
    except UnreadableImageError as error:
        return error.reason.startswith("damaged: ")
    return False


@pytest.mark.parametrize("at_least", [None, 48])
@pytest.mark.parametrize(("number", "share"), [(0, 0.98), (512, 0.95), (64, 0.60)])
def test_damage_is_found(number: int, share: float, at_least: int | None) -> None:
    """Bytes put in place of 64 can be data of another picture: that leaves no trace in a third."""
    draw = random.Random(number)
    damaged = [
        overwritten(SAMPLES[i % len(SAMPLES)], draw, number)
        if number
        else cut(SAMPLES[i % len(SAMPLES)], draw)
        for i in range(NUM_TRIALS)
    ]
    found = sum(is_refused(content, at_least) for content in damaged)
    assert found >= share * NUM_TRIALS
    # and what an older version took them for: good ones
    assert sum(not is_refused(content) for content in SAMPLES) == len(SAMPLES)


def test_sound_photos_are_not_refused() -> None:
    for content in SAMPLES:
        assert not is_refused(content)
        assert not is_refused(content, 48)


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="no photos are beside the repository")
def test_a_thousand_photos_are_not_refused() -> None:
    files = sorted(
        path for kind in ("dogscats", "flowers") for path in (PHOTOS / kind).rglob("*.jpg")
    )
    some = random.Random(0).sample(files, min(1000, len(files)))
    assert [str(path) for path in some if is_refused(path.read_bytes(), 64)] == []


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 1}, {"keep_rgb": True}]
)
@pytest.mark.parametrize("at_least", [None, 100, 50, 25])
def test_pixels_are_pillows(mode: str, options: dict[str, object], at_least: int | None) -> None:
    """The same library decodes; versions of it that disagree would change stored rows."""
    file = io.BytesIO()
    photo = Image.open(io.BytesIO(SAMPLES[0])).crop((0, 0, 333, 211)).convert(mode)
    photo.save(file, "JPEG", **options)
    theirs = Image.open(file)
    if at_least is not None:
        scale = {100: 2, 50: 4, 25: 8}[at_least]
        theirs.draft("RGB", (333 // scale, 211 // scale))
    ours = decode(file.getvalue(), "x", at_least=at_least)
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs.convert("RGB")))


def test_what_is_left_of_a_cut_picture_is_used_where_that_is_asked_for() -> None:
    content = SAMPLES[0]
    half = content[: len(content) // 2] + END
    with pytest.raises(UnreadableImageError, match="premature end"):
        decode(half, "x")
    found = np.asarray(decode(half, "x", use_damaged=True))
    whole = np.asarray(decode(content, "x"))
    assert found.shape == whole.shape
    np.testing.assert_array_equal(found[:64], whole[:64])
    assert (found[-1] != whole[-1]).any()
    again = np.asarray(decode(half, "x", use_damaged=True))
    np.testing.assert_array_equal(found, again)


def test_a_sound_picture_is_the_same_where_damaged_ones_are_used() -> None:
    one, other = (decode(SAMPLES[1], "x", use_damaged=used) for used in (False, True))
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_of_a_picture_without_data_nothing_can_be_used() -> None:
    content = SAMPLES[0]
    for junk in (content[: data_starts(content) - 300], b"\xff\xd8\xff\xe0 nothing", b"no JPEG"):
        with pytest.raises(UnreadableImageError):
            decode(junk, "x", use_damaged=True)


def test_bytes_between_the_parts_of_a_header_are_damage_that_can_be_used() -> None:
    content = SAMPLES[0]
    second = 4 + int.from_bytes(content[4:6], "big")
    odd = content[:second] + b"abc" + content[second:]
    with pytest.raises(UnreadableImageError, match="extraneous bytes"):
        decode(odd, "x")
    found = decode(odd, "x", use_damaged=True)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(decode(content, "x")))


def odd_versions(encode: Encode) -> dict[str, bytes]:
    """What cameras write and decoders remark on, though no pixel is lost."""
    plain = bytearray(encode(smooth(96, 64), "JPEG"))
    jfif, scan, adobe = bytearray(plain), bytearray(plain), bytearray()
    jfif[plain.index(b"JFIF\0") + 5] = 3
    scan[data_starts(bytes(plain)) - 3] = 1
    cmyk = encode(smooth(96, 64).convert("CMYK"), "JPEG")
    ycck = bytearray(cmyk)
    ycck[cmyk.index(b"Adobe") + 11] = 7
    rgb = encode(smooth(96, 64), "JPEG", keep_rgb=True)
    adobe = bytearray(rgb)
    adobe[rgb.index(b"Adobe") + 11] = 7
    return {"jfif": bytes(jfif), "scan": bytes(scan), "adobe": bytes(adobe), "ycck": bytes(ycck)}


@pytest.mark.parametrize("kind", ["jfif", "scan", "adobe", "ycck"])
def test_odd_headers_cost_no_picture(kind: str, encode: Encode) -> None:
    content = odd_versions(encode)[kind]
    theirs = Image.open(io.BytesIO(content)).convert("RGB")
    np.testing.assert_array_equal(np.asarray(decode(content, "x")), np.asarray(theirs))
    assert tidied(content) != content
    assert is_refused(cut(content, random.Random(1)))


def test_a_tidy_picture_stays_as_it_is() -> None:
    for content in SAMPLES:
        assert tidied(content) == content


def test_bytes_behind_the_end_are_no_damage() -> None:
    assert not is_refused(SAMPLES[0] + b"whatever a camera puts there")
