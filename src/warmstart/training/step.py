"""One update of the weights: a function of weights, batch, rates and seed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from warmstart.ranks.spread import WHOLE, StepShare
from warmstart.training.mixing import mixed
from warmstart.training.objective import loss_per_row, sent_to
from warmstart.training.optimiser import parameters_of
from warmstart.training.randomness import derive, seeded
from warmstart.training.settings import FitSettings


@dataclass(frozen=True, eq=False)
class UnseenStep:
    """A step whose loss nobody has looked at: it may not have been computed yet."""

    lrs: tuple[float, ...]
    loss: Tensor
    num_rows: int


def update(  # noqa: PLR0913 - six of them are what it is a function of
    forward: Callable[[Tensor], Tensor],
    optimiser: Optimizer,
    batch: Tensor,
    wanted: Tensor,
    settings: FitSettings,
    *,
    lrs: Sequence[float],
    seed: int,
    micro_rows: int = 0,
    share: StepShare = WHOLE,
) -> Tensor:
    """One step of the optimiser, for which nobody has waited; the random state is untouched.

    Args:
        forward: The module, in training mode.
        optimiser: Its layer groups.
        batch: (B, …).
        wanted: Targets of those rows.
        settings: Smoothing, mixing, clipping.
        lrs: One per layer group.
        seed: What dropout and mixing of this step depend on.
        micro_rows: How many rows pass at a time, 0 all.
        share: Of the step's batch, which several processes may have parted.

    Returns:
        The mean loss (), where the batch is. Where it is not finite, no weight has moved, and none
        moves any more in later steps of this optimiser.
    """
    for group, lr in zip(optimiser.param_groups, lrs, strict=True):
        group["lr"] = lr
    optimiser.zero_grad(set_to_none=True)
    losses = []
    share.begin(num_parts(len(batch), micro_rows))
    for part in loss_parts(forward, batch, wanted, settings, seed, micro_rows):
        weighed = share.weighed(part)
        weighed.backward()  # type: ignore[no-untyped-call]
        losses.append(weighed.detach())
    loss = share.mean(losses[0] if len(losses) == 1 else torch.stack(losses).sum())
    stop_unless_finite(optimiser, loss)
    if settings.clip_norm is not None:
        nn.utils.clip_grad_norm_(parameters_of(optimiser), settings.clip_norm)
    optimiser.step()
    return loss


def stop_unless_finite(optimiser: Optimizer, loss: Tensor) -> None:
    """Tell a fused optimiser, on its own device, not to move weights once a loss is no number.

    Its kernels look at ``found_inf``, which is there for scaled gradients. No later step moves them
    either: on a skipped first step SGD allots momentum and leaves in it what was there before.
    """
    stop = (~loss.isfinite()).float()
    before = getattr(optimiser, "found_inf", None)
    setattr(optimiser, "found_inf", stop if before is None else torch.maximum(before, stop))  # noqa: B010


def loss_parts(
    forward: Callable[[Tensor], Tensor],
    batch: Tensor,
    wanted: Tensor,
    settings: FitSettings,
    seed: int,
    micro_rows: int = 0,
) -> Iterator[Tensor]:
    """Parts of the mean loss of a batch, one after the other, which add up to it.

    A mixed row has the losses of both its labels, in their shares; rows are mixed with others of
    the whole batch. The caller's random state is untouched.

    Args:
        forward: Inputs of rows → logits.
        batch: (B, …).
        wanted: Targets of those rows.
        settings: Smoothing, mixing, weights.
        seed: What dropout and mixing depend on.
        micro_rows: How many rows pass at a time, 0 all.

    Reference:
        Zhang et al., 2018, arXiv 1710.09412, eq. 1.
    """
    device = batch.device
    wanted = sent_to(wanted, device)
    weights, others, share = None, wanted, 1.0
    if settings.class_weights is not None:
        weights = sent_to(torch.tensor(settings.class_weights), device)
    if settings.mixes:
        mix = mixed(batch, mixup=settings.mixup, cutmix=settings.cutmix, seed=seed)
        batch, others, share = mix.inputs, wanted[mix.partners], mix.share
    parts = num_parts(len(batch), micro_rows)
    sets = zip(*(each.tensor_split(parts) for each in (batch, wanted, others)), strict=True)
    for number, (rows, own, other) in enumerate(sets):
        with seeded(seed if parts == 1 else derive(seed, "part", number), device):
            logits = forward(rows)
        losses = loss_per_row(logits, own, settings.label_smoothing, weights)
        if settings.mixes:
            losses_other = loss_per_row(logits, other, settings.label_smoothing, weights)
            losses = torch.lerp(losses_other, losses, share)
        yield losses.mean() if parts == 1 else losses.sum() / len(batch)


def num_parts(num_rows: int, micro_rows: int) -> int:
    """In how many parts so many rows pass."""
    return -(-num_rows // micro_rows) if micro_rows else 1


def batch_loss(
    forward: Callable[[Tensor], Tensor],
    batch: Tensor,
    wanted: Tensor,
    settings: FitSettings,
    seed: int,
    micro_rows: int = 0,
) -> Tensor:
    """The mean loss of a batch; arguments as for ``loss_parts``."""
    losses = list(loss_parts(forward, batch, wanted, settings, seed, micro_rows))
    return losses[0] if len(losses) == 1 else torch.stack(losses).sum()
