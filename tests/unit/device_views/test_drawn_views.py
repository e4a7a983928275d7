"""Augmented views by torch on a CPU device are those of the processor's threads."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.device_views.test_device_views import (
    CPU,
    LIKE_NVJPEG,
    PLAIN,
    jpeg,
    levels_apart,
    photo,
    planes_of,
)
from torch import Tensor

from warmstart.batches.rendering import stream_pixels
from warmstart.device_views import colouring
from warmstart.device_views.bare_jpeg import BareJpeg
from warmstart.device_views.chosen import fault_of, first_sound
from warmstart.device_views.flat_pictures import StoredPicture, flattened
from warmstart.device_views.pending import WARPER, DeviceBlock, DeviceViews
from warmstart.device_views.view_plan import UprightPlan, WarpPlan, plan_view
from warmstart.device_views.warping import drawn_views
from warmstart.images.augment import Augmentation, Variation, draw_variation
from warmstart.images.augmented import AugmentedRecipe
from warmstart.images.resize import RESIZERS
from warmstart.images.view import CROP_TYPES, ViewRecipe

KINDS = {
    "side_on": Augmentation("side_on", 10, 0.05, flip="side_on"),
    "top_down": Augmentation("top_down", 10, 0.05, flip="top_down", max_zoom=1.4),
    "far": Augmentation("far", 180, 0.3, max_zoom=3),
    "rand_augment": Augmentation(policy="rand_augment"),
    "trivial_augment": Augmentation(policy="trivial_augment"),
    "erasing": Augmentation(flip="side_on", erasing_probability=1),
    "all": Augmentation("all", 30, 0.2, "top_down", 1.5, 0.5, "trivial_augment"),
}


def shown(
    views: DeviceViews, recipe: AugmentedRecipe, contents: Sequence[bytes], view: int
) -> NDArray[np.uint8]:
    pending = [
        views.prepare_drawn(recipe, content, "a.jpg", view, hashlib.sha256(content).digest())
        for content in contents
    ]
    return pending[0].finish(range(len(contents)), pending, ()).pixels


@pytest.mark.parametrize("resizer", RESIZERS)
@pytest.mark.parametrize("crop_type", CROP_TYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_drawn_views_are_those_of_the_processor(kind: str, crop_type: str, resizer: str) -> None:
    border = "black" if crop_type in {"pad", "center"} else "reflect"
    contents = [jpeg(300, 200), jpeg(90, 130, 1), jpeg(1300, 980, 2), jpeg(70, 400, 3, 6)]
    for turned in (border, "reflect"):
        plain = ViewRecipe(96, crop_type=crop_type, border=turned, resizer=resizer)
        recipe = AugmentedRecipe(plain, KINDS[kind], 5)
        for view in (1, 2):
            found = shown(PLAIN, recipe, contents, view)
            for content, pixels in zip(contents, found, strict=True):
                sha256 = hashlib.sha256(content).digest()
                assert levels_apart(pixels, recipe.render(content, "", view, sha256)) <= 1


@settings(deadline=None, max_examples=30)
@given(
    of=st.tuples(st.integers(20, 400), st.integers(20, 400)),
    size=st.integers(24, 70),
    scale=st.floats(1, 2),
    crop_type=st.sampled_from(CROP_TYPES),
    resizer=st.sampled_from(RESIZERS),
    border=st.sampled_from(["reflect", "black"]),
    degrees=st.floats(-180, 180),
    zoom=st.floats(1, 3),
    symmetry=st.integers(0, 7),
)
def test_any_geometry_is_that_of_the_processor(
    of: tuple[int, int],
    size: int,
    scale: float,
    crop_type: str,
    resizer: str,
    border: str,
    degrees: float,
    zoom: float,
    symmetry: int,
) -> None:
    recipe = ViewRecipe(size, "bicubic", scale, crop_type, border, resizer)
    variation = Variation((0.3, 0.9), degrees, zoom, symmetry)
    picture = photo(*of)
    from warmstart.images.geometry import symmetry as of_square
    from warmstart.images.geometry import view_matrix
    from warmstart.images.view import window
    from warmstart.images.warp import warp

    matrix = view_matrix(
        window(of, recipe, zoom, variation.place), of_square(symmetry), degrees, size
    )
    wanted = warp(picture, matrix, size, border=border, interpolation="bicubic", resizer=resizer)
    flat = flattened([StoredPicture(torch.from_numpy(np.array(picture)))], CPU)
    plan = plan_view(recipe, variation, *of)
    assert levels_apart(drawn_views(flat, [plan], size, "bicubic")[0].numpy(), wanted) <= 1


def test_all_kinds_of_plans_are_among_those_that_are_tried() -> None:
    found: set[tuple[bool, ...]] = set()
    for kind in KINDS.values():
        for view in range(1, 40):
            variation = draw_variation(kind, 5, bytes(32), view)
            for size in ((300, 200), (1300, 980), (90, 130)):
                plan = plan_view(ViewRecipe(96), variation, *size)
                if isinstance(plan, WarpPlan):
                    found.add((plan.is_cubic, plan.reduction is not None))
                else:
                    found.add(plan.turn)
    assert found >= {(False, False), (False, True), (True, False)}
    assert len({turn for turn in found if len(turn) == 3}) == 8


@pytest.mark.parametrize("views", [PLAIN, LIKE_NVJPEG])
def test_a_drawn_view_depends_on_no_picture_beside_it(views: DeviceViews) -> None:
    contents = [jpeg(90 + 137 * i, 60 + 91 * i, i) for i in range(6)]
    for kind in ("all", "rand_augment"):
        recipe = AugmentedRecipe(ViewRecipe(32), KINDS[kind], 1)
        for view in (1, 2):
            together = shown(views, recipe, contents, view)
            alone = [shown(views, recipe, [content], view)[0] for content in contents]
            assert (together == np.stack(alone)).all()
            assert (shown(views, recipe, contents[::-1], view)[::-1] == together).all()


def test_threads_change_no_bit_and_plain_views_may_lie_between() -> None:
    recipe = AugmentedRecipe(ViewRecipe(32), KINDS["all"], 1)
    contents = [jpeg(90 + 37 * i, 60 + 11 * i, i) for i in range(9)]

    def pixels(num_threads: int, block: int) -> NDArray[np.uint8]:
        stream = stream_pixels(
            lambda row: LIKE_NVJPEG.prepare_drawn(
                recipe, contents[row], "", row % 3, hashlib.sha256(contents[row]).digest()
            ),
            range(len(contents)),
            block=block,
            num_threads=num_threads,
        )
        blocks = list(stream)
        assert all(isinstance(block, DeviceBlock) for block in blocks)
        return np.concatenate([block.pixels for block in blocks])

    one = pixels(1, 4)
    assert (pixels(3, 2) == one).all()
    for row in (0, 3, 6):
        assert (one[row] == shown(LIKE_NVJPEG, recipe, [contents[row]], 0)[0]).all()
        assert levels_apart(one[row], recipe.plain.render(contents[row], "")) <= 1


def test_a_refused_jpeg_gets_the_view_that_was_drawn_for_it() -> None:
    def refuses(jpegs: Sequence[BareJpeg]) -> list[Tensor]:
        raise RuntimeError("NVJPEG_STATUS_BAD_JPEG")

    recipe, contents = AugmentedRecipe(ViewRecipe(32), KINDS["all"], 1), [jpeg(90, 70, 0, 5)]
    found = shown(DeviceViews(CPU, "refuses", refuses), recipe, contents, 1)
    assert (found == shown(PLAIN, recipe, contents, 1)).all()


def name_of(views: DeviceViews | None) -> str:
    assert views is not None
    assert views.drawn_name(KINDS["all"])
    return views.name


def test_augmented_views_that_are_wrong_are_left_to_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert fault_of(LIKE_NVJPEG, is_drawn=True) == ""
    assert name_of(first_sound((LIKE_NVJPEG, PLAIN))) == LIKE_NVJPEG.name
    negative = DeviceViews(CPU, "x", lambda jpegs: [255 - planes for planes in planes_of(jpegs)])
    with pytest.warns(UserWarning, match="not used as planned"):
        assert name_of(first_sound((negative, PLAIN))) == PLAIN.name
    monkeypatch.setattr(
        "warmstart.device_views.pending.drawn_views",
        lambda *_: 255 - torch.zeros((9, 64, 64, 3), dtype=torch.uint8),
    )
    with pytest.warns(UserWarning, match="Threads of the processor make augmented views"):
        found = first_sound((PLAIN,))
    assert found is not None
    assert found.drawn_name(KINDS["all"]) == ""
    assert found.name == PLAIN.name


def test_an_operation_without_a_form_here_is_left_to_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert all(WARPER in PLAIN.drawn_name(kind) for kind in KINDS.values())
    few = {name: work for name, work in colouring.COLOURINGS.items() if name != "equalize"}
    monkeypatch.setattr(colouring, "COLOURINGS", few)
    assert PLAIN.drawn_name(KINDS["far"])
    with pytest.warns(UserWarning, match=r"1 operation\(s\) of rand_augment .*\(equalize\)"):
        assert PLAIN.drawn_name(KINDS["rand_augment"]) == ""


def test_an_upright_view_is_resized_and_not_warped() -> None:
    assert isinstance(plan_view(ViewRecipe(32), Variation(symmetry=5), 80, 60), UprightPlan)
    assert isinstance(plan_view(ViewRecipe(32), Variation(rotation_degrees=0.1), 80, 60), WarpPlan)
