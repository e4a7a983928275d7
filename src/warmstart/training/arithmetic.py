"""The number type that a module computes in."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def in_arithmetic(module: nn.Module, precision: str) -> Callable[[Tensor], Tensor]:
    """The module as a function to float32 logits; weights stay float32, "bf16" is autocast."""
    if precision == "f32":
        return module

    def run(batch: Tensor) -> Tensor:
        with torch.autocast(batch.device.type, torch.bfloat16):
            logits: Tensor = module(batch)
        return logits.float()

    return run
