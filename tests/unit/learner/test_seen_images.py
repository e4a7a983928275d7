"""A learner remembers which pictures trained it, through every fit, and its saved model too."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.unit.learner.conftest import make as make
from tests.unit.learner.conftest import small_network, squares

from warmstart import ConvLearner, ImageClassifierData, load_predictor, tfms_from_model
from warmstart.data.seen_images import keys_of

Make = Callable[..., ConvLearner]


def rows_of(learn: ConvLearner, split: str) -> set[int]:
    return set(keys_of(learn.content_hashes(split)).tolist())


def trained(learn: ConvLearner) -> set[int]:
    return set(learn.state.seen.trained.tolist())


def other_data() -> ImageClassifierData:
    half = (0.5, 0.5, 0.5)
    tfms = tfms_from_model(small_network, 32, mean=half, std=half)
    return ImageClassifierData.from_arrays(squares(15, 5), squares(12, 2), tfms, 8)


def test_every_fit_counts_and_nothing_else(make: Make) -> None:
    learn = make()
    learn.lr_find(num_steps=10)
    learn.cross_validate(3, 0.01)
    learn.predict("valid")
    assert trained(learn) == set()
    learn.fit(0.01, 1)
    first = rows_of(learn, "train")
    assert trained(learn) == first
    learn.set_data(other_data())
    learn.fit_head()
    second = rows_of(learn, "train")
    assert second - first
    assert trained(learn) == first | second
    assert not trained(learn) & rows_of(learn, "valid")
    assert learn.state.seen.chose == {}
    assert learn.predict("train").chosen_on_these == ("the model itself",)
    assert learn.predict("valid").chosen_on_these == ()


def test_rows_held_back_do_not_count_but_choose(make: Make) -> None:
    learn = make()
    learn.hold_back(0.3)
    learn.fit(0.01, 1)
    kept, held = learn.state.holdout.split(learn.data.table)
    every = keys_of(learn.content_hashes("train"))
    assert trained(learn) == set(every[kept].tolist())
    assert learn.state.seen.chose == {}
    learn.fit(0.01, 1, keeps_best=True)
    assert set(learn.state.seen.chose["the best epoch"].tolist()) == set(every[held].tolist())
    learn.fit(0.01, 1, keeps_best=True, choose_on="valid")
    assert rows_of(learn, "valid") <= set(learn.state.seen.chose["the best epoch"].tolist())


def test_a_stopped_fit_counts_too(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its weights have moved."""

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    learn = make()
    monkeypatch.setattr("warmstart.learner.fitting.fit_module", stop)
    with pytest.raises(KeyboardInterrupt):
        learn.fit(0.01, 1)
    assert trained(learn) == rows_of(learn, "train")


def test_a_saved_model_leaves_them_out(tmp_path: Path) -> None:
    """In Python, with the bits that the learner gives."""
    for split, (pixels, labels) in (("train", squares(30, 1)), ("valid", squares(12, 2))):
        for number, (picture, label) in enumerate(zip(pixels, labels, strict=True)):
            folder = tmp_path / "squares" / split / str(label)
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(folder / f"{split}{number:02d}.png")
    half = (0.5, 0.5, 0.5)
    tfms = tfms_from_model(small_network, 32, mean=half, std=half)
    learn = ConvLearner.pretrained(
        small_network,
        ImageClassifierData.from_paths(tmp_path / "squares", tfms, 8),
        pretrained=False,
        device="cpu",
        cache_dir=tmp_path / "cache",
        quiet=True,
    )
    learn.fit(0.05, 1)
    shutil.copytree(tmp_path / "squares/valid", tmp_path / "mixed")
    shutil.copytree(tmp_path / "squares/train", tmp_path / "mixed", dirs_exist_ok=True)
    here = learn.predictor().evaluate(tmp_path / "mixed", quiet=True)
    assert np.array_equal(here.probabilities, learn.predict("valid").probabilities)
    there = load_predictor(learn.save(tmp_path / "model"), arch=small_network, device="cpu")
    found = there.evaluate(tmp_path / "mixed", quiet=True)
    assert found.rows == here.rows
    assert np.array_equal(found.probabilities, here.probabilities)
    assert found.accuracy == here.accuracy == learn.predict("valid").accuracy
    assert (tmp_path / "model/seen_pictures.safetensors").stat().st_size < 30 * 8 + 300
