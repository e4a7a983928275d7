"""A saved model averages over the very views that its learner does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.learner.conftest import make as make
from tests.unit.learner.conftest import small_network, squares

from warmstart import (
    ConvLearner,
    Predictor,
    load_predictor,
    transforms_basic,
    transforms_side_on,
)
from warmstart.images.augment import Augmentation

Make = Callable[..., ConvLearner]
VIEWS = Augmentation("test", 20, 0.1, flip="side_on", max_zoom=1.2, erasing_probability=0.5)


@pytest.fixture(params=[False, 2, True])
def learn(make: Make, request: pytest.FixtureRequest) -> ConvLearner:
    """With stored activations and without."""
    learner = make(aug_tfms=VIEWS, precompute=request.param)
    learner.fit(0.05, 1)
    return learner


def loaded(learn: ConvLearner, folder: Path) -> Predictor:
    return load_predictor(learn.save(folder), arch=small_network, device="cpu")


def test_law_10_and_14_a_loaded_model_gives_the_bits_of_the_learner(
    learn: ConvLearner, tmp_path: Path
) -> None:
    pictures: Any = squares(12, 2)[0]  # those that validate
    predictor = loaded(learn, tmp_path / "model")
    for n_aug, plain_weight in ((3, None), (2, 0.7), (0, None)):
        here = learn.TTA(n_aug, plain_weight=plain_weight).probabilities
        there = predictor.TTA(pictures, n_aug, plain_weight=plain_weight).probabilities
        assert np.array_equal(here, there)
    assert not np.array_equal(learn.TTA(3).probabilities, here)
    assert np.array_equal(predictor.predict(pictures).probabilities, here)


def test_another_augmentation_gives_other_views(make: Make, tmp_path: Path) -> None:
    pictures: Any = squares(4, 2)[0]
    predictor = loaded(make(aug_tfms=VIEWS), tmp_path / "model")
    own = predictor.TTA(pictures, 2).probabilities
    other = predictor.TTA(pictures, 2, aug_tfms=transforms_side_on).probabilities
    assert not np.array_equal(own, other)


@pytest.mark.parametrize("precompute", [False, True])
def test_a_model_of_plain_views_averages_over_usual_ones_and_says_so(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str], precompute: bool
) -> None:
    """C10, laws 10 and 14: straight after a plain training, in Python as in the shell."""
    learn = make(precompute=precompute)
    learn.fit(0.05, 1)
    pictures: Any = squares(12, 2)[0]
    predictor = loaded(learn, tmp_path / "model")
    there = predictor.TTA(pictures, 2).probabilities
    assert 'the views of TTA differ by "basic"' in capsys.readouterr().err
    learn.quiet = False
    here = learn.TTA(2).probabilities
    assert 'the views of TTA differ by "basic"' in capsys.readouterr().err
    assert np.array_equal(here, there)
    basic = predictor.TTA(pictures, 2, aug_tfms=transforms_basic).probabilities
    assert np.array_equal(there, basic)
    plain = learn.predict("valid").probabilities
    assert not np.array_equal(there, plain)
    assert np.array_equal(learn.TTA(0).probabilities, plain)
    assert np.array_equal(predictor.TTA(pictures, 0).probabilities, plain)
    assert capsys.readouterr().err == ""
    assert len(predictor.TTA(pictures, 2, aug_tfms=VIEWS).rows) == 12


def test_a_folder_from_before_cards_named_the_augmentation(make: Make, tmp_path: Path) -> None:
    learner = make(aug_tfms=VIEWS)
    card = learner.save(tmp_path / "model") / "model.json"
    entry = json.loads(card.read_text())
    assert entry.pop("augmentation")["flip"] == "side_on"
    assert entry.pop("view_seed") == 0
    card.write_text(json.dumps(entry))
    predictor = load_predictor(tmp_path / "model", arch=small_network, device="cpu")
    pictures: Any = squares(12, 2)[0]
    assert np.array_equal(
        predictor.predict(pictures).probabilities, learner.predict("valid").probabilities
    )
    assert len(predictor.TTA(pictures).rows) == 12
