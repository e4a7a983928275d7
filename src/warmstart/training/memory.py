"""How many rows of a batch pass at a time: what a step may take of the machine's memory."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from warmstart.ranks.modes import kept_modes
from warmstart.training.machine import machine_bytes
from warmstart.training.randomness import seeded

# Of what a row's forward pass keeps for its backward pass, on a CPU: so much at a time costs a few
# per cent of the time that all at once takes (benchmarks/thawed_memory.py), on every machine with
# 11 GB alike, so that they end with the same weights. Smaller ones have a share of what they have.
TARGET_BYTES = 1_100_000_000
CPU_SHARE, ACCELERATOR_SHARE = 1 / 10, 1 / 2
# Of a CPU's memory, for the whole batch where its parts would have to be computed twice.
WHOLE_SHARE = 1 / 4
FEWEST_ROWS = 8  # fewer at a time take clearly longer


@runtime_checkable
class HasHead(Protocol):
    """A module that is ``head(before_head(rows))``."""

    @property
    def head(self) -> nn.Module:
        """Pooled rows → logits."""

    def before_head(self, rows: Tensor) -> Tensor:
        """Inputs of rows → inputs of the head."""


@dataclass(frozen=True)
class BatchParts:
    """``rows`` of a batch pass at a time, 0 all; ``is_twice``: the parts before the head, twice."""

    rows: int = 0
    is_twice: bool = False


def batch_parts(
    module: nn.Module, batch: Tensor, forward: Callable[[Tensor], Tensor], budget: int | None = None
) -> BatchParts:
    """How many rows of a batch pass the module together.

    The gradients of parts add up to those of the batch, if no row depends on the others. Where only
    the head takes statistics of the batch, it can have the whole batch: what lies before is then
    computed in parts that keep nothing, and each again for its backward pass. That takes a third
    longer, so it is done only where the whole batch would take much of the memory.

    Args:
        module: What is trained, in training mode.
        batch: (B, …), as long as batches of this fit are.
        forward: The module in the arithmetic of its steps.
        budget: Bytes that activations may take; None is what this machine has for it.
    """
    is_free = is_rowwise(module)
    if len(batch) <= FEWEST_ROWS or not (is_free or batch.ndim == 4):  # a head's rows are short
        return BatchParts()
    of_row = max(1, row_bytes(module, batch, forward))
    if not is_free and of_row * len(batch) <= whole_budget(batch.device):
        return BatchParts()
    if not is_free and not (isinstance(module, HasHead) and is_rowwise(module, but=module.head)):
        warn_of_memory(of_row * len(batch), len(batch))
        return BatchParts()
    budget = activation_budget(batch.device) if budget is None else budget
    fitting = max(FEWEST_ROWS, budget // of_row)
    if fitting >= len(batch):
        return BatchParts()
    num_parts = -(-len(batch) // fitting)
    return BatchParts(-(-len(batch) // num_parts), is_twice=not is_free)


def warn_of_memory(num_bytes: int, num_rows: int) -> None:
    """Say that a step takes much of the memory, and why it cannot take less."""
    warnings.warn(
        f"a step of {num_rows} rows keeps {num_bytes / 1e9:.1f} GB for its backward pass: the "
        "network takes statistics of the whole batch, which therefore cannot pass in parts. What "
        "helps: a smaller batch (bs=16), or bn='stored'.",
        stacklevel=2,
    )


def is_rowwise(module: nn.Module, but: nn.Module | None = None) -> bool:
    """Whether a row's output depends on that row alone: nothing takes statistics of the batch.

    What takes them in training keeps a running average for later, by which it is known.

    Args:
        module: Everything.
        but: A part of it that does not matter.
    """
    ignored = set() if but is None else set(but.modules())
    return not any(
        name.startswith("running_")
        for part in module.modules()
        if part.training and part not in ignored
        for name, _ in part.named_buffers(recurse=False)
    )


class TwiceInParts(nn.Module):
    """A module that keeps activations of so many rows at most, and computes them again.

    It is a module so that DistributedDataParallel can hold it: its parameters are the module's.

    Reference:
        Chen et al., 2016, Training deep nets with sublinear memory cost, arXiv 1604.06174.
    """

    def __init__(self, module: nn.Module, rows_at_a_time: int) -> None:
        """Stand for a module that ``HasHead``."""
        super().__init__()
        self.module, self.rows_at_a_time = module, rows_at_a_time

    def forward(self, batch: Tensor) -> Tensor:
        """Inputs of rows (B, …) → logits (B, K)."""
        module = self.module
        assert isinstance(module, HasHead)  # noqa: S101 - for whoever reads types
        parts = batch.tensor_split(-(-len(batch) // self.rows_at_a_time))
        rows = [checkpoint(module.before_head, part, use_reentrant=False) for part in parts]
        logits: Tensor = module.head(torch.cat(rows))
        return logits


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


def whole_budget(device: torch.device) -> int:
    """Bytes that activations of a whole batch may take where parts would cost time."""
    is_cpu = device.type == "cpu"
    return int(WHOLE_SHARE * machine_bytes()) if is_cpu else activation_budget(device)
