"""Networks put together: a new one for a learner, or the one that a saved card describes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from warmstart.backbones.bodies import build_body, fit_to_size
from warmstart.backbones.card import Architecture
from warmstart.backbones.network import ClassifierNetwork
from warmstart.backbones.pooling import output_shape, pool_for
from warmstart.backbones.weights import load_pretrained
from warmstart.training.head import (
    HeadCard,
    build_head,
    dropouts_of,
    read_head_card,
    refuse_other_head,
)


@dataclass(frozen=True)
class NetworkPlan:
    """What a new network is made of.

    ``num_classes`` is K, ``size`` the side of the pictures in pixels, ``sizes`` and ``ps`` the
    standard head's hidden layers and dropouts, ``custom_head`` a module instead of it, ``weights``
    a file with the body's, ``seed`` for everything that starts at random.
    """

    arch: Architecture
    num_classes: int
    size: int
    sizes: tuple[int, ...] = (512,)
    ps: float | Sequence[float] | None = None
    custom_head: nn.Module | None = None
    weights: Path | None = None
    is_pretrained: bool = True
    seed: int = 0


def new_network(plan: NetworkPlan) -> tuple[ClassifierNetwork, dict[str, Any] | None, str]:
    """Body, pool and a new head.

    Args:
        plan: What it is made of.

    Returns:
        The network, the head's card (None for a custom one), and where the weights came from.
    """
    body = build_body(plan.arch, plan.size, seed=plan.seed)
    source = "none: they began at random, or are the function's own"
    if plan.is_pretrained:
        source = load_pretrained(body.module, plan.arch, plan.weights)
    fit_to_size(body.module, plan.size)
    shape = output_shape(body.module, plan.size)
    pool = pool_for(body.module, shape)
    num_features = int(pool(torch.zeros(shape)).shape[1])
    if plan.custom_head is not None:
        refuse_other_head(plan.custom_head, num_features, plan.num_classes)
        return ClassifierNetwork(body.module, pool, plan.custom_head), None, source
    dropouts = dropouts_of(plan.ps, len(plan.sizes))
    card = HeadCard(num_features, plan.num_classes, plan.sizes, dropouts)
    network = ClassifierNetwork(body.module, pool, build_head(card, seed=plan.seed))
    return network, asdict(card), source


def saved_network(
    arch: Architecture, size: int, head: dict[str, Any] | None, custom_head: nn.Module | None
) -> ClassifierNetwork:
    """The structure that a card describes; its weights are still to be loaded."""
    body = build_body(arch, size)
    fit_to_size(body.module, size)
    built = build_head(read_head_card(head)) if head is not None else custom_head
    pool = pool_for(body.module, output_shape(body.module, size))
    return ClassifierNetwork(body.module, pool, built or nn.Identity())
