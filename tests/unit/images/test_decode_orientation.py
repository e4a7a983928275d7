import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base
from tests.unit.images.conftest import Encode, smooth

from warmstart.images.decode import UPRIGHT, decode

BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # from upright to how a camera would have stored it


def stored(upright: Image.Image, orientation: int) -> tuple[Image.Image, Image.Exif]:
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    back = BACK.get(orientation)
    return (upright if back is None else upright.transpose(back)), exif


def distance(one: Image.Image, other: Image.Image) -> float:
    pixels = [np.asarray(image, np.float64) for image in (one, other)]
    return float(np.abs(pixels[0] - pixels[1]).max())


def test_every_orientation_is_known() -> None:
    assert set(UPRIGHT) == set(range(2, 9))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_lossless_files_come_back_upright(
    kind: str, orientation: int, picture: Image.Image, encode: Encode
) -> None:
    image, exif = stored(picture, orientation)
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encode(image, kind, exif=exif, **options)
    assert distance(decode(content, "x"), picture) == 0


@pytest.mark.parametrize("at_least", [None, 64])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpegs_come_back_upright_also_when_scaled(
    orientation: int, at_least: int | None, encode: Encode
) -> None:
    upright = smooth(400, 260)
    image, exif = stored(upright, orientation)
    content = encode(image, "JPEG", quality=98, subsampling=0, exif=exif)
    found = decode(content, "x", at_least=at_least)
    size = (400, 260) if at_least is None else (100, 65)
    assert found.size == size
    assert distance(found, upright.resize(size, Image.Resampling.BOX)) <= 4


@pytest.mark.parametrize("value", [0, 9, 1])
def test_an_orientation_that_means_nothing_changes_nothing(
    value: int, picture: Image.Image, encode: Encode
) -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = value
    assert distance(decode(encode(picture, "PNG", exif=exif), "x"), picture) == 0


@pytest.mark.parametrize(
    "block",
    [
        b"Exif\x00\x00",
        b"Exif\x00\x00nonsense",
        b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x05\x00\x12\x01",  # ends within its first entry
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x02\x00\x00\x00\x02ab\x00\x00",
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_broken_exif_block_does_not_cost_the_picture(
    kind: str, block: bytes, picture: Image.Image, encode: Encode
) -> None:
    options: dict[str, int] = {"lossless": 1} if kind == "WEBP" else {"quality": 98}
    plain = decode(encode(picture, kind, **options), "x")
    assert distance(decode(encode(picture, kind, exif=block, **options), "x"), plain) == 0


def test_exif_that_its_own_reader_refuses_does_not_cost_the_picture(
    picture: Image.Image, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Image.Image) -> Image.Exif:
        raise SyntaxError("broken")

    content = encode(picture, "PNG")
    monkeypatch.setattr(Image.Image, "getexif", refuse)
    assert distance(decode(content, "x"), picture) == 0
