"""A head for arrays of activations in memory: batches out of them, and the logistic fit."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.arguments import shortly
from warmstart.errors import SettingError
from warmstart.training.head_card import LogisticHeadCard, Parts, num_columns
from warmstart.training.head_choice import choose_logistic, choosing_folds, is_solved
from warmstart.training.logistic import LogisticProblem
from warmstart.training.logistic_head import batch_settings, build_logistic_head, unit_parts
from warmstart.training.loop import fit
from warmstart.training.objective import Targets
from warmstart.training.probabilities import BLOCK_ROWS


class ArrayInputs:
    """Training rows (N, D) float32, the same in every epoch; none that are judged meanwhile."""

    def __init__(self, features: NDArray[np.float32], device: torch.device) -> None:
        """Put all rows where the head is."""
        self.features = torch.from_numpy(features).to(device)

    def train(
        self,
        batches: Sequence[NDArray[np.int64]],
        epoch: int,  # noqa: ARG002 - every epoch sees the same
        draws: Sequence[NDArray[np.int64]] | None = None,  # noqa: ARG002 - and every draw
    ) -> Iterator[Tensor]:
        """Each batch (B, D)."""
        for rows in batches:
            yield self.features[torch.from_numpy(rows).to(self.features.device)]

    def valid(self) -> Iterator[Tensor]:
        """Nothing."""
        yield from ()

    def blocks(self) -> Iterator[Tensor]:
        """All rows in order, as ``probabilities`` takes them."""
        yield from torch.split(self.features, BLOCK_ROWS)


def fit_logistic(
    features: NDArray[np.float32],
    targets: torch.Tensor,
    num_classes: int,
    penalty: float | None,
    parts: Parts,
    *,
    seed: int,
    device: torch.device,
) -> tuple[nn.Module, float]:
    """Solve, or train on mini-batches what is too large for it.

    Args:
        features: (N, D).
        targets: (N,) classes, or (N, K) of 0 and 1, as the loss wants them.
        num_classes: K.
        penalty: C; None finds it out of fold.
        parts: Columns that are used.
        seed: Of the folds.
        device: Where it is solved.

    Returns:
        The head and its C.
    """
    labels = targets.numpy().astype(np.int64)
    card = LogisticHeadCard(features.shape[1], num_classes, parts)
    weights = None
    if penalty is None:
        num_weights = num_columns(parts) * num_classes
        folds = choosing_folds(row_units(features), labels, num_weights, seed=seed)
        choice = choose_logistic(features, labels, num_classes, {"X": parts}, folds, device=device)
        penalty, weights = choice.penalty, choice.weights
    elif is_solved(len(labels), num_columns(parts) * num_classes):
        rows = unit_parts(features, parts)
        weights = LogisticProblem(rows, labels, num_classes, device=device).fit(penalty)
    head = build_logistic_head(card, weights).to(device)
    if weights is None:
        settings = batch_settings(
            card, penalty, len(labels), is_multi_label=labels.ndim == 2, seed=seed
        )  # fmt: skip
        inputs = ArrayInputs(features, device)
        fit(head, [list(head.parameters())], inputs, Targets(targets, targets[:0]), settings)
    return head.eval(), penalty


def row_units(features: NDArray[np.float32]) -> list[str]:
    """What must stay in one fold (N,): rows that are equal."""
    return [row.tobytes().hex() for row in features]


def resolve_feature_parts(parts: Any, num_features: int) -> Parts:
    """Columns as pairs; None is all of them.

    Raises:
        SettingError: X has no such columns.
    """
    if parts is None:
        return ((0, num_features),)
    try:
        pairs = tuple((int(first), int(last)) for first, last in parts)
    except (TypeError, ValueError):
        pairs = ()
    if pairs and all(0 <= first < last <= num_features for first, last in pairs):
        return pairs
    raise SettingError(
        f"parts={shortly(parts)} are no columns of X, which has {num_features}.",
        expected="pairs of the first column of a part and the one after its last; or None.",
        fix=f"pass parts=((0, {num_features}),), which is what None means.",
    )
