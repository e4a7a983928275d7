"""The new part of the network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import torch
from torch import nn

from warmstart.arguments import each, one_or_each, real, whole
from warmstart.errors import SettingError
from warmstart.files.strict import convert
from warmstart.training.logistic_head import KIND, LogisticHeadCard, build_logistic_head

MLP_STEPS = 200  # that an MLP takes at least where nobody gives epochs (docs/experiments.md)
MLP_EPOCHS = 4  # likewise
MLP_DECAY = 0.03  # weight decay of such an MLP, as SGD has it: of 0 to 0.1 the lowest loss


HIDDEN_SIZES = each(whole(1, 1_000_000, example=512))  # how ``xtra_fc`` is read,
DROPOUTS = one_or_each(real(0.5, least=0, below=1))  # and ``ps``


@dataclass(frozen=True)
class HeadCard:
    """What a standard head is built from: plain data that a saved model can carry."""

    num_features: int
    num_classes: int
    sizes: tuple[int, ...] = (512,)
    dropouts: tuple[float, ...] = (0.25, 0.5)

    def __post_init__(self) -> None:
        """Refuse what no head can be built from.

        Raises:
            SettingError: a layer has no unit, the number of dropouts does not fit, or one is
                outside [0, 1).
        """
        if min(self.num_features, self.num_classes, *self.sizes) < 1:
            raise SettingError(
                f"a head of {self.num_features} features, layers of {self.sizes} and "
                f"{self.num_classes} classes cannot be built.",
                expected="at least one of each.",
                fix="pass xtra_fc=[512].",
            )
        if len(self.dropouts) != len(self.sizes) + 1:
            raise SettingError(
                f"ps={self.dropouts} has {len(self.dropouts)} dropouts for {len(self.sizes)} "
                "hidden layers.",
                expected=f"{len(self.sizes) + 1}: one before each linear layer.",
                fix=f"pass ps={(0.5,) * (len(self.sizes) + 1)}.",
            )
        if not all(0 <= p < 1 for p in self.dropouts):
            raise SettingError(
                f"ps={self.dropouts} has a value outside [0, 1).",
                expected="shares of the inputs to drop.",
                fix="pass ps=0.5.",
            )

    @property
    def num_weights(self) -> int:
        """Of its linear layers."""
        widths = (self.num_features, *self.sizes, self.num_classes)
        return sum((first + 1) * second for first, second in pairwise(widths))


AnyHeadCard: TypeAlias = HeadCard | LogisticHeadCard


def read_head_card(entry: Mapping[str, Any]) -> AnyHeadCard:
    """The card of a head, from a model's card; of before there was a choice, it is the MLP's."""
    if entry.get("kind") == KIND:
        return convert(dict(entry), LogisticHeadCard, "the head's card")
    return convert(dict(entry), HeadCard, "the head's card")


def build_head(card: AnyHeadCard, *, seed: int = 0) -> nn.Sequential:
    """BatchNorm–dropout–linear–ReLU for each size, then BatchNorm–dropout–linear to the classes.

    Args:
        card: Sizes of the hidden layers, and one dropout more than those; or a logistic head's,
            whose weights begin at 0.
        seed: What the initial weights depend on, and nothing else does.

    Returns:
        (N, D) → (N, K) logits. Linear layers start as He et al. (2015, arXiv 1502.01852) have it.
    """
    if isinstance(card, LogisticHeadCard):
        return build_logistic_head(card)
    widths = (card.num_features, *card.sizes, card.num_classes)
    layers: list[nn.Module] = []
    for i, dropout in enumerate(card.dropouts):
        layers += [
            nn.BatchNorm1d(widths[i]),
            nn.Dropout(dropout),
            seeded_linear(widths[i], widths[i + 1], seed=seed + i),
        ]
        if i < len(card.sizes):
            layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def check_head_shape(head: nn.Module, num_features: int, num_classes: int) -> None:
    """See that a head maps the body's features to the classes.

    Args:
        head: (N, D) → (N, K).
        num_features: D.
        num_classes: K.

    Raises:
        SettingError: it does not.
    """
    was_training = head.training
    place = next((tensor.device for tensor in head.parameters()), torch.device("cpu"))
    try:
        with torch.inference_mode():
            shape = tuple(head.eval()(torch.zeros(2, num_features, device=place)).shape)
    except (RuntimeError, TypeError, ValueError, AttributeError, IndexError) as error:
        shape = (str(error).partition("\n")[0],)
    finally:
        head.train(was_training)
    if shape != (2, num_classes):
        raise SettingError(
            f"the head makes {shape} of (2, {num_features}) features.",
            expected=f"(2, {num_classes}): a logit for each class.",
            fix=f"pass a head that ends so: nn.Linear({num_features}, {num_classes}).",
        )


def seeded_linear(num_in: int, num_out: int, *, seed: int) -> nn.Linear:
    """A linear layer whose weights depend on the seed alone."""
    layer = nn.Linear(num_in, num_out, device="meta").to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    nn.init.kaiming_normal_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def dropouts_of(ps: float | Sequence[float] | None, num_hidden: int) -> tuple[float, ...]:
    """The note's library's rule: one number is the last dropout, the earlier have half of it."""
    if ps is None:
        ps = 0.5
    if isinstance(ps, (int, float)):
        return (*(ps / 2 for _ in range(num_hidden)), float(ps))
    return tuple(float(p) for p in ps)


def mlp_epochs(num_rows: int, batch_size: int) -> int:
    """Epochs of an MLP where nobody gives them: at least ``MLP_STEPS`` steps, however few rows."""
    steps = max(1, num_rows // batch_size)
    return max(MLP_EPOCHS, -(-MLP_STEPS // steps))
