"""Which weights and statistics are no numbers (law 18)."""

from collections.abc import Mapping

import torch
from torch import Tensor


def not_finite(tensors: Mapping[str, Tensor]) -> list[str]:
    """Names of tensors with NaN or infinity; masks, which are 0 or infinite throughout, are none.

    >>> not_finite({"a": torch.tensor([1.0, float("nan")]), "b": torch.tensor([0.0, -torch.inf])})
    ['a']
    """
    return [name for name, tensor in tensors.items() if not is_finite(tensor)]


def is_finite(tensor: Tensor) -> bool:
    """Whether all values are numbers, or all are 0 or infinite, as in a mask."""
    if not tensor.is_floating_point() or bool(torch.isfinite(tensor).all()):
        return True
    return (
        tensor.ndim > 0
        and bool((torch.isinf(tensor) | (tensor == 0)).all())
        and not bool(torch.isinf(tensor).all())
    )
