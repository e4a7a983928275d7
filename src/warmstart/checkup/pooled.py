"""The same stored activations that a frozen learner trains its head on."""

from pathlib import Path

from torch import nn

from warmstart.backbones.card import Architecture, BackboneCard
from warmstart.backbones.network import Normalise
from warmstart.images.view import ViewRecipe
from warmstart.inference.assembly import NetworkPlan, new_network
from warmstart.inference.frozen_part import FrozenPart, chosen_device
from warmstart.inference.table_activations import Progress, TableActivations


def pooled_activations(
    arch: Architecture,
    card: BackboneCard,
    recipe: ViewRecipe,
    *,
    weights: Path | None,
    cache_dir: Path,
    device: str,
    precision: str,
    progress: Progress,
) -> TableActivations:
    """A pretrained body and its pool, with their store.

    Args:
        arch: The backbone.
        card: What its pixels are to be like.
        recipe: What it sees.
        weights: A file with its weights; None is the embedded default or timm's hub.
        cache_dir: Where activations are kept.
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto", "f32" or "bf16".
        progress: Told what is computed.
    """
    place = chosen_device(device)
    # the head is not used: one that is next to nothing
    plan = NetworkPlan(arch, 2, recipe.size, custom_head=nn.Identity(), weights=weights)
    network, _, _ = new_network(plan)
    frozen = FrozenPart(
        nn.Sequential(Normalise(card.mean, card.std), network.backbone, network.pool),
        backbone=card.name,
        cut="pooled",
        size=recipe.size,
        device=place,
        precision=precision,
    )
    return TableActivations(frozen, cache_dir, progress)
