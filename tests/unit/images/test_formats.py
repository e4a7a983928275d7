"""Every format that the decoder reads has its suffixes in the lister, from one list."""

import importlib.util
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from warmstart.errors import UnreadableImageError
from warmstart.images import formats
from warmstart.images.decode import decode
from warmstart.images.formats import FORMATS, is_image_suffix, unread_reason
from warmstart.images.image_file import read_image_header

PIXELS = np.random.default_rng(0).integers(0, 255, (40, 48, 3)).astype(np.uint8)
# the kinds that Pillow recognises and that are no picture to it alone
NEITHER = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "IPTC", "HEIF", "IM", "IMT"}


def saved(suffix: str, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(file, Image.registered_extensions()[suffix])
    return file.getvalue()


def test_the_list_is_that_of_the_pinned_pillow() -> None:
    Image.init()
    assert set(FORMATS) == set(Image.OPEN) - NEITHER


def test_what_the_list_leaves_out_needs_another_program_or_is_no_picture() -> None:
    for suffix in (".eps", ".ps", ".wmf", ".h5", ".grib", ".bufr", ".mpg", ".pdf", ".iim"):
        assert not is_image_suffix(suffix)
    with pytest.raises(UnreadableImageError):
        decode(saved(".eps"), "x.eps")


READ = sorted(
    suffix
    for suffix, name in (Image.init(), Image.registered_extensions())[1].items()
    if name in Image.SAVE and (name in FORMATS or name == "MPO")
)


@pytest.mark.parametrize("suffix", READ)
def test_what_pillow_writes_and_reads_is_a_picture(suffix: str) -> None:
    mode = {".xbm": "1", ".msp": "1", ".pfm": "F", ".blp": "P", ".xv": "P"}.get(suffix, "RGB")
    content = saved(suffix, mode)
    assert is_image_suffix(suffix)
    assert is_image_suffix(suffix.upper())
    assert decode(content, f"x{suffix}").size == (48, 40) or suffix in {".ico", ".icns"}
    assert read_image_header(content) is not None


@pytest.mark.parametrize("suffix", [".HEIC", ".heif", ".HIF"])
def test_without_the_extra_a_heic_file_is_named_with_what_reads_it(
    suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "has_heif", lambda: False)
    assert not is_image_suffix(suffix)
    assert unread_reason(suffix) == (
        f"{suffix.lower()} can be read after: pip install 'warmstart[heif]'"
    )
    with pytest.raises(UnreadableImageError, match=r"pip install 'warmstart\[heif\]'"):
        decode(b"\x00\x00\x00\x24ftypheic" + bytes(100), "photo.jpg")


@pytest.mark.skipif(importlib.util.find_spec("pillow_heif") is None, reason="needs the extra heif")
def test_with_the_extra_heic_is_read_upright_whatever_its_suffix(tmp_path: Path) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    left_white = np.zeros((40, 64, 3), np.uint8)
    left_white[:, :32] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right by a quarter: what was left is on top
    Image.fromarray(left_white).save(tmp_path / "x.heic", quality=95, exif=exif.tobytes())
    code = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from warmstart.images.decode import decode\n"
        "from warmstart.images.formats import is_image_suffix\n"
        "image = decode(Path(sys.argv[1]).read_bytes(), 'x.jpg')\n"
        "pixels = np.asarray(image, int)\n"
        "assert image.size == (40, 64), image.size\n"
        "assert pixels[:24].mean() > 240 and pixels[40:].mean() < 15\n"
        "assert is_image_suffix('.heic') and is_image_suffix('.HEIC')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "x.heic"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("suffix", "word"),
    [(".CR2", "convert it"), (".svg", "convert it"), (".txt", "not an image suffix: .txt"),
     ("", "not an image suffix: none")],
)  # fmt: skip
def test_each_other_suffix_has_its_reason(suffix: str, word: str) -> None:
    assert not is_image_suffix(suffix)
    assert word in unread_reason(suffix)
