"""Layer groups and the optimiser that moves them."""

from collections.abc import Sequence

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from warmstart.errors import SettingError

MOMENTUM = 0.9


def build_optimiser(
    name: str, groups: Sequence[Sequence[nn.Parameter]], weight_decays: Sequence[float]
) -> Optimizer:
    """One parameter group per layer group, in order; the loop sets their rates at every step.

    Args:
        name: "sgd" (momentum 0.9) or "adamw".
        groups: Parameters, each in exactly one group.
        weight_decays: One per group.

    Raises:
        SettingError: the name is another.
    """
    described = [
        {"params": list(parameters), "weight_decay": decay, "lr": 0.0}
        for parameters, decay in zip(groups, weight_decays, strict=True)
    ]
    if name == "sgd":
        return SGD(described, lr=0.0, momentum=MOMENTUM, fused=True)
    if name == "adamw":
        return AdamW(described, lr=0.0, fused=True)
    raise SettingError(
        f"opt={name!r} is no optimiser that warmstart has.",
        expected='"sgd" (with momentum 0.9) or "adamw".',
        fix='pass opt="sgd".',
    )
