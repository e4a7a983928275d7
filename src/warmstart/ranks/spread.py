"""One batch on several processes: each its rows, and one mean gradient for all.

Reference:
    Li et al. 2020, PyTorch Distributed: experiences on accelerating data parallel training,
    arXiv 2006.15704.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.ranks.modes import kept_modes
from warmstart.ranks.norms import synchronised, training_norms
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


def rows_of_share(ranks: Ranks, batches: Sequence[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """What a process takes of each batch."""
    return [batch[share_of_batch(ranks, len(batch))[0]] for batch in batches]


class SpreadModule:
    """A module whose gradients are the mean over all processes, once a step's last pass is done.

    torch's DistributedDataParallel, which sends gradients while others are still computed. A
    parameter without gradient keeps none; buffers stay each process's own, except that BatchNorm
    which trains takes its statistics over the rows of all. With one process it is the module.
    """

    def __init__(self, ranks: Ranks, module: nn.Module) -> None:
        """Take a module, whose parameters that train are marked so already."""
        self.own, self.ranks = module, ranks
        self.passes_left = self.num_own = 1
        self.norms: list[tuple[nn.Module, str, nn.Module, nn.Module]] = []
        self.spread: nn.Module | None = None

    def on(
        self, batch: Tensor, as_passed: Callable[[nn.Module], nn.Module] = lambda own: own
    ) -> nn.Module:
        """The module for batches like this one.

        Args:
            batch: (B, …).
            as_passed: What stands for the module when rows pass; alike at each call.
        """
        if self.ranks.talk is None:
            return as_passed(self.own)
        if self.spread is None:
            self.spread = self.wrapped(batch, as_passed(self.own))
        return self.spread

    def wrapped(self, batch: Tensor, passed: nn.Module) -> nn.Module:
        """What sends gradients, around what rows pass."""
        for parent, name, norm in training_norms(self.own):
            self.norms.append((parent, name, norm, synchronised(norm, lambda: self.num_own)))
        leaves_some = self.ranks.agreed("unused parameters", has_unused(self.own, batch[:1]))
        spread = nn.parallel.DistributedDataParallel(
            passed,
            device_ids=[batch.device.index] if batch.device.type == "cuda" else None,
            forward_sync_buffers=False,
            find_unused_parameters=leaves_some,  # to look for them each time takes a while
        )
        spread.register_forward_pre_hook(self._before)
        spread.register_forward_hook(self._after, always_call=True)
        return spread

    def share(self, share: StepShare) -> StepShare:
        """A share whose passes are counted here; BatchNorm leaves out rows that count nothing."""
        self.num_own = int(share.weight > 0)
        return share if self.ranks.talk is None else replace(share, begin=self._begin)

    def _begin(self, num_passes: int) -> None:
        self.passes_left = num_passes

    def _before(self, module: nn.Module, _batch: Any) -> None:
        """Send gradients after the last pass only."""
        for parent, name, norm, synced in self.norms:
            setattr(parent, name, in_mode_of(synced, norm))
        if torch.is_grad_enabled():
            module.require_backward_grad_sync = self.passes_left <= 1  # type: ignore[assignment]
            self.passes_left -= 1

    def _after(self, _module: nn.Module, _batch: Any, _logits: Any) -> None:
        for parent, name, norm, _ in self.norms:
            setattr(parent, name, norm)


def has_unused(module: nn.Module, batch: Tensor) -> bool:
    """Whether some parameters that train get no gradient; nothing moves, gradients end as None."""
    with kept_modes(module), torch.random.fork_rng():
        module.eval()
        module(batch).float().sum().backward()
    unused = [each for each in module.parameters() if each.requires_grad and each.grad is None]
    module.zero_grad(set_to_none=True)
    return bool(unused)


def in_mode_of(synced: nn.Module, norm: nn.Module) -> nn.Module:
    """What stands for a norm, in its mode; the norm may be a part of it, and stays as it is."""
    synced.training = norm.training
    return synced
