import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, features
from tests.unit.images.conftest import Encode

from warmstart.images.decode import decode


def pixels(image: Image.Image) -> NDArray[np.float64]:
    return np.asarray(image, np.float64)


def assert_shows(content: bytes, expected: Image.Image, *, within: float = 0) -> None:
    found = decode(content, "x")
    assert found.mode == "RGB"
    assert found.size == expected.size
    assert np.abs(pixels(found) - pixels(expected)).max() <= within


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("PPM", {}),
        ("TGA", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG2000", {}),
    ],
)
def test_lossless_rgb_is_bit_equal(
    kind: str, options: dict[str, object], picture: Image.Image, encode: Encode
) -> None:
    assert_shows(encode(picture, kind, **options), picture)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 98, "subsampling": 0}),
        ("JPEG", {"quality": 98, "progressive": True}),
        ("WEBP", {"quality": 98}),
        pytest.param(
            "AVIF",
            {"quality": 98},
            marks=pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF"),
        ),
    ],
)
def test_lossy_rgb_is_near(
    kind: str, options: dict[str, object], picture: Image.Image, encode: Encode
) -> None:
    assert_shows(encode(picture, kind, **options), picture, within=8)


def test_progressive_and_baseline_jpegs_of_the_same_coefficients_agree(
    picture: Image.Image, encode: Encode
) -> None:
    one, other = (encode(picture, "JPEG", quality=90, progressive=p) for p in (False, True))
    assert one != other
    assert_shows(one, decode(other, "x"))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF", "PPM", "JPEG"])
def test_grey(kind: str, picture: Image.Image, encode: Encode) -> None:
    grey = picture.convert("L")
    options = {"quality": 98} if kind == "JPEG" else {}
    content = encode(grey, kind, **options)
    assert_shows(content, grey.convert("RGB"), within=4 if kind == "JPEG" else 0)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_by_its_full_range(kind: str, encode: Encode) -> None:
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    content = encode(Image.fromarray(levels * 257), kind)
    assert Image.open(io.BytesIO(content)).mode.startswith("I;16")
    expected = Image.fromarray(levels.astype(np.uint8)).convert("RGB")
    assert_shows(content, expected)


def test_a_dark_16_bit_picture_stays_dark(encode: Encode) -> None:
    content = encode(Image.fromarray(np.full((4, 4), 2570, np.uint16)), "PNG")
    assert_shows(content, Image.new("RGB", (4, 4), (10, 10, 10)))


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_float_and_32_bit_tiffs_are_scaled_by_what_they_hold(
    dtype: type[np.float32] | type[np.int32], encode: Encode
) -> None:
    values = (np.arange(256).reshape(16, 16) * 10 - 500).astype(dtype)
    expected = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).convert("RGB")
    assert_shows(encode(Image.fromarray(values), "TIFF"), expected)


def test_a_float_tiff_of_one_value_is_black(encode: Encode) -> None:
    content = encode(Image.fromarray(np.full((4, 4), 7.5, np.float32)), "TIFF")
    assert_shows(content, Image.new("RGB", (4, 4)))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM"])
def test_one_bit(kind: str, encode: Encode) -> None:
    board = (np.indices((8, 8)).sum(0) % 2 * 255).astype(np.uint8)
    grey = Image.fromarray(board)
    assert_shows(encode(grey.convert("1"), kind), grey.convert("RGB"))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_palette(kind: str, picture: Image.Image, encode: Encode) -> None:
    palette = picture.quantize(64)
    assert_shows(encode(palette, kind), palette.convert("RGB"))


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_a_transparent_colour_lies_over_white(kind: str, encode: Encode) -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 200, 10, 30])
    image.putpixel((0, 0), 0)
    expected = Image.new("RGB", (4, 4), (200, 10, 30))
    expected.putpixel((0, 0), (255, 255, 255))
    assert_shows(encode(image, kind, transparency=0), expected)


def test_palette_with_an_alpha_per_colour_lies_over_white(encode: Encode) -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 200, 0, 100])
    image.putpixel((0, 0), 0)
    expected = Image.new("RGB", (4, 4), (200, 0, 100))
    expected.putpixel((0, 0), (127, 127, 127))
    assert_shows(encode(image, "PNG", transparency=bytes([128, 255])), expected, within=1)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_colour_named_transparent_lies_over_white(mode: str, encode: Encode) -> None:
    image = Image.new(mode, (4, 4), 7 if mode == "L" else (7, 7, 7))
    image.putpixel((0, 0), 0 if mode == "L" else (0, 0, 0))
    expected = Image.new("RGB", (4, 4), (7, 7, 7))
    expected.putpixel((0, 0), (255, 255, 255))
    transparent = 0 if mode == "L" else (0, 0, 0)
    assert_shows(encode(image, "PNG", transparency=transparent), expected)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_alpha_lies_over_white(kind: str, mode: str, picture: Image.Image, encode: Encode) -> None:
    if (kind, mode) == ("WEBP", "LA"):
        mode = "RGBA"
    image = picture.convert(mode)
    alpha = Image.linear_gradient("L").resize(picture.size)
    image.putalpha(alpha)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    share = pixels(alpha)[..., None] / 255
    base = pixels(image.convert("RGB"))
    over = (base * share + 255 * (1 - share)).round().astype(np.uint8)
    assert_shows(encode(image, kind, **options), Image.fromarray(over), within=1)


def test_cmyk_jpeg_as_pillow_writes_it_with_adobes_inversion(
    picture: Image.Image, encode: Encode
) -> None:
    content = encode(picture.convert("CMYK"), "JPEG", quality=98)
    assert b"Adobe" in content
    assert_shows(content, picture, within=8)


def test_cmyk_tiff(picture: Image.Image, encode: Encode) -> None:
    assert_shows(encode(picture.convert("CMYK"), "TIFF"), picture, within=1)


def test_ycbcr_tiff(picture: Image.Image, encode: Encode) -> None:
    assert_shows(encode(picture.convert("YCbCr"), "TIFF"), picture, within=4)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("GIF", {}),
        ("PNG", {}),  # APNG
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),  # pages
        pytest.param(
            "AVIF",
            {"quality": 98},
            marks=pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF"),
        ),
    ],
)
def test_of_animations_the_first_frame(
    kind: str, options: dict[str, object], encode: Encode
) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    content = encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert getattr(Image.open(io.BytesIO(content)), "n_frames", 1) == 3
    assert_shows(content, frames[0], within=3 if kind == "AVIF" else 0)
