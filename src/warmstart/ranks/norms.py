"""BatchNorm that trains, with the statistics of a batch that lies on several processes."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SharedNorm(nn.Module):
    """A BatchNorm whose mean and variance are those of all processes' rows.

    Of torch, only its SyncBatchNorm for GPUs does that; this one takes any device. Parameters and
    running statistics are those of the norm that it stands for.
    """

    def __init__(self, norm: _BatchNorm, num_own: Callable[[], int]) -> None:
        """Stand for a norm.

        Args:
            norm: Which.
            num_own: 1, or 0 while the rows are only there so that there is one: they count nothing.
        """
        super().__init__()
        self.norm, self.num_own = norm, num_own

    def forward(self, values: Tensor) -> Tensor:
        """(B, C, …) → the same shape."""
        norm = self.norm
        if not norm.training:
            found: Tensor = norm(values)
            return found
        dims = [0, *range(2, values.ndim)]
        shape = [1, -1, *[1] * (values.ndim - 2)]
        number = values.new_tensor([float(values.numel() // values.shape[1] * self.num_own())])
        count = summed_over_ranks(number.float())
        mean = summed_over_ranks(values.float().sum(dims) * self.num_own()) / count
        centred = values.float() - mean.view(shape)
        variance = summed_over_ranks(centred.square().sum(dims) * self.num_own()) / count
        self.remember(mean.detach(), variance.detach(), float(count))
        out = centred * torch.rsqrt(variance + norm.eps).view(shape)
        if norm.weight is not None:
            out = out * norm.weight.view(shape) + norm.bias.view(shape)
        for name in ("drop", "act"):  # timm's have both in one
            if hasattr(norm, name):
                out = getattr(norm, name)(out)
        return out.to(values.dtype)

    def remember(self, mean: Tensor, variance: Tensor, count: float) -> None:
        """Move the running statistics, as torch's do: of the variance the unbiased one."""
        norm = self.norm
        if norm.running_mean is None or norm.running_var is None:
            return
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked.add_(1)
        momentum = norm.momentum
        if momentum is None:
            momentum = 1.0 / float(norm.num_batches_tracked or 1)
        norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), momentum)
        unbiased = variance * (count / max(1.0, count - 1))
        norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), momentum)


class Summed(torch.autograd.Function):
    """The sum over all processes; its gradient too is the sum of theirs."""

    @staticmethod
    def forward(_ctx: Any, values: Tensor) -> Tensor:
        """Add up."""
        return all_reduced(values)

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> Tensor:
        """Add up what each process's part of the loss wants of the sum."""
        return all_reduced(gradient)


def summed_over_ranks(values: Tensor) -> Tensor:
    """The sum over all processes, through which gradients pass."""
    found: Tensor = Summed.apply(values)
    return found


def all_reduced(values: Tensor) -> Tensor:
    """The sum over all processes."""
    total = values.detach().clone().contiguous()
    torch.distributed.all_reduce(total)
    return total


def training_norms(module: nn.Module) -> list[tuple[nn.Module, str, _BatchNorm]]:
    """BatchNorm that takes statistics over a batch: whose part it is, as what, and it."""
    kept: list[nn.Module] = getattr(module, "stored_norms", list)()
    stored = {id(norm) for norm in kept}
    return [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if isinstance(child, _BatchNorm) and id(child) not in stored
    ]


def synchronised(norm: _BatchNorm, num_own: Callable[[], int]) -> nn.Module:
    """The same parameters and statistics in what sees all processes' rows: on GPUs torch's own.

    Args:
        norm: What takes statistics.
        num_own: As for ``SharedNorm``.
    """
    tensor = next(iter([*norm.parameters(), *norm.buffers()]), None)
    if tensor is None or tensor.device.type != "cuda":
        return SharedNorm(norm, num_own)
    from timm.layers.norm_act import convert_sync_batchnorm

    found: nn.Module = convert_sync_batchnorm(norm)  # type: ignore[no-untyped-call]
    return found
