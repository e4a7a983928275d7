"""One update of the weights: a function of weights, batch, rates and seed."""

from collections.abc import Callable, Sequence
from math import isfinite

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from warmstart.training.mixing import mixed
from warmstart.training.objective import loss_per_row
from warmstart.training.optimiser import parameters_of
from warmstart.training.randomness import seeded
from warmstart.training.settings import FitSettings


def update(
    forward: Callable[[Tensor], Tensor],
    optimiser: Optimizer,
    batch: Tensor,
    wanted: Tensor,
    settings: FitSettings,
    *,
    lrs: Sequence[float],
    seed: int,
) -> float:
    """One step of the optimiser; the caller's random state is untouched.

    Args:
        forward: The module, in training mode.
        optimiser: Its layer groups.
        batch: (B, …).
        wanted: Targets of those rows.
        settings: Smoothing, mixing, clipping.
        lrs: One per layer group.
        seed: What dropout and mixing of this step depend on.

    Returns:
        The mean loss. Where it is not finite, no weight has moved.
    """
    for group, lr in zip(optimiser.param_groups, lrs, strict=True):
        group["lr"] = lr
    with seeded(seed, batch.device):
        loss = batch_loss(forward, batch, wanted.to(batch.device), settings, seed)
    value = float(loss.detach())
    if not isfinite(value):
        return value
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if settings.clip_norm is not None:
        nn.utils.clip_grad_norm_(parameters_of(optimiser), settings.clip_norm)
    optimiser.step()
    return value


def batch_loss(
    forward: Callable[[Tensor], Tensor],
    batch: Tensor,
    wanted: Tensor,
    settings: FitSettings,
    seed: int,
) -> Tensor:
    """The mean loss; a mixed row has the losses of both its labels, in their shares.

    Reference:
        Zhang et al., 2018, arXiv 1710.09412, eq. 1.
    """
    smoothing, weights = settings.label_smoothing, None
    if settings.class_weights is not None:
        weights = torch.tensor(settings.class_weights, device=batch.device)
    if not settings.mixes:
        return loss_per_row(forward(batch), wanted, smoothing, weights).mean()
    mix = mixed(batch, mixup=settings.mixup, cutmix=settings.cutmix, seed=seed)
    logits = forward(mix.inputs)
    own = loss_per_row(logits, wanted, smoothing, weights)
    other = loss_per_row(logits, wanted[mix.partners], smoothing, weights)
    return torch.lerp(other, own, mix.share).mean()
