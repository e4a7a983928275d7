"""The head of logistic regression: features divided by their length, and one linear layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.errors import SettingError
from warmstart.training.logistic import LogisticWeights
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

Parts: TypeAlias = tuple[tuple[int, int], ...]
"""First column of each part of the pooled row that is used, and the one after its last."""
KIND = "logistic"
SHORTEST = 1e-12  # a row of zeros stays one
FEWEST_EPOCHS, FEWEST_STEPS = 10, 3000  # at least so many of both
BATCH_ROWS = 256
BATCH_RATE = 3.84  # over the number of columns: half of what momentum 0.9 bears, for any K


@dataclass(frozen=True)
class LogisticHeadCard:
    """What a logistic head is built from: plain data that a saved model can carry.

    ``parts`` are the columns of the pooled row that are used, each divided by its own length.
    """

    num_features: int
    num_classes: int
    parts: Parts
    kind: str = KIND

    def __post_init__(self) -> None:
        """Refuse what no head can be built from.

        Raises:
            SettingError: there is no feature, no class, or a part does not lie in the row.
        """
        ends = [column for part in self.parts for column in part]
        fits = bool(ends) and min(ends) >= 0 and max(ends) <= self.num_features
        if not fits or self.num_classes < 1 or any(first >= last for first, last in self.parts):
            raise SettingError(
                f"a logistic head of the columns {self.parts[:4]} of {self.num_features} features "
                f"and {self.num_classes} classes cannot be built.",
                expected="parts (first, last + 1) within the features, and a class at least.",
                fix="report this: it is a fault of warmstart, or of a file.",
            )

    @property
    def num_used(self) -> int:
        """Number of columns that are used."""
        return num_columns(self.parts)

    @property
    def num_weights(self) -> int:
        """Of its linear layer."""
        return (self.num_used + 1) * self.num_classes


def num_columns(parts: Parts) -> int:
    """How many columns the parts have together."""
    return sum(last - first for first, last in parts)


class DivideByLength(nn.Module):
    """(N, D) → (N, D'): some columns, each part divided by its length, times √ of its number.

    The square root makes a feature's mean square 1, so that weights and rates have the scale of an
    ordinary layer's. A direction then counts, not how strongly a picture excites the network:
    worth several points with few pictures (benchmarks/few_photos.py).
    """

    def __init__(self, parts: Parts) -> None:
        """Say which columns."""
        super().__init__()
        self.parts = parts

    def extra_repr(self) -> str:
        """The columns."""
        return f"parts={self.parts}"

    def forward(self, features: Tensor) -> Tensor:
        """Divide."""
        exact = features.float()  # a sum of squares in bfloat16 would have three digits
        found = []
        for first, last in self.parts:
            part = exact[:, first:last]
            lengths = part.norm(dim=1, keepdim=True).clamp(min=SHORTEST)
            found.append(part / lengths * (last - first) ** 0.5)
        return found[0] if len(found) == 1 else torch.cat(found, dim=1)


def unit_parts(features: NDArray[np.floating], parts: Sequence[tuple[int, int]]) -> NDArray[Any]:
    """The same columns (N, D') in float32, each part of length 1: what the solver is given."""
    found = []
    for first, last in parts:
        part = np.asarray(features[:, first:last], np.float32)
        lengths = np.sqrt(np.einsum("nd,nd->n", part, part, dtype=np.float64))
        found.append(part / np.maximum(lengths, SHORTEST)[:, None].astype(np.float32))
    return found[0] if len(found) == 1 else np.concatenate(found, axis=1)


def build_logistic_head(
    card: LogisticHeadCard, weights: LogisticWeights | None = None
) -> nn.Sequential:
    """Divide, then one linear layer.

    Args:
        card: Which columns, how many classes.
        weights: Of features of length 1, as the solver gives them; None begins at 0.

    Returns:
        (N, D) → (N, K) logits.
    """
    linear = nn.Linear(card.num_used, card.num_classes, device="meta").to_empty(device="cpu")
    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.zero_()
        if weights is not None:
            widths = [last - first for first, last in card.parts]
            lengths = np.concatenate([np.full(width, width**0.5) for width in widths])
            linear.weight.copy_(torch.from_numpy(weights.weight / lengths))
            linear.bias.copy_(torch.from_numpy(weights.bias))
    return nn.Sequential(DivideByLength(card.parts), linear)


def batch_settings(
    card: LogisticHeadCard, penalty: float, num_rows: int, *, is_multi_label: bool, seed: int
) -> FitSettings:
    """Of a fit that comes near the solution.

    SGD, whose decay is the penalty itself. AdamW's is not: the longer it trains, the further it
    leaves the solution behind (benchmarks/logistic_head.py).

    Args:
        card: The head.
        penalty: C of features of length 1; the head's are as long as the root of their number.
        num_rows: N that train.
        is_multi_label: Whether the loss is a mean over classes, of which the solver takes the sum.
        seed: Of the batches.
    """
    width = card.num_used / len(card.parts)
    factor = card.num_classes if is_multi_label else 1
    steps = max(1, num_rows // BATCH_ROWS)
    return FitSettings(
        lrs=(BATCH_RATE / card.num_used * factor,),
        schedule=Schedule(1, max(FEWEST_EPOCHS, -(-FEWEST_STEPS // steps))),
        batch_size=BATCH_ROWS,
        opt="sgd",
        weight_decays=(width / (penalty * num_rows * factor),),
        seed=seed,
    )
