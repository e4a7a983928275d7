"""Which rows an epoch draws, in which batches, and for how manieth time: a function of the seed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from warmstart.ranks.ranks import Ranks
from warmstart.ranks.spread import rows_of_share
from warmstart.training.balance import draw_counts
from warmstart.training.randomness import derive
from warmstart.training.settings import FitSettings


@dataclass(frozen=True, eq=False)
class EpochPlan:
    """``batches`` hold training positions (B,) each.

    ``draws`` say beside each how often the row was drawn before, which decides the view it is
    seen in; None where that is the number of the epoch for all of them, as without a sampler.
    """

    batches: list[NDArray[np.int64]]
    draws: list[NDArray[np.int64]] | None = None

    def after(self, step: int) -> "EpochPlan":
        """What is left to do after so many batches."""
        return EpochPlan(self.batches[step:], None if self.draws is None else self.draws[step:])


def epoch_plan(settings: FitSettings, targets: Tensor, epoch: int) -> EpochPlan:
    """The plan of one epoch.

    With a sampler every draw of a row is of the view after the one it was drawn in last, as
    without one: so rare rows are seen in more views, not in the same ones again, and K stored views
    are ordinary augmented training until a row has been drawn K times.

    Args:
        settings: Seed, batch size, ``draws_evenly``, and the epoch that the fit begins with; until
            then each row is taken to have been drawn once per epoch.
        targets: Of the training rows.
        epoch: Counted over all fits.
    """
    if not settings.draws_evenly:
        return EpochPlan(epoch_batches(len(targets), settings.batch_size, settings.seed, epoch))
    labels = targets.numpy()
    before = np.full(len(labels), settings.first_epoch)
    for earlier in range(settings.first_epoch, epoch):
        before += draw_counts(labels, settings.seed, earlier)
    counts = draw_counts(labels, settings.seed, epoch)
    rows = np.repeat(np.arange(len(labels)), counts)
    firsts = np.repeat(np.cumsum(counts) - counts, counts)
    draws = before[rows] + np.arange(len(rows)) - firsts
    order = np.random.default_rng(derive(settings.seed, "order", epoch)).permutation(len(rows))
    size = settings.batch_size
    return EpochPlan(split_batches(rows[order], size), split_batches(draws[order], size))


def shared_plan(plan: EpochPlan, ranks: Ranks) -> EpochPlan:
    """What one of several processes takes of each batch; one alone takes all."""
    draws = None if plan.draws is None else rows_of_share(ranks, plan.draws)
    return EpochPlan(rows_of_share(ranks, plan.batches), draws)


def epoch_batches(num_rows: int, batch_size: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """Shuffle and part; every row once.

    Args:
        num_rows: Training rows.
        batch_size: Rows per batch.
        seed: The run's seed.
        epoch: Counted over all fits.

    Returns:
        Positions (B,) per batch. A last batch of one joins the batch before it, because BatchNorm
        cannot learn from a single row.
    """
    order = np.random.default_rng(derive(seed, "order", epoch)).permutation(num_rows)
    return split_batches(order, batch_size)


def split_batches(order: NDArray[np.int64], batch_size: int) -> list[NDArray[np.int64]]:
    """Batches of what is in order; a last one of one joins the batch before it."""
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        last = batches.pop()
        batches[-1] = np.concatenate([batches[-1], last])
    return batches


def num_batches(num_rows: int, batch_size: int) -> int:
    """How many batches ``epoch_batches`` gives."""
    full, rest = divmod(num_rows, batch_size)
    return max(1, full + (rest > 1 or (rest == 1 and full == 0)))
