"""The number type that training steps compute in: chosen by measuring, once."""

import time
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from warmstart.ranks.modes import kept_modes
from warmstart.training.objective import loss_per_row
from warmstart.training.randomness import seeded

NUM_TIMED = 2
NUM_WARM, NUM_WARM_ACCELERATOR = 1, 3  # passes before those that count: kernels load, memory comes
WORTHWHILE = 0.87  # bf16 has to be an eighth faster, else the more exact arithmetic stays


def faster_precision(module: nn.Module, batch: Tensor, targets: Tensor) -> Literal["f32", "bf16"]:
    """Time forward and backward passes in both types, in turn.

    Args:
        module: What is trained; gradients end as None.
        batch: (B, …).
        targets: Of those rows.

    Returns:
        "f32" or "bf16". On some processors bfloat16 makes a network of depthwise convolutions
        slower and one of dense convolutions twice as fast, so neither is a default.
    """
    seconds: dict[str, list[float]] = {"f32": [], "bf16": []}
    num = num_passes(is_slow=batch.device.type == "cpu")
    for _ in range(num):
        for name, taken in seconds.items():
            taken.append(pass_seconds(module, batch, targets, name))
    f32, bf16 = (min(taken[num - NUM_TIMED :]) for taken in seconds.values())
    return "bf16" if bf16 < WORTHWHILE * f32 else "f32"


def num_passes(*, is_slow: bool) -> int:
    """How many passes it takes to time one; on a GPU, which is not slow, more are warm-up."""
    return NUM_TIMED + (NUM_WARM if is_slow else NUM_WARM_ACCELERATOR)


def timed_step(module: nn.Module, batch: Tensor, targets: Tensor, precision: str) -> float:
    """Seconds of one step, the shorter of two after a warm-up; nothing moves."""
    num = num_passes(is_slow=batch.device.type == "cpu")
    seconds = [pass_seconds(module, batch, targets, precision) for _ in range(num)]
    return min(seconds[num - NUM_TIMED :])


def pass_seconds(module: nn.Module, batch: Tensor, targets: Tensor, precision: str) -> float:
    """Seconds of one forward and backward pass; in eval mode, so that no statistics move."""
    wanted = targets.to(batch.device)
    with kept_modes(module), seeded(0, batch.device):
        module.eval()
        wait_for(batch.device)
        began = time.perf_counter()
        loss_per_row(in_arithmetic(module, precision)(batch), wanted).mean().backward()  # type: ignore[no-untyped-call]
        wait_for(batch.device)
        seconds = time.perf_counter() - began
        module.zero_grad(set_to_none=True)
    return seconds


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


def in_arithmetic(module: Callable[[Tensor], Tensor], precision: str) -> Callable[[Tensor], Tensor]:
    """The module as a function to float32 logits; weights stay float32, "bf16" is autocast."""
    if precision == "f32":
        return module

    def run(batch: Tensor) -> Tensor:
        with torch.autocast(batch.device.type, torch.bfloat16):
            logits: Tensor = module(batch)
        return logits.float()

    return run
