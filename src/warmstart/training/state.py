"""Every tensor of a module, and every mode, taken and put back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def module_state(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, each once.

    Unlike ``state_dict`` this has the buffers that a module does not save: they too decide what
    the next step does.
    """
    return {name: tensor.detach() for name, tensor in module.named_parameters()} | dict(
        module.named_buffers()
    )


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same values in memory of their own."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def put_state(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Write values into a module's own tensors, which stay the same objects."""
    with torch.no_grad():
        for name, tensor in module_state(module).items():
            tensor.copy_(tensors[name])


@contextmanager
def kept_modes(module: nn.Module) -> Iterator[None]:
    """Give every part its own mode back: a frozen BatchNorm may have stayed in eval mode."""
    modes = {part: part.training for part in module.modules()}
    try:
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def part_named(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose name begins with ``prefix`` and a dot, by the rest of their name."""
    begin = f"{prefix}."
    return {name[len(begin) :]: t for name, t in tensors.items() if name.startswith(begin)}


def renamed(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """``prefix`` and a dot before each name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}
