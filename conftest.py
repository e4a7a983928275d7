"""Examples in docstrings: a method's goes on where its class's ends.

``np`` is numpy, ``folder`` a folder of eight images in two classes, and nothing is stored but for
the example.
"""

import contextlib
import doctest
import gc
import importlib
import inspect
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

# Thousands of tests and all modules are made while they are collected, and stay: to look through
# them for garbage again and again took a quarter of that time.
gc.disable()


def pytest_collection_finish() -> None:
    """Collect garbage from now on, but not what the collection of tests has made."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def example_names(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give an example of ours the names that it begins with."""
    item = request.node
    if not isinstance(item, pytest.DoctestItem) or item.dtest is None:
        return
    place = tmp_path_factory.mktemp("example")
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    patch.setenv("WARMSTART_CACHE", str(place / "cache"))
    names = item.dtest.globs
    names |= {"np": np, "folder": folder_of_images(place / "photos")}
    begun = class_examples(item.dtest.name)
    asked = "".join(each.source for each in item.dtest.examples)
    if re.search(r"\blearn\b", asked) and not re.search(r"\blearn\b", "".join(begun)):
        begun += class_examples("warmstart.learner.conv_learner.ConvLearner.fit")
    for source in begun:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, item.dtest.name, "single"), names)


def folder_of_images(folder: Path) -> Path:
    """train/cat and train/dog, four images of noise each."""
    noise = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)
    for number, pixels in enumerate(noise):
        file = folder / "train" / ("cat", "dog")[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
    return folder


def class_examples(name: str) -> list[str]:
    """What the example of its class does before a method's, line by line."""
    above, _, _ = name.rpartition(".")
    module, _, owner = above.rpartition(".")
    kind: Any = None
    with contextlib.suppress(ImportError, ValueError):
        kind = getattr(importlib.import_module(module), owner, None)
    if not inspect.isclass(kind):
        return []
    return [each.source for each in doctest.DocTestParser().get_examples(kind.__doc__ or "")]
