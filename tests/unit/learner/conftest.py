"""Small coloured squares, and a small network of one's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.images.augment import Augmentation

SIZE = 32


class SmallNetwork(nn.Module):
    """Three stages with BatchNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.ReLU())
        self.stage1 = nn.Sequential(nn.Conv2d(6, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.stage2 = nn.Sequential(nn.Conv2d(8, 10, 3, 2, 1), nn.BatchNorm2d(10), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.stage2(self.stage1(self.stem(x)))
        return out


def small_network() -> nn.Module:
    """With statistics of BatchNorm that are not those of a fresh network."""
    module = SmallNetwork()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            part.running_mean.normal_(0, 0.3)
            part.running_var.uniform_(0.5, 2)
    return module


def squares(num_rows: int, seed: int) -> tuple[Any, Any]:
    """Noise whose mean colour is the class."""
    random = np.random.default_rng(seed)
    labels = np.arange(num_rows) % 3
    pixels = random.integers(0, 256, (num_rows, 40, 40, 3)).astype(np.int64)
    for row, label in enumerate(labels):
        pixels[row, :, :, label] += 40
    return pixels.clip(0, 255).astype(np.uint8), labels


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., ConvLearner]:
    """A learner on 30 training and 12 validation squares."""

    def build(
        *,
        aug_tfms: Augmentation | None = None,
        precompute: bool | int = False,
        seed: int = 0,
        size: int = SIZE,
        bs: int = 8,
        **more: Any,
    ) -> ConvLearner:
        torch.manual_seed(0)
        half = (0.5, 0.5, 0.5)
        tfms = tfms_from_model(small_network, size, aug_tfms=aug_tfms, mean=half, std=half)
        data = ImageClassifierData.from_arrays(squares(30, 1), squares(12, 2), tfms, bs)
        return ConvLearner.pretrained(
            more.pop("arch", small_network), data, precompute, pretrained=False, seed=seed,
            device="cpu", cache_dir=tmp_path / "cache", quiet=True,
            train_precision=more.pop("train_precision", "f32"),  # else each learner measures
            precision=more.pop("precision", "f32"),  # else numbers are those of one processor
            **more,
        )  # fmt: skip

    return build
