"""Which weights and statistics are no numbers (law 18)."""

from collections.abc import Mapping

import torch
from torch import Tensor

LEARNED = {"weight", "bias", "running_mean", "running_var"}  # what no mask is called


def not_finite(tensors: Mapping[str, Tensor]) -> list[str]:
    """Names of tensors with NaN or infinity; masks, which are 0 or infinite throughout, are none.

    >>> not_finite({"a": torch.tensor([1.0, torch.nan]), "mask": torch.tensor([0.0, -torch.inf])})
    ['a']
    """
    return [
        name
        for name, tensor in tensors.items()
        if not is_finite(tensor) and (name.rpartition(".")[2] in LEARNED or not is_mask(tensor))
    ]


def told_not_finite(tensors: Mapping[str, Tensor]) -> str:
    """Which tensors are not finite, in words; "" where all are.

    >>> told_not_finite({"a": torch.tensor([torch.nan]), "b": torch.tensor([1.0])})
    "weights that are not finite, in 1 of 2 tensors, 'a' first"
    """
    wrong = not_finite(tensors)
    if not wrong:
        return ""
    where = f"in {len(wrong)} of {len(tensors)} tensors, {wrong[0]!r} first"
    return f"weights that are not finite, {where}"


def is_finite(tensor: Tensor) -> bool:
    """Whether all values are numbers."""
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def is_mask(tensor: Tensor) -> bool:
    """Whether some values are infinite, and all others 0."""
    infinite = torch.isinf(tensor)
    return bool((infinite | (tensor == 0)).all()) and not bool(infinite.all())
