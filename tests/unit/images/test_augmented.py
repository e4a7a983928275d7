import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.unit.images.conftest import Encode, smooth

from warmstart.errors import SettingError, UnreadableImageError
from warmstart.images.augment import (
    Augmentation,
    Variation,
    transforms_basic,
    transforms_side_on,
    transforms_top_down,
)
from warmstart.images.augmented import AugmentedRecipe, varied
from warmstart.images.image_file import encode_image
from warmstart.images.light import Erasure
from warmstart.images.policy import Operation
from warmstart.images.view import CROP_TYPES, ViewRecipe

EVERYTHING = Augmentation("everything", 20, 0.2, "top_down", 1.5, 0.5, "rand_augment")
PLAIN = ViewRecipe(32, crop_type="random")
RECIPE = AugmentedRecipe(PLAIN, EVERYTHING, view_seed=5)
CONTENT = encode_image(smooth(150, 100))
SHA256 = hashlib.sha256(CONTENT).digest()
NUM_VIEWS = 12


def view(recipe: AugmentedRecipe, number: int) -> bytes:
    return recipe.render(CONTENT, "x", number, SHA256).tobytes()


VIEWS = """
import hashlib
from tests.unit.images.test_augmented import NUM_VIEWS, RECIPE, view
print(hashlib.sha256(b"".join(view(RECIPE, k) for k in reversed(range(NUM_VIEWS)))).hexdigest())
"""


def test_the_same_in_every_thread() -> None:
    numbers = list(range(NUM_VIEWS)) * 4
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: view(RECIPE, number), numbers))
    assert found == [view(RECIPE, number) for number in numbers]


def test_the_same_in_another_process() -> None:
    here = hashlib.sha256(b"".join(view(RECIPE, k) for k in reversed(range(NUM_VIEWS))))
    there = subprocess.run(
        [sys.executable, "-c", VIEWS], capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == here.hexdigest()


def test_views_differ_from_each_other_and_from_the_plain_one() -> None:
    assert len({view(RECIPE, number) for number in range(NUM_VIEWS)}) == NUM_VIEWS


def test_view_0_is_the_plain_one_and_knows_nothing_of_the_augmentation() -> None:
    for augmentation in (EVERYTHING, transforms_basic):
        recipe = AugmentedRecipe(PLAIN, augmentation, view_seed=1)
        assert recipe.name(0) == PLAIN.name() == ViewRecipe(32).name()
        assert view(recipe, 0) == PLAIN.render(CONTENT, "x").tobytes()


def test_every_parameter_is_in_the_name_of_the_other_views() -> None:
    recipes = [
        RECIPE,
        replace(RECIPE, view_seed=6),
        replace(RECIPE, augmentation=replace(EVERYTHING, max_rotation_degrees=21)),
        replace(RECIPE, augmentation=replace(EVERYTHING, max_lighting=0.3)),
        replace(RECIPE, augmentation=replace(EVERYTHING, flip="side_on")),
        replace(RECIPE, augmentation=replace(EVERYTHING, max_zoom=1.6)),
        replace(RECIPE, augmentation=replace(EVERYTHING, erasing_probability=0.6)),
        replace(RECIPE, augmentation=replace(EVERYTHING, policy=None)),
        replace(RECIPE, plain=replace(PLAIN, size=33)),
        replace(RECIPE, plain=replace(PLAIN, interpolation="bilinear")),
        replace(RECIPE, plain=replace(PLAIN, pre_crop_scale=1.0)),
        replace(RECIPE, plain=replace(PLAIN, border="black")),
        *(replace(RECIPE, plain=replace(PLAIN, crop_type=c)) for c in ("center", "pad", "squash")),
    ]
    names = [recipe.name(number) for recipe in recipes for number in (1, 2)]
    assert len(set(names)) == 2 * len(recipes)
    assert PLAIN.name() not in names


def test_sizes_share_what_was_drawn() -> None:
    """A larger view of the same number shows the same: training may grow its images."""
    plain_light = Augmentation("", 20, 0.2, "top_down", 1.5)
    small = AugmentedRecipe(replace(PLAIN, size=24), plain_light)
    large = AugmentedRecipe(replace(PLAIN, size=48), plain_light)
    for number in range(1, 6):
        one = Image.fromarray(small.render(CONTENT, "x", number, SHA256))
        other = Image.fromarray(large.render(CONTENT, "x", number, SHA256)).reduce(2)
        assert np.abs(np.asarray(one, np.float64) - np.asarray(other, np.float64)).max() <= 8


@pytest.mark.parametrize("crop_type", CROP_TYPES)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_view_that_varies_nothing_is_the_plain_one(
    kind: str, crop_type: str, encode: Encode
) -> None:
    recipe = ViewRecipe(32, crop_type=crop_type)
    content = encode(smooth(400, 300), kind)
    found = varied(content, "x", recipe, Variation()).astype(np.int64)
    expected = recipe.render(content, "x")
    levels = 6 if crop_type == "pad" else 0  # bars of the plain view are whole pixels wide
    assert np.abs(found - expected).max() <= levels


@pytest.mark.parametrize("crop_type", CROP_TYPES)
def test_a_mirrored_view_is_the_plain_one_mirrored(crop_type: str) -> None:
    recipe = ViewRecipe(32, crop_type=crop_type)
    found = varied(CONTENT, "x", recipe, Variation(symmetry=1)).astype(np.int64)
    assert np.abs(found[:, ::-1] - recipe.render(CONTENT, "x")).max() <= 6


def test_a_random_crop_reaches_every_edge_and_leaves_none() -> None:
    ramp = np.zeros((100, 200, 3), np.uint8)
    ramp[..., 0] = np.arange(200)
    ramp[..., 1] = np.arange(100)[:, None]
    content = encode_image(Image.fromarray(ramp))
    recipe = ViewRecipe(32, crop_type="random", pre_crop_scale=2.0)
    for x, y in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 0.5)]:
        found = varied(content, "x", recipe, Variation(place=(x, y)))
        assert found[0, 0, 0] == pytest.approx(150 * x, abs=2)
        assert found[0, -1, 0] == pytest.approx(150 * x + 49, abs=2)
        assert found[0, 0, 1] == pytest.approx(50 * y, abs=2)
        assert found[-1, 0, 1] == pytest.approx(50 * y + 49, abs=2)


