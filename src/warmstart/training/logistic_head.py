"""The head of logistic regression: features divided by their length, and one linear layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.training.head_card import LogisticHeadCard, Parts
from warmstart.training.logistic import LogisticWeights
from warmstart.training.logistic_answers import SHORTEST, LogisticAnswers
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

FEWEST_EPOCHS, FEWEST_STEPS = 10, 3000  # at least so many of both
BATCH_ROWS = 256
BATCH_RATE = 3.84  # over the number of columns: half of what momentum 0.9 bears, for any K


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
    linear = bare_linear(card.num_used, card.num_classes)
    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.zero_()
        if weights is not None:
            widths = [last - first for first, last in card.parts]
            lengths = np.concatenate([np.full(width, width**0.5) for width in widths])
            linear.weight.copy_(torch.from_numpy(weights.weight / lengths))
            linear.bias.copy_(torch.from_numpy(weights.bias))
    return nn.Sequential(DivideByLength(card.parts), linear)


def bare_linear(num_in: int, num_out: int) -> nn.Linear:
    """A linear layer whose weights mean nothing yet; nothing is drawn from the random state.

    Torch's own ways to such a layer (``skip_init``, the meta device) load its compiler's shapes and
    sympy: 0.7 s of a process that fits a head.
    """
    with torch.random.fork_rng([]):
        return nn.Linear(num_in, num_out)


def logistic_answers(module: nn.Module) -> LogisticAnswers | None:
    """How a logistic head on the CPU answers; None for any other module."""
    if not isinstance(module, nn.Sequential) or len(module) != 2:
        return None
    divide, linear = module
    if not isinstance(divide, DivideByLength) or not isinstance(linear, nn.Linear):
        return None
    if linear.weight.device.type != "cpu":
        return None
    weight, bias = linear.weight.detach().numpy(), linear.bias.detach().numpy()
    return LogisticAnswers(divide.parts, weight, bias)


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
