"""Tries rates from small to large, and leaves everything as it was."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import isfinite, log

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from warmstart.ranks.modes import kept_modes
from warmstart.ranks.ranks import ALONE, Ranks
from warmstart.ranks.spread import (
    SpreadModule,
    StepShare,
    rows_of_share,
    share_of_batch,
)
from warmstart.results.lr_curve import USUAL, LRCurve
from warmstart.training.determinism import repeatable_steps, wants_determinism
from warmstart.training.epoch_plan import epoch_batches
from warmstart.training.objective import Inputs, Targets
from warmstart.training.optimiser import build_optimiser, check_groups
from warmstart.training.precision import in_arithmetic
from warmstart.training.randomness import derive, kept_random_state
from warmstart.training.settings import FitSettings
from warmstart.training.state import clone_tensors, module_state, put_state
from warmstart.training.step import batch_loss, update
from warmstart.training.step_choices import StepChoices
from warmstart.training.step_mode import StepMode, choose_step_mode

SMOOTHING = 0.9
# Of a sweep that max_rows limits: fewer steps tell too little, more of them serve better than
# larger batches, and few rates are best spent around the usual one.
FEWEST_STEPS, ENOUGH_STEPS, FEWEST_ROWS = 8, 24, 8
AROUND = 1 / 5, 100.0  # times the usual rate
# AdamW moves each weight by the rate itself, whatever the gradient: it wants other rates. Chosen on
# seeds other than those that judge in benchmarks/lr_suggestion.py.
SHARES, USUAL_RATES = {"adamw": 0.6}, {"adamw": 0.05 * USUAL}


def lr_range_test(  # noqa: PLR0913 - three of them say how far and how much, one tells
    module: nn.Module,
    groups: Sequence[Sequence[nn.Parameter]],
    inputs: Inputs,
    targets: Targets,
    settings: FitSettings,
    *,
    lr_range: tuple[float, float] = (1e-5, 10.0),
    num_steps: int = 100,
    max_rows: int | None = None,
    on_step: Callable[[int, int], None] = lambda _done, _of: None,
    ranks: Ranks = ALONE,
    choices: StepChoices | None = None,
) -> LRCurve:
    """Train for a while with a rate that grows by the same factor at each step.

    First the starting weights judge each step's batch, with the dropout that the step will have.

    Args:
        module: Inputs of a batch → logits; its weights are put back, also when this raises.
        groups: Its trainable parameters, by layer group.
        inputs: Where batches come from.
        targets: Labels of the same rows.
        settings: As in the fit to come. ``lrs`` gives the ratio between groups; the last one is
            what the curve shows.
        lr_range: First and last rate of the last group.
        num_steps: Steps between them.
        max_rows: How many rows may go through the module in all, the starting weights' included;
            fewer and smaller steps are taken, at rates nearer to the usual one. Arithmetic that
            is "auto" is not measured then: it is f32. Too few rows for a sweep give an empty
            curve, whose suggestion is the usual rate. None is no limit.
        on_step: Told how many batches have passed, and of how many: each passes twice.
        ranks: Processes that train together, each a share of every batch.
        choices: Where it is remembered how steps are computed; the fit to come reads it too.

    Returns:
        Rates and losses, up to where the loss diverged.

    Reference:
        Smith, 2017, arXiv 1506.01186, section 3.3.
    """
    check_groups(module, groups, settings.lrs, settings.weight_decays)
    share, usual = SHARES.get(settings.opt, 1.0), USUAL_RATES.get(settings.opt, USUAL)
    chance = chance_loss(targets.train)
    batches = planned(len(targets.train), settings, num_steps, max_rows)
    if len(batches) < num_steps:
        lr_range = narrowed(lr_range, usual)
    if not batches:
        return LRCurve(np.empty(0), np.empty(0), share, chance, np.empty(0), usual)
    if settings.precision == "auto" and max_rows is not None:
        settings = replace(settings, precision="f32")
    rates = np.geomspace(*lr_range, len(batches))
    steady = repeatable_steps(wanted=wants_determinism(module))
    with unchanged(module) as start, kept_random_state(), steady, ranks.errors_in_words():
        sweep = Sweep(
            SpreadModule(ranks, module), ranks, batches, rates, inputs, targets, settings, on_step,
            choices,
        )  # fmt: skip
        module.train()
        before = sweep.losses_before()
        put_state(module, start)  # BatchNorm has counted the batches
        optimiser = build_optimiser(settings.opt, groups, settings.weight_decays)
        losses = sweep.losses(optimiser, before, chance)
    found = len(losses)
    return LRCurve(sweep.rates[:found], np.array(losses), share, chance, before[:found], usual)


def planned(
    num_rows: int, settings: FitSettings, num_steps: int, max_rows: int | None
) -> list[NDArray[np.int64]]:
    """Training positions of each step's batch: as many steps as wanted, or as a limit allows.

    Args:
        num_rows: Training rows.
        settings: Whose ``batch_size``, ``seed`` and ``first_epoch`` count.
        num_steps: Steps wanted.
        max_rows: Rows that may be fed; each row is fed twice.

    Returns:
        Passes over all rows, each in another order; nothing if the limit allows too few steps.
    """
    size = settings.batch_size
    if max_rows is not None:
        size = min(size, max(FEWEST_ROWS, max_rows // (2 * ENOUGH_STEPS)))
    batches: list[NDArray[np.int64]] = []
    while len(batches) < num_steps:
        seed = derive(settings.seed, "lr_find order", len(batches))
        batches += epoch_batches(num_rows, size, seed, settings.first_epoch)
    batches = batches[:num_steps]
    if max_rows is None:
        return batches
    fed = 2 * np.cumsum([len(batch) for batch in batches])
    allowed = int(np.searchsorted(fed, max_rows, side="right"))
    return batches[:allowed] if allowed >= min(FEWEST_STEPS, num_steps) else []


def narrowed(lr_range: tuple[float, float], usual: float) -> tuple[float, float]:
    """The part of a range that lies around the usual rate; the whole range if none does."""
    first, last = (usual * factor for factor in AROUND)
    first, last = max(first, lr_range[0]), min(last, lr_range[1])
    return (first, last) if first < last else lr_range


@dataclass(eq=False)
class Sweep:
    """Steps: the positions of each one's batch, and its rate for the last group (S,)."""

    spread: SpreadModule
    ranks: Ranks
    batches: Sequence[NDArray[np.int64]]
    rates: NDArray[np.float64]
    inputs: Inputs
    targets: Targets
    settings: FitSettings
    on_step: Callable[[int, int], None]
    choices: StepChoices | None
    mode: StepMode | None = None  # until the first batch is there

    def forward_as(self, batch: Tensor, wanted: Tensor) -> tuple[Callable[[Tensor], Tensor], int]:
        """The module in the arithmetic of its steps, and how many rows pass at a time."""
        if self.mode is None:
            num_rows, module = 2 * sum(map(len, self.batches)), self.spread.own
            mode = choose_step_mode(module, batch, wanted, self.settings, num_rows, self.choices)
            self.mode = self.ranks.agreed("how to compute steps", mode)
        spread = self.spread.on(batch, self.mode.as_passed)
        return in_arithmetic(spread, self.mode.precision), self.mode.rows_of_part

    def steps(self, num_before: int) -> Iterator[tuple[Tensor, Tensor, int, StepShare]]:
        """Inputs, targets, seed and share of each step; they see the next epoch's view.

        Args:
            num_before: Batches that have passed before.
        """
        own = rows_of_share(self.ranks, self.batches)
        every = self.inputs.train(own, self.settings.first_epoch)
        for step, (rows, batch) in enumerate(zip(own, every, strict=True)):
            wanted = self.targets.train[torch.from_numpy(rows)].to(batch.device)
            share = self.spread.share(share_of_batch(self.ranks, len(self.batches[step]))[1])
            yield batch, wanted, derive(self.settings.seed, "lr_find", step), share
            self.on_step(num_before + step + 1, 2 * len(self.batches))

    def losses_before(self) -> NDArray[np.float64]:
        """What the weights as they are lose on each step's batch (S,)."""
        losses = []
        for batch, wanted, seed, share in self.steps(0):
            forward, rows = self.forward_as(batch, wanted)
            with torch.no_grad():
                loss = batch_loss(forward, batch, wanted, self.settings, seed, rows)
            losses.append(float(share.mean(share.weighed(loss))))
        return np.array(losses)

    def losses(
        self, optimiser: Optimizer, before: NDArray[np.float64], chance: float
    ) -> list[float]:
        """The loss of each step, up to where the mean has risen by what chance would lose."""
        lrs = self.settings.lrs
        losses: list[float] = []
        risen = 0.0
        for step, (batch, wanted, seed, share) in enumerate(self.steps(len(self.batches))):
            rates = [float(self.rates[step]) * lr / lrs[-1] for lr in lrs]
            forward, rows = self.forward_as(batch, wanted)
            step_loss = update(
                forward, optimiser, batch, wanted, self.settings,
                lrs=rates, seed=seed, micro_rows=rows, share=share,
            )  # fmt: skip
            loss = float(step_loss)
            losses.append(loss)
            risen = SMOOTHING * risen + (1 - SMOOTHING) * (loss - before[step])
            if not isfinite(loss) or risen / (1 - SMOOTHING ** (step + 1)) > chance:
                break
        return losses


def chance_loss(targets: Tensor) -> float:
    """The loss of one who knows nothing: ln K, or of many labels ln 2."""
    return log(2) if targets.ndim == 2 else log(max(2, int(targets.max()) + 1))


@contextmanager
def unchanged(module: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Put weights, buffers and modes back whatever happens; gradients end as None.

    Yields:
        A copy of weights and buffers.
    """
    kept = clone_tensors(module_state(module))
    with kept_modes(module):
        try:
            yield kept
        finally:
            put_state(module, kept)
            module.zero_grad(set_to_none=True)
