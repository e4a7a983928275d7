"""Layer groups and the optimiser that moves them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

MOMENTUM = 0.9


def build_optimiser(
    name: str, groups: Sequence[Sequence[nn.Parameter]], weight_decays: Sequence[float]
) -> Optimizer:
    """One parameter group per layer group, in order; the loop sets their rates at every step.

    Args:
        name: "sgd" (momentum 0.9) or "adamw".
        groups: Parameters, each in exactly one group.
        weight_decays: One per group.
    """
    described = [
        {"params": list(parameters), "weight_decay": decay, "lr": 0.0}
        for parameters, decay in zip(groups, weight_decays, strict=True)
    ]
    if name == "sgd":
        return SGD(described, lr=0.0, momentum=MOMENTUM, fused=True)
    return AdamW(described, lr=0.0, fused=True)


def optimiser_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """The optimiser's state by parameter number."""
    return {
        f"{i}.{name}": value
        for i, parameter in enumerate(parameters_of(optimiser))
        for name, value in optimiser.state[parameter].items()
        if isinstance(value, Tensor)
    }


def restore_optimiser(optimiser: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put the state back; fused optimisers want all of it where the parameter is."""
    parameters = parameters_of(optimiser)
    for name, tensor in tensors.items():
        number, key = name.split(".", 1)
        parameter = parameters[int(number)]
        kept = tensor.to(parameter.device)
        if kept.shape == parameter.shape:  # fused kernels walk both in the order of their memory
            kept = torch.empty_like(parameter).copy_(kept)
        optimiser.state[parameter][key] = kept.detach()


def parameters_of(optimiser: Optimizer) -> list[nn.Parameter]:
    """All parameters, group by group."""
    return [p for group in optimiser.param_groups for p in group["params"]]
