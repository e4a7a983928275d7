"""Networks put together: a new one for a learner, or the one that a saved card describes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from warmstart.activations.frozen_part import FrozenSettings
from warmstart.backbones.build import build_backbone, fit_to_size
from warmstart.backbones.card import Architecture, check_arch, is_torchvision
from warmstart.backbones.network import ClassifierNetwork
from warmstart.backbones.pooling import output_shape, pool_for
from warmstart.backbones.weights import CLASSIFIER_PREFIXES, load_pretrained
from warmstart.errors import ModelFolderError, WarmstartError, WeightsError
from warmstart.inference.model_card import COPY_AGAIN, ModelCard
from warmstart.inference.model_folder import SavedModel, member_prefix
from warmstart.inference.model_weights import joined_state, saved_tensors
from warmstart.training.head import build_head, check_head_shape, dropouts_of
from warmstart.training.head_card import HeadCard, read_head_card

MOST_MISSING = 30_000_000  # weights that a network may have more than its file: 120 MB


@dataclass(frozen=True)
class NetworkPlan:
    """What a new network is made of.

    ``num_classes`` is K, ``size`` the side of the pictures in pixels, ``sizes`` and ``ps`` the
    standard head's hidden layers and dropouts, ``custom_head`` a module instead of it, ``weights``
    a file with the backbone's, ``seed`` for everything that starts at random.
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
    backbone = build_backbone(plan.arch, plan.size, seed=plan.seed)
    source = "none: they began at random, or are the function's own"
    if plan.is_pretrained:
        source = load_pretrained(backbone.module, plan.arch, plan.weights)
    fit_to_size(backbone.module, plan.size)
    shape = output_shape(backbone.module, plan.size)
    pool = pool_for(backbone.module, shape)
    head, card = new_head(plan, int(pool(torch.zeros(shape)).shape[1]))
    return ClassifierNetwork(backbone.module, pool, head), card, source


def new_head(plan: NetworkPlan, num_features: int) -> tuple[nn.Module, dict[str, Any] | None]:
    """The head of a new network, and its card; None for a custom one.

    Args:
        plan: What the network is made of.
        num_features: D of the pooled row.
    """
    if plan.custom_head is not None:
        check_head_shape(plan.custom_head, num_features, plan.num_classes)
        return plan.custom_head, None
    dropouts = dropouts_of(plan.ps, len(plan.sizes))
    card = HeadCard(num_features, plan.num_classes, plan.sizes, dropouts)
    return build_head(card, seed=plan.seed), asdict(card)


def loaded_networks(
    saved: SavedModel, archs: Sequence[Architecture], custom_head: nn.Module | None
) -> list[ClassifierNetwork]:
    """The networks that a model folder holds.

    Args:
        saved: What its card says.
        archs: What the card's architectures stand for.
        custom_head: Of a model that was saved with a head of the user's own.

    Returns:
        Body, pool and head of each, with the saved weights.

    Raises:
        ModelFolderError: the card describes a network that cannot be, or weights of another one.
    """
    cards = saved.card.of_each
    try:
        needed = [num_weights(arch, card.head) for arch, card in zip(archs, cards, strict=True)]
        check_enough_weights(saved, sum(needed))
        networks = [
            empty_network(card, arch, custom_head) for card, arch in zip(cards, archs, strict=True)
        ]
    except WarmstartError as error:
        raise ModelFolderError(
            f"{saved.folder}: {error.what}", expected=error.expected, fix=COPY_AGAIN
        ) from error
    wanted = joined_state([network.state_dict() for network in networks])
    tensors = saved_tensors(saved, {name: tuple(each.shape) for name, each in wanted.items()})
    for number, network in enumerate(networks):
        prefix = member_prefix(number)
        network.load_state_dict({name: tensors[prefix + name] for name in network.state_dict()})
    return networks


def empty_network(
    card: ModelCard, arch: Architecture, custom_head: nn.Module | None
) -> ClassifierNetwork:
    """A network of a card's structure, whose weights mean nothing yet."""
    backbone = build_backbone(arch, card.recipe["size"])
    fit_to_size(backbone.module, card.recipe["size"])
    pool = pool_for(backbone.module, output_shape(backbone.module, card.recipe["size"]))
    head = custom_head if card.head is None else build_head(read_head_card(card.head))
    return ClassifierNetwork(backbone.module, pool, head or nn.Identity())


def check_enough_weights(saved: SavedModel, needed: int) -> None:
    """See that a file has about enough weights, before a network is built to put them in.

    Whether they are those of the network is seen when it is built: some are smaller at smaller
    sizes of pictures.

    Raises:
        WeightsError: it has not.
    """
    there = saved.header.num_values
    if needed > there + MOST_MISSING:
        raise WeightsError(
            f"it holds {there:,} weights, and {saved.card.name} with its head needs {needed:,}.",
            expected="the weights that were saved with the card.",
            fix=COPY_AGAIN,
        )


def num_weights(arch: Architecture, head: dict[str, Any] | None) -> int:
    """How many weights a saved network has at least, found without room for them.

    What is not timm's or torchvision's is the user's own, and is built as it is.
    """
    own = 0 if head is None else read_head_card(head).num_weights
    if not isinstance(arch, str) and not is_torchvision(arch):
        return own
    import timm  # here: it takes seconds

    if isinstance(arch, str):
        check_arch(arch)
    with torch.random.fork_rng([]), torch.device("meta"):
        whole: Any = timm.create_model(arch) if isinstance(arch, str) else arch()
    return own + sum(
        int(weights.numel())
        for name, weights in whole.named_parameters()
        if not name.startswith(CLASSIFIER_PREFIXES)
    )


def frozen_settings(card: ModelCard) -> FrozenSettings:
    """What a card says of the frozen part of its network."""
    return FrozenSettings(
        card.arch, card.mean, card.std, card.recipe["size"], card.precision, card.mode
    )
