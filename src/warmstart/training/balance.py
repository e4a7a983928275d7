"""Rare classes heard as loud as frequent ones: by weight in the loss, or by more draws."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.arguments import one_of, optional
from warmstart.errors import SettingError
from warmstart.training.randomness import derive
from warmstart.training.settings import FitSettings

WAYS = ("weights", "sampler")
UNEVEN = 1.5  # "auto" does something from this ratio of the largest class to the smallest on


def resolve_balance(balance: object, targets: Tensor) -> str | None:
    """Make "auto" a choice.

    Args:
        balance: "auto", "weights", "sampler" or None.
        targets: Of the training rows: (N,) classes, or (N, K) of 0 and 1.

    Returns:
        "weights", "sampler" or None. "auto" is "weights" where the largest class has ``UNEVEN``
        times as many rows as the smallest, or more; of many labels, each class's rows with the
        label are compared with those without.

    Raises:
        SettingError: rows of many labels are to be drawn by class.
    """
    optional(one_of("auto", *WAYS))("balance", balance)
    if balance == "sampler" and targets.ndim == 2:
        raise SettingError(
            'balance="sampler" draws by class, and an image may have many.',
            expected='balance="weights", which weighs each class of each image by itself.',
            fix='pass balance="weights".',
            flags=("--balance", "weights"),
        )
    if balance == "auto":
        return "weights" if unevenness(targets) >= UNEVEN else None
    return None if balance is None else str(balance)


def balanced(settings: FitSettings, balance: str | None, targets: Tensor) -> FitSettings:
    """Settings that do what was chosen."""
    weights = class_weights(targets) if balance == "weights" else None
    return replace(settings, class_weights=weights, draws_evenly=balance == "sampler")


def unevenness(targets: Tensor) -> float:
    """Rows of the largest class over those of the smallest that has any; 1 is even."""
    if targets.ndim == 2:
        with_label = targets.sum(dim=0).numpy()
        with_label = with_label[(with_label > 0) & (with_label < len(targets))]
        ratios = np.maximum(with_label, len(targets) - with_label) / np.minimum(
            with_label, len(targets) - with_label
        )
        return float(ratios.max()) if len(ratios) else 1.0
    counts = np.bincount(targets.numpy())
    counts = counts[counts > 0]
    return float(counts.max() / counts.min()) if len(counts) else 1.0


def class_weights(targets: Tensor) -> tuple[float, ...]:
    """How much each class (K,) counts in the loss.

    Args:
        targets: (N,) classes: the inverse of each class's number of rows, such that the mean over
            all rows is 1, so that rates mean what they meant; or (N, K) of 0 and 1: how much a row
            with the label counts against one without, so that both kinds count alike.

    Returns:
        One each; 1 for a class that has no rows, or of many labels rows of one kind only.

    Differs from:
        ``torch.nn.CrossEntropyLoss(weight=)``, which divides by the weights in each batch: a batch
        of rare rows would then count no more than another.
    """
    if targets.ndim == 2:
        with_label = targets.double().sum(dim=0)
        has_both = (with_label > 0) & (with_label < len(targets))
        ratio = (len(targets) - with_label) / with_label.clamp(min=1)
        return tuple(torch.where(has_both, ratio, 1.0).tolist())
    counts = torch.bincount(targets).double()
    share = len(targets) / (counts.clamp(min=1) * (counts > 0).sum())
    return tuple(torch.where(counts > 0, share, 1.0).tolist())


def draw_counts(labels: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """How often each row (N,) is drawn in an epoch: N draws, the classes having equally many.

    Within a class no row is drawn twice more than another; who is drawn once more is drawn by lot.

    Args:
        labels: (N,) the class of each row.
        seed: The run's seed.
        epoch: Counted over all fits.
    """
    rng = np.random.default_rng(derive(seed, "balance", epoch))
    found = rng.permutation(np.unique(labels))  # so that no class always has the draws left over
    counts: NDArray[np.int64] = np.zeros(len(labels), np.int64)
    for place, label in enumerate(found):
        rows = np.flatnonzero(labels == label)
        number = len(labels) // len(found) + (place < len(labels) % len(found))
        counts[rows] = number // len(rows)
        counts[rng.permutation(rows)[: number % len(rows)]] += 1
    return counts
