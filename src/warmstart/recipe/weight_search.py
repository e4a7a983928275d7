"""Step 8: train all layers, and find the place on the line between the weights before and after.

Rows that did not train choose the place by their loss: those held back, or, where those would be
few, every training row: the backbone is trained once per fold without its rows, they are asked at
each place, and a last fit on all rows goes to the place with the lowest mean loss.

Reference:
    Kumar et al. 2022, arXiv 2202.10054, for beginning at a head that was fitted alone; Wortsman et
    al. 2022, arXiv 2109.01903, for the line.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from warmstart.learner.holdout import Holdout, HoldoutFold
from warmstart.recipe.frozen_steps import holdout_name
from warmstart.recipe.heads import fit_kind
from warmstart.recipe.holdout_pair import State
from warmstart.recipe.recipe_run import RecipeRun, Taken, loss_of
from warmstart.results.predictions import Predictions
from warmstart.terminal.waiting import waiting
from warmstart.training.state import PLACES, weights_between


def fit_and_mix(run: RecipeRun, lrs: Sequence[float], cycles: int) -> Taken:
    """Train, choose the place, and go there.

    Args:
        run: Whose better head is the beginning.
        lrs: Rate per layer group.
        cycles: Of growing length.

    Returns:
        The place and every place's loss; at 0 the step is undone.
    """
    pair = run.pair
    asked = by_folds(run, lrs, cycles) if pair.is_out_of_fold else None
    before = pair.evaluated
    pair.train_unfrozen(lambda: fit_all(run, lrs, cycles, chooses=asked is None))
    after = pair.evaluated
    if asked is None:
        asked = at_places(run, before, after, pair.held_back, pair.holdout)
    losses = run.choose("place_losses", lambda: [loss_of(rows) for rows in asked])
    at = int(np.argmin(losses))
    place, pair.holdout = PLACES[at], asked[at]
    run.evaluate("unfrozen")
    told = ", ".join(f"{p:g}: {loss:.4f}" for p, loss in zip(PLACES, losses, strict=True))
    where = f"loss on {holdout_name(run)} on the way from the weights before to those after, {told}"
    if place == 0.0:
        return Taken(f"undone: {where}", is_kept=False)
    pair.put_unfrozen(after.with_weights(weights_between(before.weights, after.weights, place)))
    return Taken(f"kept at {place:g} of the way: {where}")


def fit_all(run: RecipeRun, lrs: Sequence[float], cycles: int, *, chooses: bool) -> None:
    """Train the unfrozen learner.

    Args:
        run: Whose.
        lrs: Rate per layer group.
        cycles: Of growing length.
        chooses: Whether rows held back choose the best epoch; if not, the last one is taken.
    """
    best: dict[str, Any] = {}
    if chooses:
        best = {"keeps_best": True, "patience": run.recipe.patience}
    run.learn.fit(
        list(lrs), cycles, cycle_len=1, cycle_mult=2, checkpoint=run.checkpoint,
        callbacks=run.callbacks, **best,
    )  # fmt: skip


def at_places(
    run: RecipeRun, before: State, after: State, held_back: Holdout, first: Predictions | None
) -> list[Predictions]:
    """What rows that did not train say at each place.

    Args:
        run: Whose learner is asked.
        before: Weights at 0.
        after: Weights at 1.
        held_back: Which rows.
        first: Their answer at 0, if it is known.
    """
    found = []
    for place in PLACES:
        if place == 0.0 and first is not None:
            found.append(first)
            continue
        weights = weights_between(before.weights, after.weights, place)
        run.pair.put(after.with_weights(weights), held_back)
        found.append(run.learn.predict("held_back"))
    return found


def by_folds(run: RecipeRun, lrs: Sequence[float], cycles: int) -> list[Predictions]:
    """What every training row says at each place of a line that was found without it."""
    learn, pair, folds = run.learn, run.pair, run.recipe.num_folds
    parts: list[list[Predictions]] = []
    for fold in range(folds):
        held = HoldoutFold(seed=learn.state.seed, fold=fold, num_folds=folds, units=pair.units)
        pair.put(run.fresh, held)
        learn.freeze()
        part = waiting(f"part {fold + 1} of {folds}", quiet=learn.quiet, leads=True)
        with part, run.quietly():
            learn.precompute = run.head_views
            fit_kind(run, run.head)
            before = pair.state()
            learn.precompute = False
            learn.unfreeze()
            fit_all(run, lrs, cycles, chooses=False)
        parts.append(at_places(run, before, pair.state(), held, None))
    return [concatenated(rows) for rows in zip(*parts, strict=True)]


def concatenated(parts: Sequence[Predictions]) -> Predictions:
    """Predictions of different rows as one."""
    return replace(
        parts[0],
        rows=tuple(name for part in parts for name in part.rows),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
    )
