"""Whatever array shows a picture, the same picture is seen."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from warmstart.errors import SettingError
from warmstart.images.arrays import images_of, stack_of

COLOUR = np.random.default_rng(0).integers(0, 256, (5, 8, 9, 3), np.uint8)
GREY = COLOUR[..., 0]
CLEAR = np.concatenate([COLOUR, np.full((5, 8, 9, 1), 255, np.uint8)], axis=3)


def same(found: Any, expected: Any) -> bool:
    return len(found) == len(expected) and all(
        picture.dtype == np.uint8 and np.array_equal(picture, wanted)
        for picture, wanted in zip(found, expected, strict=True)
    )


FORMS: dict[str, tuple[Any, Any]] = {
    "uint8": (COLOUR, COLOUR),
    "floats from 0 to 1": (COLOUR / 255, COLOUR),
    "float32": ((COLOUR / 255).astype(np.float32), COLOUR),
    "uint16": (COLOUR.astype(np.uint16) * 257, COLOUR),
    "big-endian uint16": ((GREY.astype(np.uint16) * 257).astype(">u2"), GREY),
    "bool": (GREY > 127, np.where(GREY > 127, 255, 0)),
    "greys": (GREY, GREY),
    "greys with an axis": (GREY[..., None], GREY),
    "alpha": (CLEAR, COLOUR),
    "Fortran's order": (np.asfortranarray(COLOUR), COLOUR),
    "a tensor": (torch.from_numpy(COLOUR), COLOUR),
    "a tensor with a gradient": (torch.from_numpy(COLOUR / 255).requires_grad_(), COLOUR),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_stack_of_any_form(form: str) -> None:
    given, expected = FORMS[form]
    assert same(stack_of(given, "x"), expected)
    assert same(images_of(given, "x"), expected)


@pytest.mark.parametrize("form", FORMS)
def test_one_picture_of_any_form(form: str) -> None:
    given, expected = FORMS[form]
    assert same(images_of(given[0], "x"), expected[:1])


def test_alpha_lies_over_white_as_in_files() -> None:
    half = np.zeros((4, 4, 4), np.uint8)
    half[..., 3] = 127
    (found,) = images_of(half, "x")
    assert np.array_equal(found, np.full((4, 4, 3), 128))


def test_pictures_in_a_list_may_differ_in_size_and_kind() -> None:
    several = [COLOUR[0], GREY[1][:4], Image.fromarray(COLOUR[2]).convert("P"), CLEAR[3] / 255]
    found = stack_of(several, "x")
    assert [picture.shape for picture in found] == [(8, 9, 3), (4, 9), (8, 9, 3), (8, 9, 3)]
    assert np.array_equal(found[3], COLOUR[3])
    as_objects = np.empty(4, object)
    as_objects[:] = several
    assert same(stack_of(as_objects, "x"), found)


def test_what_is_found_is_a_copy_that_stays() -> None:
    x = COLOUR.copy()
    found = stack_of(x, "x")
    x[:] = 0
    assert same(found, COLOUR)
    with pytest.raises(ValueError, match="read-only"):
        found[0][:] = 0


DOUBTFUL: dict[str, tuple[Any, str]] = {
    "colours first, or greys": (np.zeros((3, 8, 9)), "x.transpose(1, 2, 0) for one picture"),
    "colours first": (np.zeros((5, 3, 8, 9)), "x.transpose(0, 2, 3, 1)"),
    "12 bits": (np.full((8, 9), 4095, np.uint16), "(x / 4095 * 255)"),
    "floats to 255": (COLOUR.astype(float), 'x.round().astype("uint8")'),
    "integers": (COLOUR.astype(np.int64), 'x.round().astype("uint8")'),
    "normalised": (COLOUR / 128 - 1, "undo the normalising"),
    "no numbers": (np.full((8, 9), np.nan), "nan_to_num"),
    "texts": (np.array([["a", "b"]]), "an array of numbers"),
    "bytes of a file": (np.zeros(99, np.uint8), "x.tobytes()"),
    "five axes": (np.zeros((1, 1, 8, 9, 3)), "stack the images"),
    "nothing": (np.zeros((0, 8, 9, 3)), "at least one"),
}


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_what_is_doubtful_is_refused_with_what_to_type(kind: str) -> None:
    given, fix = DOUBTFUL[kind]
    with pytest.raises(SettingError) as caught:
        images_of(given, "x")
    assert fix in caught.value.fix


def test_the_fix_for_a_tensor_works_on_a_tensor() -> None:
    tensor = torch.from_numpy(COLOUR[0]).permute(2, 0, 1)
    with pytest.raises(SettingError) as caught:
        images_of(tensor, "x")
    call = caught.value.fix.removeprefix("pass ").partition(" for one picture")[0]
    assert same(images_of(eval(call, {"np": np, "x": tensor}), "x"), COLOUR[:1])


def test_the_place_in_a_list_is_named() -> None:
    with pytest.raises(SettingError, match=r"x\[1\]"):
        stack_of([COLOUR[0], None], "x")
    with pytest.raises(SettingError, match=r"x\[0\]"):
        stack_of(np.array([None, None]), "x")
    with pytest.raises(SettingError, match="x makes no array"):
        stack_of([[1, 2], [3]], "x")
