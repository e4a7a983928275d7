"""The laws with views made by torch on a device: the CPU, in place of a GPU, by the same code."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from warmstart import ConvLearner, ImageClassifierData, load_predictor, tfms_from_model
from warmstart.device_views.chosen import SETTING, device_views

ARCH, SIZE = "test_resnet", 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("valid", 6)):
        for number in range(count):
            name = "cat" if number % 2 else "dog"
            place = (
                tmp_path / "photos" / split / name / f"{number}.{'png' if number == 3 else 'jpg'}"
            )
            place.parent.mkdir(parents=True, exist_ok=True)
            small = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
            large = Image.fromarray(small).resize((70 + number, 50), Image.Resampling.BICUBIC)
            large.save(place)
    return tmp_path / "photos"


@pytest.fixture
def by_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(SETTING, "all")
    device_views.cache_clear()
    yield
    device_views.cache_clear()


def learner(folder: Path, cache: Path, *, precompute: bool, openvino: bool = True) -> ConvLearner:
    tfms = tfms_from_model(ARCH, SIZE)
    data = ImageClassifierData.from_paths(folder, tfms, bs=4, quiet=True)
    learn = ConvLearner.pretrained(
        ARCH, data, precompute=False, seed=1, cache_dir=cache, device="cpu",
        precision="f32", quiet=True, pretrained=False,
    )  # fmt: skip
    if not openvino:
        learn.state.parts.torch_cuts["pooled"] = "a test"
        learn.state.parts.forget(backbone_moved=True)
    learn.precompute = precompute
    return learn


@pytest.mark.usefixtures("by_device")
@pytest.mark.parametrize("openvino", [True, False])
def test_stored_is_computed_and_loaded_is_saved(
    folder: Path, tmp_path: Path, openvino: bool
) -> None:
    found = []
    for precompute in (True, False):
        learn = learner(
            folder, tmp_path / str(precompute), precompute=precompute, openvino=openvino
        )
        learn.fit(0.01, 1)
        found.append(learn.predict("valid").probabilities)
        assert learn.numeric_mode.startswith("openvino" if openvino else "torch")
        if openvino:
            learn.save(tmp_path / f"model-{precompute}")
            loaded = load_predictor(tmp_path / f"model-{precompute}", device="cpu")
            paths = [folder / name for name in learn.predict("valid").rows]
            assert (loaded.predict(paths).probabilities == found[-1]).all()
    assert (found[0] == found[1]).all()


def test_rows_of_a_device_never_pass_for_those_of_the_processor(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keys() -> list[bytes]:
        state = learner(folder, tmp_path / "store", precompute=True).state
        rows = state.data.table.rows("train")
        return state.activations.store(state.source, rows)[1]

    by_processor = keys()
    monkeypatch.setenv(SETTING, "all")
    device_views.cache_clear()
    by_device = keys()
    device_views.cache_clear()
    assert not set(by_processor) & set(by_device)


@pytest.mark.usefixtures("by_device")
def test_an_unfrozen_backbone_sees_the_same_views(folder: Path, tmp_path: Path) -> None:
    learn = learner(folder, tmp_path, precompute=False)
    learn.unfreeze()
    learn.fit((1e-5, 1e-4, 1e-3), 1)
    valid = learn.predict("valid").probabilities
    learn.save(tmp_path / "model")
    paths = [folder / name for name in learn.predict("valid").rows]
    loaded = load_predictor(tmp_path / "model", device="cpu").predict(paths)
    assert (loaded.probabilities == valid).all()
