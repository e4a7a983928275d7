import io
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from warmstart.batches.rendering import stream_pixels
from warmstart.device_views.bare_jpeg import BareJpeg, bare_jpeg
from warmstart.device_views.chosen import device_views, fault_of
from warmstart.device_views.flat_pictures import StoredPicture, flattened
from warmstart.device_views.pending import DeviceBlock, DeviceViews
from warmstart.device_views.placement import plain_placement
from warmstart.device_views.resampling import resample
from warmstart.errors import UnreadableImageError
from warmstart.images.decode import UPRIGHT
from warmstart.images.jpeg import decode_jpeg
from warmstart.images.view import CROP_TYPES, ViewRecipe

CPU = torch.device("cpu")
PLAIN = DeviceViews(CPU)


def planes_of(jpegs: Sequence[BareJpeg]) -> list[Tensor]:
    """What nvJPEG does, by the processor."""
    return [
        torch.from_numpy(
            decode_jpeg(
                jpeg.content, (jpeg.width, jpeg.height), 1, is_cmyk=False, use_damaged=False
            )
        )
        .permute(2, 0, 1)
        .contiguous()
        for jpeg in jpegs
    ]


LIKE_NVJPEG = DeviceViews(CPU, "like-nvjpeg", planes_of)


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    """Soft colours with some noise, as a photo has."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    soft = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    return Image.fromarray((soft + rng.integers(-9, 10, soft.shape)).clip(0, 255).astype(np.uint8))


def jpeg(width: int, height: int, seed: int = 0, orientation: int = 1, **options: object) -> bytes:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    photo(width, height, seed).save(file, "JPEG", exif=exif, **options)
    return file.getvalue()


def shown(views: DeviceViews, recipe: ViewRecipe, contents: Sequence[bytes]) -> NDArray[np.uint8]:
    pending = [views.prepare(recipe, content, "a.jpg") for content in contents]
    return pending[0].finish(range(len(contents)), pending, ()).pixels


def levels_apart(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    return float(np.abs(a.astype(np.int16) - b).mean())


@settings(deadline=None, max_examples=15)
@given(
    sizes=st.lists(st.tuples(st.integers(1, 150), st.integers(1, 150)), min_size=1, max_size=4),
    size=st.integers(8, 60),
    scale=st.floats(1, 2),
    kind=st.sampled_from(CROP_TYPES),
    interpolation=st.sampled_from(["bilinear", "bicubic"]),
    border=st.sampled_from(["reflect", "black"]),
)
def test_views_are_those_of_the_processor(
    sizes: list[tuple[int, int]],
    size: int,
    scale: float,
    kind: str,
    interpolation: str,
    border: str,
) -> None:
    recipe = ViewRecipe(size, interpolation, scale, kind, border)
    pictures = [photo(*of, seed) for seed, of in enumerate(sizes)]
    stored = [StoredPicture(torch.from_numpy(np.array(picture))) for picture in pictures]
    places = [plain_placement(recipe, *picture.size) for picture in pictures]
    views = resample(flattened(stored, CPU), places, interpolation).numpy()
    for view, picture in zip(views, pictures, strict=True):
        assert levels_apart(view, recipe.shown(picture)) <= 1


@pytest.mark.parametrize("size", [(500, 375), (375, 500), (300, 301), (80, 64)])
def test_photos_give_the_very_levels_that_pillow_gives(size: tuple[int, int]) -> None:
    picture, box = photo(*size), ViewRecipe(64)
    side = min(size) / box.pre_crop_scale
    left, top = (size[0] - side) / 2, (size[1] - side) / 2
    wanted = picture.resize(
        (64, 64), Image.Resampling.BICUBIC, (left, top, left + side, top + side)
    )
    flat = flattened([StoredPicture(torch.from_numpy(np.array(picture)))], CPU)
    view = resample(flat, [plain_placement(box, *size)], "bicubic")[0]
    assert (view.numpy() == np.asarray(wanted)).all()


def test_a_view_depends_on_no_picture_beside_it() -> None:
    recipe = ViewRecipe(32)
    contents = [jpeg(90 + 37 * i, 60 + 11 * i, i) for i in range(6)]
    for views in (PLAIN, LIKE_NVJPEG):
        together = shown(views, recipe, contents)
        alone = [shown(views, recipe, [content])[0] for content in contents]
        assert (together == np.stack(alone)).all()


@pytest.mark.parametrize("turn", range(1, 9))
def test_pictures_are_shown_upright(turn: int) -> None:
    recipe, content = ViewRecipe(32), jpeg(70, 50, orientation=turn)
    assert bare_jpeg(content, recipe.at_least()) is not None
    for views in (PLAIN, LIKE_NVJPEG):
        view = shown(views, recipe, [content])[0]
        assert levels_apart(view, recipe.render(content, "a.jpg")) <= 1
    values = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    picture = StoredPicture(torch.from_numpy(values), orientation=turn)
    upright = Image.fromarray(values).transpose(UPRIGHT[turn]) if turn > 1 else None
    wanted = values if upright is None else np.asarray(upright)
    flat = flattened([picture], CPU)
    x, y, c = flat.steps[0].tolist()
    width, height = picture.size
    found = [
        [
            [int(flat.values[flat.first[0] + i * x + j * y + k * c]) for k in range(3)]
            for i in range(width)
        ]
        for j in range(height)
    ]
    assert (np.array(found) == wanted).all()


def test_what_a_device_is_not_given() -> None:
    recipe = ViewRecipe(32)
    sound = jpeg(70, 50)
    cmyk = io.BytesIO()
    photo(70, 50).convert("CMYK").save(cmyk, "JPEG")
    png = io.BytesIO()
    photo(70, 50).save(png, "PNG")
    xmp = io.BytesIO()
    photo(70, 50).save(xmp, "JPEG", xmp=b"<x tiff:Orientation='6'/>")
    for content in (
        jpeg(70, 50, progressive=True),
        jpeg(700, 500),  # a fraction of the size is enough
        cmyk.getvalue(),
        png.getvalue(),
        xmp.getvalue(),
        sound[:200],
        b"",
    ):
        assert bare_jpeg(content, recipe.at_least()) is None
    found = bare_jpeg(sound, recipe.at_least())
    assert found is not None
    assert b"Exif" not in found.content
    assert (
        np.asarray(Image.open(io.BytesIO(found.content))) == Image.open(io.BytesIO(sound))
    ).all()


def test_damage_is_found_and_the_processor_says_what_it_is() -> None:
    recipe, sound = ViewRecipe(32), jpeg(70, 50, quality=95)
    middle = len(sound) // 2
    damaged = [sound[:middle], sound[:middle] + b"\xff\xd9", sound[:middle] + bytes(9)]
    for content in damaged:
        with pytest.raises(UnreadableImageError) as by_processor:
            recipe.render(content, "a.jpg")
        with pytest.raises(UnreadableImageError) as by_device:
            LIKE_NVJPEG.prepare(recipe, content, "a.jpg")
        assert str(by_device.value) == str(by_processor.value)


def test_what_the_device_refuses_the_processor_decodes_and_its_neighbours_do_not_change() -> None:
    recipe, contents = ViewRecipe(32), [jpeg(70, 50, seed) for seed in range(3)]

    def picky(jpegs: Sequence[BareJpeg]) -> list[Tensor]:
        if any(b"\xff\xdb" in item.content and item.width == 71 for item in jpegs):
            raise RuntimeError("NVJPEG_STATUS_BAD_JPEG")
        return [planes.flip(0) for planes in planes_of(jpegs)]  # colours tell who decoded

    views = DeviceViews(CPU, "picky", picky)
    wanted = shown(views, recipe, contents)
    odd = jpeg(71, 50, 5)
    found = shown(views, recipe, [*contents, odd])
    assert (found[:3] == wanted).all()
    assert levels_apart(found[3], recipe.render(odd, "a.jpg")) <= 1


def test_a_stream_of_blocks_in_order_with_its_failures() -> None:
    recipe = ViewRecipe(16)
    contents = [jpeg(40 + i, 30, i) for i in range(7)]
    contents[4] = b"no picture"
    stream = stream_pixels(
        lambda row: LIKE_NVJPEG.prepare(recipe, contents[row], f"{row}.jpg"),
        range(7),
        block=3,
        num_threads=2,
    )
    blocks = list(stream)
    assert all(isinstance(block, DeviceBlock) for block in blocks)
    assert [block.rows.tolist() for block in blocks] == [[0, 1, 2], [3, 5], [6]]
    assert [error.name for block in blocks for error in block.failures] == ["4.jpg"]
    for block in blocks:
        for row, pixels in zip(block.rows, block.pixels, strict=True):
            assert levels_apart(pixels, recipe.render(contents[row], "a.jpg")) <= 1


def test_views_that_are_wrong_are_found_out() -> None:
    assert fault_of(LIKE_NVJPEG) == ""
    negative = DeviceViews(CPU, "x", lambda jpegs: [255 - planes for planes in planes_of(jpegs)])
    assert "levels off" in fault_of(negative)

    def broken(jpegs: Sequence[BareJpeg]) -> list[Tensor]:
        raise OSError("no driver")

    assert fault_of(DeviceViews(CPU, "x", broken)) == "OSError: no driver"

    def refusing(jpegs: Sequence[BareJpeg]) -> list[Tensor]:
        raise RuntimeError("NVJPEG_STATUS_ARCH_MISMATCH")

    assert fault_of(DeviceViews(CPU, "x", refusing)) == "it refuses ordinary JPEGs"


def test_which_devices_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device_views(CPU) is None
    monkeypatch.setenv("WARMSTART_DEVICE_VIEWS", "all")
    found = device_views(CPU)
    assert found is not None
    assert found.name == PLAIN.name != LIKE_NVJPEG.name
