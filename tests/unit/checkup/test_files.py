from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from warmstart.checkup.check import small_classes
from warmstart.checkup.files import crop_shares, odd_modes, odd_sizes, worst_crops
from warmstart.images.image_file import ImageHeader, read_image_header
from warmstart.images.view import ViewRecipe

RECIPE = ViewRecipe(64)


@pytest.mark.parametrize(
    ("mode", "suffix", "says"),
    [
        ("RGB", "png", None),
        ("L", "png", None),
        ("RGBA", "png", "transparent"),
        ("LA", "png", "transparent"),
        ("P", "png", "palette"),
        ("CMYK", "jpg", "CMYK"),
        ("I;16", "png", "more than 8 bits"),
        ("F", "tiff", "more than 8 bits"),
    ],
)
def test_odd_modes(tmp_path: Path, mode: str, suffix: str, says: str | None) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new(mode, (9, 7)).save(path)
    header = read_image_header(path)
    assert header is not None
    assert (header.width, header.height) == (9, 7)
    assert read_image_header(path.read_bytes()) == header
    found = odd_modes({"a": header})
    assert [says in item.reason for item in found if says] == ([True] if says else [])
    assert bool(found) == bool(says)


def test_what_is_no_picture_has_no_header(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("not found")
    assert read_image_header(tmp_path / "a.jpg") is None
    assert read_image_header(b"") is None
    assert read_image_header(tmp_path / "b.jpg") is None


def test_tiny_and_huge() -> None:
    headers = {
        "tiny": ImageHeader(31, 500, "RGB", False),
        "fine": ImageHeader(32, 500, "RGB", False),
        "huge": ImageHeader(5000, 4001, "RGB", False),
    }
    found = {item.name: item.reason for item in odd_sizes(headers, RECIPE)}
    assert found == {"tiny": "tiny: 31 x 500 pixels", "huge": "huge: 5000 x 4001 pixels"}


def test_what_the_crop_loses() -> None:
    headers = {
        "square": ImageHeader(100, 100, "RGB", False),
        "wide": ImageHeader(400, 100, "RGB", False),
        "wider": ImageHeader(800, 100, "RGB", False),
    }
    kept = 1 / (256 / 224) ** 2
    shares = crop_shares(headers, RECIPE)
    assert list(shares.values()) == pytest.approx([1 - kept, 1 - kept / 4, 1 - kept / 8])
    assert [name for name, _ in worst_crops(shares.items())] == ["wider", "wide"]
    assert set(crop_shares(headers, ViewRecipe(64, crop_type="squash")).values()) == {0}


def test_small_classes() -> None:
    found = small_classes(np.array([500, 30, 5]), np.array([10, 0, 1]), ["a", "b", "c"])
    reasons = {item.name: item.reason for item in found}
    assert reasons == {
        "b": "17 times fewer than the largest class; no validation image",
        "c": "fewer than 20 training images; 100 times fewer than the largest class",
    }
