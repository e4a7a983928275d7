"""A new head like one that is there."""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import nn

from warmstart.errors import SettingError
from warmstart.training.head import HeadCard, build_head
from warmstart.training.randomness import seeded

HeadOf = Callable[[int], nn.Module]
"""A seed → a head that has learned nothing."""


def heads_like(head: nn.Module, card: HeadCard | None, device: torch.device) -> HeadOf:
    """What makes fresh heads.

    Args:
        head: The head that is there; it stays as it is.
        card: What a standard head is built from; None for one of the user's own.
        device: Where new heads go.

    Returns:
        A function of a seed. The caller's random state is untouched by it.
    """
    if card is None:
        return lambda seed: reset_copy(head, seed, device)
    return lambda seed: build_head(card, seed=seed).to(device)


def reset_copy(head: nn.Module, seed: int, device: torch.device) -> nn.Module:
    """A copy of a user's own head that begins anew, as each of its layers says it begins.

    Raises:
        SettingError: some of its parameters belong to a layer that does not say so.
    """
    copy = deepcopy(head).to(device)
    with seeded(seed, device):
        for name, module in copy.named_modules():
            own = [key for key, _ in module.named_parameters(recurse=False)]
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()
            elif own:
                raise SettingError(
                    f"the custom head cannot begin anew: {name or type(module).__name__} has "
                    f"{', '.join(own)} and no reset_parameters().",
                    expected="layers that can reset their own parameters, as torch's can.",
                    fix="give that module a method reset_parameters().",
                )
    for parameter in copy.parameters():
        parameter.grad = None
    return copy
