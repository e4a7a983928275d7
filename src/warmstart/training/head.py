"""The new part of the network."""

from collections.abc import Sequence

import torch
from torch import nn

from warmstart.arguments import each, one_or_each, real, whole
from warmstart.errors import SettingError
from warmstart.training.head_card import AnyHeadCard, LogisticHeadCard
from warmstart.training.logistic_head import bare_linear, build_logistic_head

HIDDEN_SIZES = each(whole(1, 1_000_000, example=512))  # how ``xtra_fc`` is read,
DROPOUTS = one_or_each(real(0.5, least=0, below=1))  # and ``ps``


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
    layer = bare_linear(num_in, num_out)
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
