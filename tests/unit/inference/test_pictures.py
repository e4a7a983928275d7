"""Whatever a user calls an image is read, or refused in words."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from warmstart.errors import SettingError
from warmstart.images.decode import decode
from warmstart.inference.pictures import Pictures

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)


class Place(os.PathLike[str]):
    """A path of somebody's own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    return tmp_path / "a.png"


FORMS: dict[str, Callable[[Path], Any]] = {
    "a text": str,
    "a path": lambda file: file,
    "a path of one's own": Place,
    "bytes": Path.read_bytes,
    "a bytearray": lambda file: bytearray(file.read_bytes()),
    "a memoryview": lambda file: memoryview(file.read_bytes()),
    "BytesIO": lambda file: io.BytesIO(file.read_bytes()),
    "an open file": lambda file: file.open("rb"),
    "an unbuffered file": lambda file: file.open("rb", buffering=0),
    "a PIL image": lambda _: Image.fromarray(PIXELS),
    "an array": lambda _: PIXELS,
    "a stack of one": lambda _: PIXELS[None],
    "a tensor": lambda _: torch.from_numpy(PIXELS),
    "floats": lambda _: PIXELS / 255,
}


def seen(pictures: Any) -> list[Any]:
    found = Pictures(pictures)
    contents = [found.content(place) for place in range(len(found))]
    for given in pictures if isinstance(pictures, list) else [pictures]:
        if isinstance(given, io.IOBase):
            given.close()
    return [np.asarray(decode(content, "x")) for content in contents]


@pytest.mark.parametrize("form", FORMS)
def test_one_picture_in_any_form_alone_and_in_a_list(form: str, file: Path) -> None:
    for given in (FORMS[form](file), [FORMS[form](file), file]):
        found = seen(given)
        assert len(found) == (2 if isinstance(given, list) else 1)
        assert all(np.array_equal(pixels, PIXELS) for pixels in found)


def test_a_file_that_was_just_written_is_read_from_its_beginning() -> None:
    written = io.BytesIO()
    Image.fromarray(PIXELS).save(written, "PNG")
    assert np.array_equal(seen(written)[0], PIXELS)


def test_names_in_a_column_or_an_array(file: Path) -> None:
    for names in (np.array([str(file)] * 2), pd.Series([str(file)] * 2), iter([file, file])):
        assert len(Pictures(names)) == 2


def test_a_stack_of_greys_in_a_list_gives_as_many_rows() -> None:
    assert len(Pictures([PIXELS[None, ..., 0].repeat(5, axis=0), PIXELS])) == 6


def closed() -> io.BytesIO:
    file = io.BytesIO(b"x")
    file.close()
    return file


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (None, "pictures is of NoneType"),
        (3, "pictures is of int"),
        ({"a.png": 1}, "pictures is of dict"),
        ([None], r"pictures\[0\] is of NoneType"),
        ([PIXELS, 3.0], r"pictures\[1\] is of float"),
        ([["a.png"]], r"pictures\[0\] is of list"),
        ("", "pictures=''"),
        ("a\0b", "pictures="),
        ([], "no image to predict"),
        (io.StringIO("x"), "opened as text"),
        (closed(), "cannot be read"),
        (np.array([None]), r"pictures\[0\] is of NoneType"),
    ],
)
def test_what_is_no_picture_is_refused_by_its_place(given: Any, what: str) -> None:
    with pytest.raises(SettingError, match=what):
        Pictures(given)
