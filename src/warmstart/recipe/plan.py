"""All steps of a recipe with their seconds, said before the first one begins."""

from collections.abc import Callable

import torch

from warmstart.recipe.frozen_steps import measure_view_seconds
from warmstart.recipe.heads import MLP, NUM_FOLDS, head_kinds, mlp_num_epochs
from warmstart.recipe.recipe_run import PlannedStep, RecipeRun
from warmstart.recipe.unfrozen_steps import (
    cycle_epochs,
    search_rows,
    unfrozen_row_seconds,
    unfrozen_seconds,
)
from warmstart.terminal.waiting import waiting
from warmstart.training.precision import timed_step

LOGISTIC_SECONDS = 1.0  # of a few thousand rows; more of them take longer
SWEEP_STEPS = 200  # of step 2: each of 100 batches passes twice


def plan_of(run: RecipeRun, last_step: int) -> list[PlannedStep]:
    """The steps to take, each timed on a few rows; that changes nothing.

    Args:
        run: Before its first step.
        last_step: The last one to take.
    """
    rows, num_train = len(run.learn.data.table), len(run.learn.data.table.rows("train"))
    heads = head_seconds(run) if last_step > 1 else 0.0
    titles: list[tuple[str, Callable[[], float]]] = [
        ("compute what is frozen, once per image", lambda: rows * view_seconds(run, 0)),
        ("find a rate", lambda: sweep_seconds(run)),
        ("fit the head", lambda: heads),
    ]
    if run.learn.data.source.varies:
        views = run.recipe.views
        titles.append(
            (
                f"fit it on {views} augmented views",
                lambda: views * num_train * view_seconds(run, 1) + heads / len(head_kinds(run)),
            )
        )
    else:
        titles.append(("augmented views: left out, there is no augmentation", lambda: 0.0))
    cycles = run.recipe.num_cycles
    titles += [
        ("unfreeze the backbone", lambda: 0.0),
        ("set the rates of earlier layers", lambda: 0.0),
        ("find the rate again", lambda: search_rows(run, cycles) * unfrozen_row_seconds(run)),
        (
            f"train all layers for up to {cycle_epochs(cycles)} epochs",
            lambda: unfrozen_seconds(run, cycles),
        ),
    ]
    with waiting("timing each step on a few images"), run.quietly():
        return [
            PlannedStep(number, title, seconds())
            for number, (title, seconds) in enumerate(titles[:last_step], 1)
        ]


def view_seconds(run: RecipeRun, view: int) -> float:
    """Of one view of one image."""
    return measure_view_seconds(run.learn, view)


def head_step_seconds(run: RecipeRun) -> float:
    """Of a step of the MLP."""
    learn, size = run.learn, run.learn.data.bs
    rows = torch.zeros(size, learn.num_features, device=learn.state.device)
    wanted = torch.zeros(size, dtype=torch.long)
    if learn.data.table.is_multi_label:
        wanted = torch.zeros(size, len(learn.data.classes))
    return timed_step(learn.state.network.head, rows, wanted, "f32")


def sweep_seconds(run: RecipeRun) -> float:
    """Of step 2."""
    return SWEEP_STEPS * head_step_seconds(run) if MLP in head_kinds(run) else 0.0


def head_seconds(run: RecipeRun) -> float:
    """Of step 3: both kinds, on all training rows and for the rows that choose."""
    num_train = len(run.learn.data.table.rows("train"))
    num_fits = 1 + NUM_FOLDS if run.pair.is_out_of_fold else 2
    seconds = LOGISTIC_SECONDS * num_fits
    if MLP in head_kinds(run):
        steps = mlp_num_epochs(run, num_train) * max(1, num_train // run.learn.data.bs)
        seconds += num_fits * steps * head_step_seconds(run)
    return seconds
