"""Tries rates from small to large, and leaves everything as it was."""

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.results.lr_curve import LRCurve
from warmstart.training.loop import FitSettings, update
from warmstart.training.objective import Inputs, Targets
from warmstart.training.optimiser import build_optimiser
from warmstart.training.order import derive, epoch_batches

DIVERGED = 4.0  # stop when the smoothed loss is so many times its best
SMOOTHING = 0.9


def lr_find(
    module: nn.Module,
    groups: Sequence[Sequence[nn.Parameter]],
    inputs: Inputs,
    targets: Targets,
    settings: FitSettings,
    *,
    lr_range: tuple[float, float] = (1e-5, 10.0),
    num_steps: int = 100,
) -> LRCurve:
    """Train for a while with a rate that grows by the same factor at each step.

    Args:
        module: Inputs of a batch → logits; its weights are put back, also when this raises.
        groups: Its trainable parameters, by layer group.
        inputs: Where batches come from.
        targets: Labels of the same rows.
        settings: ``lrs`` gives the ratio between groups; the last one is what the curve shows.
        lr_range: First and last rate of the last group.
        num_steps: Steps between them.

    Returns:
        Rates and losses, up to where the loss diverged.

    Reference:
        Smith, 2017, arXiv 1506.01186, section 3.3.
    """
    kept = copy.deepcopy(module.state_dict())
    was_training = module.training
    optimiser = build_optimiser(settings.opt, groups, settings.weight_decays)
    ratios = [lr / settings.lrs[-1] for lr in settings.lrs]
    rates = np.geomspace(*lr_range, num_steps)
    losses: list[float] = []
    smoothed, best = 0.0, float("inf")
    module.train()
    try:
        steps = passes(inputs, targets, settings, num_steps)
        for step, (lr, (rows, batch)) in enumerate(zip(rates, steps, strict=False)):
            loss = update(
                module,
                optimiser,
                batch,
                targets.train[torch.from_numpy(rows)],
                lrs=[float(lr) * ratio for ratio in ratios],
                seed=derive(settings.seed, "lr_find", step),
            )
            losses.append(loss)
            smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * loss
            average = smoothed / (1 - SMOOTHING ** (step + 1))
            best = min(best, average)
            if not np.isfinite(loss) or average > DIVERGED * best:
                break
    finally:
        module.load_state_dict(kept)
        for parameters in groups:
            for parameter in parameters:
                parameter.grad = None
        module.train(was_training)
    return LRCurve(lrs=rates[: len(losses)], losses=np.array(losses))


def passes(
    inputs: Inputs, targets: Targets, settings: FitSettings, num_steps: int
) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
    """Batches of the next epoch's view, in as many orders as the steps need."""
    done = 0
    while done < num_steps:
        batches = epoch_batches(
            len(targets.train),
            settings.batch_size,
            derive(settings.seed, "lr_find order", done),
            settings.first_epoch,
        )[: num_steps - done]
        yield from zip(batches, inputs.train(batches, settings.first_epoch), strict=True)
        done += len(batches)
