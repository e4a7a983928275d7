"""What each process of test_torchrun.py runs: 101 small pictures, and all of a network trains."""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model

NUM_TRAIN, NUM_VALID, SIDE = 101, 37, 32


def pictures(number: int, seed: int) -> tuple[Any, Any]:
    """Noise, of which one class is darker."""
    rng = np.random.default_rng(seed)
    labels = np.arange(number) % 2
    pixels = rng.integers(0, 200, (number, SIDE, SIDE, 3)) + 20 * labels[:, None, None, None]
    return pixels.astype(np.uint8), labels


def learner(cache: Path) -> ConvLearner:
    data = ImageClassifierData.from_arrays(
        trn=pictures(NUM_TRAIN, 1),
        val=pictures(NUM_VALID, 2),
        tfms=tfms_from_model("test_resnet", SIDE),
        bs=16,
    )
    return ConvLearner.pretrained(
        "test_resnet", data, True, pretrained=False, precision="f32", train_precision="f32",
        quiet=True, seed=0, cache_dir=cache, ps=0.0,
    )  # fmt: skip


def main(cache: Path, out: Path) -> None:
    learn = learner(cache)
    frozen = learn.predict("valid").probabilities
    learn.unfreeze()
    curve = learn.lr_find([1e-4, 1e-3, 1e-2], num_steps=6)
    learn.fit([1e-4, 1e-3, 1e-2], 2, cycle_len=1, checkpoint=out / "checkpoints")
    unfrozen = learn.predict("valid").probabilities
    weights = torch.cat([each.detach().ravel() for each in learn.model.parameters()])
    history = learn.history
    name = f"rank-{os.environ.get('RANK', '0')}.npz"
    np.savez(
        out / name,
        frozen=frozen,
        unfrozen=unfrozen,
        sweep=curve.losses,
        steps=history.step_losses,
        valid=[record.valid_loss or 0.0 for record in history.records],
        train=[record.train_loss for record in history.records],
        weights=weights.numpy(),
        threads=torch.get_num_threads(),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
