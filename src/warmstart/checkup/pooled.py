"""The frozen part whose stored activations are those that a frozen learner trains its head on."""

from pathlib import Path

from torch import nn

from warmstart.activations.frozen_part import FrozenPart, resolve_device
from warmstart.backbones.card import Architecture, BackboneCard
from warmstart.backbones.network import Normalise
from warmstart.backbones.pooling import pooled_parts
from warmstart.images.view import ViewRecipe
from warmstart.inference.assembly import NetworkPlan, new_network
from warmstart.training.logistic_head import Parts


def pooled_part(
    arch: Architecture,
    card: BackboneCard,
    recipe: ViewRecipe,
    *,
    weights: Path | None,
    device: str,
    precision: str,
) -> FrozenPart:
    """A pretrained body and its pool.

    Args:
        arch: The backbone.
        card: What its pixels are to be like.
        recipe: What it sees.
        weights: A file with its weights; None is the embedded default or timm's hub.
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto", "f32" or "bf16".
    """
    place = resolve_device(device)
    # no head is needed, so the smallest
    plan = NetworkPlan(arch, 2, recipe.size, sizes=(), weights=weights)
    network, _, _ = new_network(plan)
    return FrozenPart(
        nn.Sequential(Normalise(card.mean, card.std), network.backbone, network.pool),
        backbone=card.name,
        cut="pooled",
        size=recipe.size,
        device=place,
        precision=precision,
    )


def parts_of(frozen: FrozenPart) -> Parts:
    """Columns of its rows that usually tell classes apart best.

    Args:
        frozen: From ``pooled_part``: what it ends with is the pool.
    """
    pool = nn.Identity() if frozen.prefix is None else list(frozen.prefix.children())[-1]
    return next(iter(pooled_parts(pool, frozen.row_shape[0]).values()))
