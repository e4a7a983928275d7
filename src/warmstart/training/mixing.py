"""Mixup and cutmix: batches whose rows are mixed with other rows of the same batch."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from warmstart.errors import SettingError
from warmstart.training.objective import sent_to
from warmstart.training.randomness import derive


@dataclass(frozen=True, eq=False)
class MixedBatch:
    """``share`` of each row is its own, the rest is of the row in ``partners`` (B,)."""

    inputs: Tensor
    partners: Tensor
    share: float


def mixed(batch: Tensor, *, mixup: float, cutmix: float, seed: int) -> MixedBatch:
    """Mix what enters the module.

    Args:
        batch: (B, …).
        mixup: α of Beta(α, α); 0 for none.
        cutmix: Likewise. One of them is above 0; where both are, each batch draws one, evenly.
        seed: Of this step; nothing else is drawn from.
    """
    rng = np.random.default_rng(derive(seed, "mixing"))
    cuts = cutmix > 0 and (mixup == 0 or rng.random() < 0.5)
    alpha = cutmix if cuts else mixup
    share = float(rng.beta(alpha, alpha))
    partners = sent_to(torch.from_numpy(rng.permutation(len(batch))), batch.device)
    if cuts:
        return cut_and_pasted(batch, partners, share, rng)
    return MixedBatch(share * batch + (1 - share) * batch[partners], partners, share)


def cut_and_pasted(
    batch: Tensor, partners: Tensor, share: float, rng: np.random.Generator
) -> MixedBatch:
    """Paste one box of each partner, of 1 − ``share`` of the area before the borders cut it.

    Args:
        batch: (B, C, H, W).
        partners: (B,) rows to paste from.
        share: Of the area that stays.
        rng: Draws the centre of the box.

    Returns:
        The batch, with the share of the area that did stay.

    Raises:
        SettingError: there is no area to cut from.

    Reference:
        Yun et al., 2019, arXiv 1905.04899, section 3.1 and algorithm A1.
    """
    if batch.ndim != 4:
        raise SettingError(
            f"cutmix cannot cut from inputs of shape {tuple(batch.shape)}.",
            expected="(B, C, H, W): pixels, or activations at a cut before the pooling.",
            fix="pass mixup=0.2 and cutmix=0, or unfreeze some stages: learn.unfreeze().",
        )
    height, width = batch.shape[2:]
    side = math.sqrt(1 - share)
    y, x = int(rng.integers(height)), int(rng.integers(width))
    half_height, half_width = int(height * side) // 2, int(width * side) // 2
    top, bottom = max(0, y - half_height), min(height, y + half_height)
    left, right = max(0, x - half_width), min(width, x + half_width)
    inputs = batch.clone()
    inputs[:, :, top:bottom, left:right] = batch[partners, :, top:bottom, left:right]
    return MixedBatch(inputs, partners, 1 - (bottom - top) * (right - left) / (height * width))