def test_a_zoom_shows_the_middle_larger() -> None:
    recipe = ViewRecipe(32, pre_crop_scale=1.0)
    zoomed = varied(CONTENT, "x", recipe, Variation(zoom=2.0))
    larger = varied(CONTENT, "x", replace(recipe, pre_crop_scale=2.0), Variation())
    np.testing.assert_array_equal(zoomed, larger)


def test_a_zoomed_jpeg_is_decoded_as_large_as_the_zoom_needs(encode: Encode) -> None:
    """Fine lines, 3 pixels apart: decoded at a half for the plain view, they would be grey."""
    lines = (np.arange(300) % 3 == 0).astype(np.uint8) * 255
    image = Image.fromarray(np.broadcast_to(lines, (300, 300)).copy()).convert("RGB")
    content = encode(image, "JPEG", quality=95)
    found = varied(content, "x", ViewRecipe(32, pre_crop_scale=1.0), Variation(zoom=9.0))
    assert found.std() > 75


def test_colour_light_and_erasing_follow_the_warp() -> None:
    grey = encode_image(Image.new("RGB", (64, 64), (100, 100, 100)))
    drawn = Variation(
        brightness=0.1,
        operations=(Operation("solarize", 1.0), Operation("rotate", 5.0)),
        erasure=Erasure(0.0, 0.0, 0.5, 0.5, seed=1),
    )
    found = varied(grey, "x", ViewRecipe(32), drawn)
    assert set(np.unique(found[16:])) <= {180, 181}  # 255 - 100 + 0.1 * 255
    assert found[:16, :16].std() > 60


@pytest.mark.parametrize("preset", [transforms_basic, transforms_side_on, transforms_top_down])
@pytest.mark.parametrize("crop_type", CROP_TYPES)
def test_presets_on_every_crop(crop_type: str, preset: Augmentation) -> None:
    recipe = AugmentedRecipe(ViewRecipe(32, crop_type=crop_type), preset)
    mean = recipe.plain.render(CONTENT, "x").mean()
    found = [recipe.render(CONTENT, "x", number, SHA256) for number in range(1, 7)]
    assert len({pixels.tobytes() for pixels in found}) == 6
    for pixels in found:
        assert pixels.shape == (32, 32, 3)
        assert pixels.dtype == np.uint8
        assert abs(pixels.mean() - mean) < 40


def test_an_unreadable_image_is_refused_by_name() -> None:
    for number in (0, 1):
        with pytest.raises(UnreadableImageError, match=r"pets/a\.jpg"):
            RECIPE.render(b"", "pets/a.jpg", number, SHA256)


def test_a_negative_view_is_refused() -> None:
    with pytest.raises(SettingError, match="view is -1"):
        RECIPE.name(-1)
    with pytest.raises(SettingError, match="view is -1"):
        RECIPE.render(CONTENT, "x", -1, SHA256)
