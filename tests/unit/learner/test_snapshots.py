"""The mean over the weights at the ends of cycles."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.unit.learner.conftest import squares

from warmstart import ConvLearner, SettingError
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.sealed import read_sealed

Make = Callable[..., ConvLearner]


@pytest.mark.parametrize(
    ("where", "precompute"), [(-1, False), (-1, True), ("stage2", False), (0, True)]
)
def test_the_mean_is_that_made_by_hand(
    make: Make, tmp_path: Path, where: int | str, precompute: bool
) -> None:
    learn = make(precompute=precompute)
    learn.freeze_to(where)
    runs = tmp_path / "run"
    learn.fit(0.05, 3, cycle_len=1, checkpoint=runs, has_snapshots=True)
    weights = {name: t.clone() for name, t in learn.model.state_dict().items()}
    before = learn.predict()
    mean = learn.predict_snapshots()
    assert learn.predict_snapshots(squares(12, 2)[0]).probabilities.shape == (12, 3)
    after = learn.predict()
    assert np.array_equal(before.probabilities, after.probabilities)
    assert all(torch.equal(weights[name], t) for name, t in learn.model.state_dict().items())
    assert mean.rows == before.rows

    by_hand = []
    for path in Checkpoint(runs / "fit-0.safetensors").snapshot_paths():
        tensors, _ = read_sealed(path)
        other = make(precompute=precompute)
        other.freeze_to(where)
        module = other.state.layers.trainable(other.state.parts.settings.normalise(), "stored")
        own = dict(module.named_parameters()) | dict(module.named_buffers())
        with torch.no_grad():
            for name, tensor in tensors.items():
                own[name].copy_(tensor)
        other.state.parts.forget(backbone_moved=True)
        by_hand.append(other.predict().probabilities)
    assert len(by_hand) == 3
    assert not np.array_equal(by_hand[0], by_hand[1])
    assert np.array_equal(by_hand[2], before.probabilities)  # the last one is what remains
    assert np.array_equal(np.mean(by_hand, axis=0), mean.probabilities)


def test_weights_come_back_after_an_error(make: Make, tmp_path: Path) -> None:
    learn = make()
    learn.unfreeze()
    learn.fit(0.05, 2, cycle_len=1, checkpoint=tmp_path / "run", has_snapshots=True)
    before = learn.predict().probabilities
    with pytest.raises(SettingError, match="no test row"):
        learn.predict_snapshots("test")
    assert np.array_equal(learn.predict().probabilities, before)


def test_freezing_afterwards_changes_nothing(make: Make, tmp_path: Path) -> None:
    learn = make()
    learn.unfreeze()
    learn.fit(0.05, 2, cycle_len=1, checkpoint=tmp_path / "run", has_snapshots=True)
    mean = learn.predict_snapshots().probabilities
    learn.freeze()
    assert np.array_equal(learn.predict_snapshots().probabilities, mean)


def test_no_snapshots_is_an_error(make: Make, tmp_path: Path) -> None:
    learn = make()
    with pytest.raises(SettingError, match="no snapshots"):
        learn.predict_snapshots()
    learn.fit(0.05, 2, cycle_len=1, checkpoint=tmp_path / "run", has_snapshots=True)
    learn.fit(0.05, 1)
    with pytest.raises(SettingError, match="no snapshots"):
        learn.predict_snapshots()
