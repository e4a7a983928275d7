"""Any architecture without its classifier."""

from dataclasses import dataclass

import torch
from torch import nn

from warmstart.backbones.card import Architecture, name_of


@dataclass(frozen=True, eq=False)
class Body:
    """``module`` maps normalised pictures (N, 3, H, W) to a feature map, tokens or a vector."""

    module: nn.Module
    name: str


def build_body(arch: Architecture, *, seed: int = 0) -> Body:
    """Build with random weights that depend on the seed alone.

    Args:
        arch: A timm name, a torchvision factory, or a function.
        seed: For the weights.

    Returns:
        The body.
    """
    import timm  # here: it takes seconds

    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        if not isinstance(arch, str):
            return Body(arch(), name_of(arch))
        module = timm.create_model(arch, pretrained=False, num_classes=0, global_pool="")
    return Body(module, name_of(arch))
