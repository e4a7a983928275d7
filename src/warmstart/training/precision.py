"""The number type that training steps compute in: chosen by measuring, once."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from warmstart.training.objective import Inputs, Targets, loss_per_row
from warmstart.training.settings import FitSettings
from warmstart.training.state import kept_modes

NUM_ROWS = 8  # enough to tell: the ratio is that of whole batches
NUM_TIMED = 2
WORTHWHILE = 0.87  # bf16 has to be an eighth faster, else the more exact arithmetic stays


def measured_precision(
    module: nn.Module, inputs: Inputs, targets: Targets, settings: FitSettings
) -> str:
    """The faster number type for the first rows of the next epoch.

    Where the hardware has no bfloat16 it is emulated, a hundred times as slowly: that need not be
    measured.
    """
    device = next(module.parameters()).device
    if not has_bf16(device):
        return "f32"
    rows = np.arange(min(NUM_ROWS, len(targets.train)))
    (batch,) = inputs.train([rows], settings.first_epoch)
    return faster_precision(module, batch, targets.train[: len(rows)])


def faster_precision(module: nn.Module, batch: Tensor, targets: Tensor) -> str:
    """Time forward and backward passes in both types; no weight, buffer or random state moves.

    Args:
        module: What is trained; gradients end as None.
        batch: (B, …).
        targets: Of those rows.

    Returns:
        "f32" or "bf16". On some processors bfloat16 makes a network of depthwise convolutions
        slower and one of dense convolutions twice as fast, so neither is a default.
    """
    seconds = {name: timed_step(module, batch, targets, name) for name in ("f32", "bf16")}
    return "bf16" if seconds["bf16"] < WORTHWHILE * seconds["f32"] else "f32"


def timed_step(module: nn.Module, batch: Tensor, targets: Tensor, precision: str) -> float:
    """Seconds of one step, the shorter of two; in eval mode, so that no statistics move."""
    wanted, seconds = targets.to(batch.device), list[float]()
    with kept_modes(module), torch.random.fork_rng([]):
        module.eval()
        for _ in range(1 + NUM_TIMED):
            began = time.perf_counter()
            loss_per_row(in_arithmetic(module, precision)(batch), wanted).mean().backward()  # type: ignore[no-untyped-call]
            wait_for(batch.device)
            seconds.append(time.perf_counter() - began)
            module.zero_grad(set_to_none=True)
    return min(seconds[1:])


def has_bf16(device: torch.device) -> bool:
    """Whether the hardware computes in bfloat16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        found = torch.cpu.get_capabilities()
        return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return False


def wait_for(device: torch.device) -> None:
    """Until an accelerator has done what it was told."""
    if device.type != "cpu":
        torch.get_device_module(device).synchronize(device)


def in_arithmetic(module: nn.Module, precision: str) -> Callable[[Tensor], Tensor]:
    """The module as a function to float32 logits; weights stay float32, "bf16" is autocast."""
    if precision == "f32":
        return module

    def run(batch: Tensor) -> Tensor:
        with torch.autocast(batch.device.type, torch.bfloat16):
            logits: Tensor = module(batch)
        return logits.float()

    return run
