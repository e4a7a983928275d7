"""Tries rates from small to large, and leaves everything as it was."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isfinite, log

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.results.lr_curve import LRCurve, knows_much, start_of
from warmstart.training.arithmetic import in_arithmetic
from warmstart.training.groups import check_groups
from warmstart.training.objective import Inputs, Targets
from warmstart.training.optimiser import build_optimiser
from warmstart.training.order import derive, epoch_batches
from warmstart.training.precision import measured_precision
from warmstart.training.settings import FitSettings
from warmstart.training.state import copied, kept_modes, module_state, put_state
from warmstart.training.step import update

DIVERGED = 4.0  # stop when the smoothed loss is so many times its best
SMOOTHING = 0.9
# Of the middle of the curve's floor. AdamW's floor reaches further beyond the rates that end a fit
# with the lowest loss than SGD's; of 1 to 1/7 a quarter did best (benchmarks/lr_suggestion.py).
SHARES = {"adamw": 0.25}


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
    check_groups(module, groups, settings.lrs, settings.weight_decays)
    optimiser = build_optimiser(settings.opt, groups, settings.weight_decays)
    ratios = [lr / settings.lrs[-1] for lr in settings.lrs]
    rates = np.geomspace(*lr_range, num_steps)
    precision = settings.precision
    if precision == "auto":
        precision = measured_precision(module, inputs, targets, settings)
    forward = in_arithmetic(module, precision)
    losses: list[float] = []
    chance = chance_loss(targets.train)
    smoothed, best = 0.0, float("inf")
    with unchanged(module), kept_random_state():
        module.train()
        steps = passes(inputs, targets, settings, num_steps)
        for step, (lr, (rows, batch)) in enumerate(zip(rates, steps, strict=True)):
            loss = update(
                forward,
                optimiser,
                batch,
                targets.train[torch.from_numpy(rows)],
                settings,
                lrs=[float(lr) * ratio for ratio in ratios],
                seed=derive(settings.seed, "lr_find", step),
            )
            losses.append(loss)
            smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * loss
            average = smoothed / (1 - SMOOTHING ** (step + 1))
            best = min(best, average)
            if not isfinite(loss) or average > highest(losses, best, chance):
                break
    share = SHARES.get(settings.opt, 1.0)
    return LRCurve(rates[: len(losses)], np.array(losses), share, chance)


def chance_loss(targets: Tensor) -> float:
    """The loss of one who knows nothing: ln K, or of many labels ln 2."""
    return log(2) if targets.ndim == 2 else log(max(2, int(targets.max()) + 1))


def highest(losses: Sequence[float], best: float, chance: float) -> float:
    """The mean loss above which a sweep has diverged.

    Of a network that has learned before, the best loss is small by chance, and four times as much
    says nothing yet.
    """
    values = np.array(losses)
    return start_of(values) + chance if knows_much(values, chance) else DIVERGED * best


@contextmanager
def unchanged(module: nn.Module) -> Iterator[None]:
    """Put weights, buffers and modes back whatever happens; gradients end as None."""
    kept = copied(module_state(module))
    with kept_modes(module):
        try:
            yield
        finally:
            put_state(module, kept)
            module.zero_grad(set_to_none=True)


@contextmanager
def kept_random_state() -> Iterator[None]:
    """Give Python, numpy and torch their random states back, whatever a module has drawn."""
    for_python, for_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng([]):
            yield
    finally:
        random.setstate(for_python)
        np.random.set_state(for_numpy)  # noqa: NPY002


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
