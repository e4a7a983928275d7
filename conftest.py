"""Names that the examples in docstrings use: a small learner, its data, and a folder of images."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

USED = ("learn", "data", "photos", "tfms", "folder", "features")


@pytest.fixture(autouse=True)
def example_names(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Put them where an example of ours finds them, new for each one that uses them."""
    item = request.node
    if not isinstance(item, pytest.DoctestItem) or item.dtest is None:
        return
    text = "".join(example.source for example in item.dtest.examples)
    if not any(name in text for name in USED) or "photos = np" in text:
        return
    item.dtest.globs |= example_values(tmp_path_factory.mktemp("example"))


def example_values(place: Path) -> dict[str, Any]:
    """24 images of noise in two classes, and a learner of them; all is kept in ``place``."""
    from PIL import Image

    from warmstart import ConvLearner, HeadClassifier, ImageClassifierData, tfms_from_model

    folder = place / "photos"
    photos = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), np.uint8)
    for number, photo in enumerate(photos[:8]):
        file = folder / "train" / ("cat", "dog")[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(file)
    rows, tfms = (photos, np.arange(24) % 2), tfms_from_model("test_resnet", 32)
    data = ImageClassifierData.from_arrays(
        trn=rows, val=rows, tfms=tfms, classes=("cat", "dog"), quiet=True
    )
    learn = ConvLearner.pretrained(
        "test_resnet", data, pretrained=False, cache_dir=place / "cache", quiet=True
    )
    features = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    labels = np.repeat(["cat", "dog"], 30)
    features[labels == "dog"] += 2
    return {
        "np": np, "learn": learn, "data": data, "photos": photos, "tfms": tfms, "folder": folder,
        "ConvLearner": ConvLearner, "ImageClassifierData": ImageClassifierData,
        "HeadClassifier": HeadClassifier, "tfms_from_model": tfms_from_model,
        "features": features, "labels": labels,
    }  # fmt: skip
