"""One batch on several processes: each its rows, and one mean gradient for all.

Reference:
    Li et al. 2020, PyTorch Distributed: experiences on accelerating data parallel training,
    arXiv 2006.15704.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from warmstart.errors import SettingError
from warmstart.ranks.ranks import ALONE, Ranks


@dataclass(frozen=True, eq=False)
class StepShare:
    """How one process's mean loss counts: ``weight`` times, and then the mean over ``ranks``.

    With a weight of ``size`` times its rows by all rows of the batch, the mean over processes of
    losses, and so of gradients, is the mean over rows, however uneven the shares. ``begin`` is told
    in how many parts the rows pass.
    """

    weight: float = 1.0
    ranks: Ranks = field(default=ALONE, repr=False)
    begin: Callable[[int], None] = field(default=lambda _: None, repr=False)

    def weighed(self, loss: Tensor) -> Tensor:
        """What is minimised here of a loss (); with one process, the loss."""
        return loss if self.ranks.talk is None else loss * self.weight

    def mean(self, loss: Tensor) -> Tensor:
        """Of what all have weighed: the batch's loss."""
        return self.ranks.mean(loss)


WHOLE = StepShare()


def share_of_batch(ranks: Ranks, num_rows: int) -> tuple[slice, StepShare]:
    """Which rows of a batch a process takes, and how much its mean loss counts.

    Args:
        ranks: Whose share.
        num_rows: Of the whole batch.

    Returns:
        One row at least: where there are fewer rows than processes, one has the first row once
        more, and its loss counts nothing.
    """
    if ranks.talk is None:
        return slice(None), WHOLE
    own = ranks.share(np.arange(num_rows))
    if not len(own):
        return slice(0, 1), StepShare(0.0, ranks)
    return slice(int(own[0]), int(own[-1]) + 1), StepShare(ranks.size * len(own) / num_rows, ranks)


def shared_rows(ranks: Ranks, batches: Sequence[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """What a process takes of each batch."""
    return [batch[share_of_batch(ranks, len(batch))[0]] for batch in batches]


class SpreadModule:
    """A module whose gradients are the mean over all processes, once a step's last pass is done.

    torch's DistributedDataParallel, which sends gradients while others are still computed. A
    parameter without gradient keeps none; buffers stay each process's own, except that BatchNorm
    which trains takes its statistics over the rows of all. With one process it is the module.
    """

    def __init__(self, ranks: Ranks, module: nn.Module) -> None:
        """Wrap a module, whose parameters that train are marked so already."""
        self.own = self.module = module
        self.passes_left = 1
        self.norms: list[tuple[nn.Module, str, nn.Module, nn.Module]] = []
        if ranks.talk is None:
            return
        for parent, name, norm in training_norms(module):
            self.norms.append((parent, name, norm, synchronised(norm)))
        device = next(module.parameters()).device
        index = ranks.local_rank if device.index is None else device.index
        self.module = nn.parallel.DistributedDataParallel(
            module,
            device_ids=[index] if device.type == "cuda" else None,
            broadcast_buffers=False,
            find_unused_parameters=True,
        )
        # that all were used is no fault: of other networks they are not
        warnings.filterwarnings("ignore", "(?s).*find_unused_parameters=True was specified")
        self.module.register_forward_pre_hook(self._before)
        self.module.register_forward_hook(self._after, always_call=True)

    def share(self, share: StepShare) -> StepShare:
        """A share whose passes are counted here."""
        return share if self.module is self.own else replace(share, begin=self._begin)

    def _begin(self, num_passes: int) -> None:
        self.passes_left = num_passes

    def _before(self, module: nn.Module, _batch: Any) -> None:
        """Send gradients after the last pass only."""
        for parent, name, norm, synced in self.norms:
            setattr(parent, name, synced.train(norm.training))
        if torch.is_grad_enabled():
            module.require_backward_grad_sync = self.passes_left <= 1  # type: ignore[assignment]
            self.passes_left -= 1

    def _after(self, _module: nn.Module, _batch: Any, _logits: Any) -> None:
        for parent, name, norm, _ in self.norms:
            setattr(parent, name, norm)


def check_norms(ranks: Ranks, module: nn.Module, device: torch.device) -> None:
    """See that BatchNorm that trains can see the rows of all processes.

    Raises:
        SettingError: torch has none that does on this device.
    """
    if ranks.talk is not None and device.type != "cuda" and training_norms(module):
        raise SettingError(
            'bn="train" takes statistics over a batch, which lies on several processes, and torch '
            f"has no such BatchNorm for {device.type}.",
            expected='bn="stored", or GPUs.',
            fix='learn.fit(0.01, 1, bn="stored")',
        )


def training_norms(module: nn.Module) -> list[tuple[nn.Module, str, _BatchNorm]]:
    """BatchNorm that would take statistics over a batch: whose part it is, as what, and it."""
    kept: list[nn.Module] = getattr(module, "stored_norms", list)()
    stored = {id(norm) for norm in kept}
    return [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if isinstance(child, _BatchNorm) and id(child) not in stored
    ]


def synchronised(norm: _BatchNorm) -> nn.Module:
    """The same parameters and statistics in a SyncBatchNorm; timm's also has an activation."""
    from timm.layers.norm_act import convert_sync_batchnorm

    found: nn.Module = convert_sync_batchnorm(norm)  # type: ignore[no-untyped-call]
    return found
