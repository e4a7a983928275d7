"""Layer groups, what each one is told, and the optimiser that moves them."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from warmstart.errors import SettingError

MOMENTUM = 0.9


def per_group(values: object, names: Sequence[str], argument: str = "lr") -> tuple[float, ...]:
    """One number per layer group.

    Args:
        values: What the user passed: one number for all, or a list, tuple or array of them.
        names: What the groups are called, the first layers first.
        argument: How the user calls the values.

    Raises:
        SettingError: there are neither one nor as many as groups, or one is no number.
    """
    example = tuple(float(f"1e-{2 + len(names) - i}") for i in range(1, len(names) + 1))
    shown = f"pass {argument}={example if len(example) > 1 else example[0]}."
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.array(np.nan)
    if not np.isfinite(numbers).all():
        raise SettingError(
            f"{argument}={values!r} is no number and no list of numbers.",
            expected="one number, or one per layer group.",
            fix=shown,
        )
    if numbers.ndim == 0:
        return (float(numbers),) * len(names)
    if numbers.shape != (len(names),):
        count = "1 layer group" if len(names) == 1 else f"{len(names)} layer groups"
        raise SettingError(
            f"{argument} has {'×'.join(map(str, numbers.shape))} values and the network has "
            f"{count} ({', '.join(names)}).",
            expected="one number, or one per layer group.",
            fix=shown.replace(").", "), the first layers' first."),
        )
    return tuple(float(number) for number in numbers)


def check_groups(
    module: nn.Module,
    groups: Sequence[Sequence[nn.Parameter]],
    lrs: Sequence[float],
    weight_decays: Sequence[float],
) -> None:
    """Every trainable parameter is in exactly one group, a frozen one in none.

    Args:
        module: What is trained.
        groups: Its parameters, by layer group.
        lrs: One per group.
        weight_decays: One per group.

    Raises:
        SettingError: it is not so, or a rate or weight decay is missing or left over.
    """
    for argument, values in (("lr", lrs), ("wds", weight_decays)):
        per_group(values, [f"group {i}" for i in range(len(groups))], argument)
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    times: dict[int, int] = {}
    for parameters in groups:
        for parameter in parameters:
            times[id(parameter)] = times.get(id(parameter), 0) + 1
    wrong = [
        f"{name} (in {times.get(id(p), 0)} groups{'' if p.requires_grad else ', frozen'})"
        for name, p in module.named_parameters()
        if times.get(id(p), 0) != int(p.requires_grad)
    ]
    wrong += [f"a parameter in {times[key]} groups" for key in times if key not in names]
    if wrong:
        raise SettingError(
            f"{len(wrong)} parameters do not fit the layer groups; the first: {wrong[0]}.",
            expected="each trainable parameter of the module in one group, a frozen one in none.",
            fix="build the groups from the module's own parameters that have requires_grad.",
        )


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
