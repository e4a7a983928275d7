"""Every tensor of a module: taken, put back, and mixed along a line."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Where on the line is looked: 0 undoes the fit, 1 leaves it as it is."""


def module_state(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name, each once.

    Unlike ``state_dict`` this has the buffers that a module does not save: they too decide what
    the next step does.
    """
    return {name: tensor.detach() for name, tensor in module.named_parameters()} | dict(
        module.named_buffers()
    )


def clone_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same values in memory of their own."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def put_state(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Write values into a module's own tensors, which stay the same objects."""
    with torch.no_grad():
        for name, tensor in module_state(module).items():
            tensor.copy_(tensors[name])


def without_prefix(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose name begins with ``prefix`` and a dot, by the rest of their name."""
    begin = f"{prefix}."
    return {name[len(begin) :]: t for name, t in tensors.items() if name.startswith(begin)}


def with_prefix(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """``prefix`` and a dot before each name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def weights_between(
    before: Mapping[str, Tensor], after: Mapping[str, Tensor], place: float
) -> dict[str, Tensor]:
    """(1 - place) · before + place · after.

    Both ends are given back to the bit. What counts in whole numbers (BatchNorm's steps) has
    nothing between its ends: it is that of after, except at 0.

    Args:
        before: Parameters and buffers by name.
        after: The same names and shapes.
        place: In [0, 1].

    Returns:
        Tensors of their own memory, in the order of ``before``.

    Raises:
        ValueError: the names are not the same.

    Reference:
        Wortsman et al. 2022, Robust fine-tuning of zero-shot models, arXiv 2109.01903, section 3.
    """
    if before.keys() != after.keys():
        odd = sorted(before.keys() ^ after.keys())
        raise ValueError(f"two networks: {odd[0]} is in one of them only")
    if place in (0.0, 1.0):
        end = after if place else before
        return {name: end[name].detach().clone() for name in before}
    found = {}
    with torch.no_grad():
        for name, first in before.items():
            last = after[name]
            is_real = first.is_floating_point()
            found[name] = torch.lerp(first, last.to(first), place) if is_real else last.clone()
    return found
