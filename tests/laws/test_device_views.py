"""The laws with views made by torch on a device: the CPU, in place of a GPU, by the same code."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from warmstart import ConvLearner, ImageClassifierData, load_predictor, tfms_from_model
from warmstart.batches.rendering import pixels_of_view
from warmstart.device_views.chosen import SETTING
from warmstart.device_views.pending import WARPER, DeviceBlock, DeviceViews
from warmstart.images.augment import Augmentation

ARCH, SIZE = "test_resnet", 32
VIEWS = Augmentation("own", 20, 0.1, "top_down", 1.3, 0.5, "trivial_augment")


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
def by_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "all")


def learner(
    folder: Path,
    cache: Path,
    *,
    precompute: bool | int,
    openvino: bool = True,
    aug_tfms: Augmentation | None = None,
) -> ConvLearner:
    tfms = tfms_from_model(ARCH, SIZE, aug_tfms=aug_tfms)
    data = ImageClassifierData.from_paths(folder, tfms, bs=4, quiet=True)
    learn = ConvLearner.pretrained(
        ARCH, data, precompute=False, seed=1, cache_dir=cache, device="cpu",
        precision="f32", train_precision="f32", quiet=True, pretrained=False,
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
    by_device = keys()
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


@pytest.mark.usefixtures("by_device")
@pytest.mark.parametrize("where", [-1, -2, 0])
def test_augmented_views_stored_or_not_are_the_same_bits(
    folder: Path, tmp_path: Path, where: int
) -> None:
    found = []
    for precompute in (False, 2):
        cache = tmp_path / str(precompute)
        learn = learner(folder, cache, precompute=False, aug_tfms=VIEWS)
        learn.freeze_to(where)
        learn.precompute = precompute
        assert WARPER in learn.state.source.view_name(1)
        learn.fit(0.01, 2)
        found.append({name: t.clone() for name, t in learn.model.state_dict().items()})
    assert all((tensor == found[1][name]).all() for name, tensor in found[0].items())


@pytest.mark.usefixtures("by_device")
def test_a_body_trains_on_views_that_never_leave_the_device(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = learner(folder, tmp_path, precompute=False, aug_tfms=VIEWS)
    learn.unfreeze()
    batches = [np.arange(5), np.arange(5, 12), np.arange(3)]
    source = learn.state.source
    rows = learn.data.table.rows("train")
    wanted = [
        np.stack([pixels_of_view(source.for_networks.render(int(rows[i]), 3)) for i in batch])
        for batch in batches
    ]

    def fetched(_: DeviceBlock) -> None:
        raise AssertionError("the pixels were fetched")

    monkeypatch.setattr(DeviceBlock, "pixels", property(fetched))
    inputs = learn.state.inputs(precompute=False).batches(learn.state.device)
    for found, expected in zip(inputs.train(batches, 2), wanted, strict=True):
        assert (found.numpy() == expected).all()


@pytest.mark.usefixtures("by_device")
def test_a_saved_model_averages_the_views_that_its_learner_averages(
    folder: Path, tmp_path: Path
) -> None:
    learn = learner(folder, tmp_path, precompute=True, aug_tfms=VIEWS)
    learn.fit(0.01, 1)
    learn.save(tmp_path / "model")
    loaded = load_predictor(tmp_path / "model", device="cpu")
    here = learn.TTA(n_aug=2)
    there = loaded.TTA([folder / name for name in here.rows], n_aug=2)
    assert (here.probabilities == there.probabilities).all()


def test_names_tell_who_made_augmented_views(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "all")
    state = learner(folder, tmp_path, precompute=True, aug_tfms=VIEWS).state
    by_device, by_processor = state.source.view_name(1), state.data.source.view_name(1)
    assert by_device == f"{by_processor} by {WARPER} {DeviceViews(state.device).name}"
    monkeypatch.setattr(DeviceViews, "drawn_name", lambda *_: "")  # an operation without a form
    left = learner(folder, tmp_path, precompute=True, aug_tfms=VIEWS).state.data.source
    assert left.view_name(1) == by_processor
    view = replace(left, views_on=DeviceViews(state.device)).for_networks.render(0, 1)
    assert (pixels_of_view(view) == left.render(0, 1)).all()
