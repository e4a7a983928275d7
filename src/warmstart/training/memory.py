"""How many rows of a batch pass at a time: what a step may take of the machine's memory."""

import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from warmstart.files.reading import open_regular
from warmstart.training.randomness import seeded
from warmstart.training.state import kept_modes

# Of what a row's forward pass keeps for its backward pass, on a CPU: so much at a time costs a few
# per cent of the time that all at once takes (benchmarks/thawed_memory.py), on every machine with
# 16 GB alike, so that they end with the same weights. Smaller ones have a share of what they have.
TARGET_BYTES = 1_300_000_000
CPU_SHARE, ACCELERATOR_SHARE = 1 / 10, 1 / 2
FEWEST_ROWS = 8  # fewer at a time take clearly longer
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def rows_at_a_time(
    module: nn.Module, batch: Tensor, forward: Callable[[Tensor], Tensor], budget: int | None = None
) -> int:
    """How many rows of a batch pass the module together; 0 where the whole batch does.

    The gradients of parts add up to those of the batch, if no row depends on the others.

    Args:
        module: What is trained, in training mode.
        batch: (B, …), as long as batches of this fit are.
        forward: The module in the arithmetic of its steps.
        budget: Bytes that activations may take; None is what this machine has for it.
    """
    if len(batch) <= FEWEST_ROWS or not is_rowwise(module):
        return 0
    budget = activation_budget(batch.device) if budget is None else budget
    fitting = max(FEWEST_ROWS, budget // max(1, row_bytes(module, batch, forward)))
    if fitting >= len(batch):
        return 0
    num_parts = -(-len(batch) // fitting)
    return -(-len(batch) // num_parts)


def is_rowwise(module: nn.Module) -> bool:
    """Whether a row's output depends on that row alone: nothing takes statistics of the batch.

    What takes them in training keeps a running average for later, by which it is known.
    """
    return not any(
        name.startswith("running_")
        for part in module.modules()
        if part.training
        for name, _ in part.named_buffers(recurse=False)
    )


def row_bytes(module: nn.Module, batch: Tensor, forward: Callable[[Tensor], Tensor]) -> int:
    """Bytes that one row's forward pass keeps for its backward pass: counted on two rows.

    No weight, buffer or random state moves.
    """
    with kept_modes(module), seeded(0, batch.device), torch.enable_grad():
        module.eval()
        return kept_bytes(forward, batch[:2]) - kept_bytes(forward, batch[:1])


def kept_bytes(forward: Callable[[Tensor], Tensor], rows: Tensor) -> int:
    """Bytes of all memory that the backward pass would read."""
    kept: dict[int, torch.UntypedStorage] = {}  # held until the end, so that no address comes twice

    def count(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage
        return torch.empty(0)  # nobody will ask for it, and the tensor itself would be a cycle

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        forward(rows)
    return sum(storage.nbytes() for storage in kept.values())


def activation_budget(device: torch.device) -> int:
    """Bytes that activations of a step may take."""
    if device.type == "cpu":
        return min(TARGET_BYTES, int(CPU_SHARE * machine_bytes()))
    if device.type == "cuda":
        return int(ACCELERATOR_SHARE * torch.cuda.get_device_properties(device).total_memory)
    return TARGET_BYTES


def machine_bytes() -> int:
    """Memory of this machine, or of the part of it that this process may use."""
    known = [limit for place in LIMITS if (limit := limit_in(Path(place)))]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        known.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(known, default=16 << 30)


def limit_in(place: Path) -> int | None:
    """The number in a file of the system; None where it says "max", or there is none."""
    try:
        with open_regular(place) as file:
            text = file.read(64)
    except OSError:
        return None
    return int(text) if text.strip().isdigit() else None
