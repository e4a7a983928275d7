"""Steps 5 to 8: the whole network trains, from the better head on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from warmstart.activations.frozen_part import frozen_backbone
from warmstart.learner.fitting import seconds_per_row
from warmstart.recipe.recipe_run import RecipeRun, Skipped, Step, Taken
from warmstart.recipe.weight_search import fit_and_mix
from warmstart.training.state import PLACES

OWN_RATE = 1e-4, 0.3  # of all layers, between which step 7 looks: the head is not new any more
SEARCH_SHARE = 10  # step 7 feeds at most a tenth of the rows of step 8
EVALUATED_COST = 1 / 3  # of a row that is only judged: forward, without backward
FED_COST = (1 + EVALUATED_COST) / 2  # of a row that is fed in step 7: each once without backward
FEWEST_TIMED = 64  # rows of step 7 that say what rows of step 8 will take


def unfreeze(run: RecipeRun) -> Step | Skipped:
    """5: unfreeze the backbone, if there is time to train it."""
    learn = run.learn
    title, why = "unfreeze the backbone", "its features were learned from other pictures than these"
    cycles = run.choose("num_cycles", lambda: affordable_cycles(run))
    if cycles < 1:
        reason = f"{run.seconds_left / 60:.1f} minutes are left, too few to train it"
        return Skipped(title, why, reason)

    def take() -> Taken:
        learn.precompute = False
        learn.unfreeze()
        run.pair.put_evaluated()
        train, held = learn.state.holdout.split(learn.data.table)
        if run.pair.is_out_of_fold:
            return Taken(
                f"{len(train)} training rows train it; a fifth of so few would judge by chance, so "
                f"{run.recipe.num_folds} more are trained, each without a part that it judges"
            )
        return Taken(f"{len(train)} training rows train it, the {len(held)} held back choose")

    return Step(title, why, take, seconds=0.0)


def spread_rates(run: RecipeRun) -> Step | Skipped:
    """6: rates per layer group."""
    title = "set the rates of earlier layers"
    why = "they hold what is true of all pictures, and may need to change least"
    if left_frozen(run):
        return Skipped(title, why, "the backbone stays frozen")

    def take() -> Taken:
        names = [group.name for group in run.learn.state.layers.trainable_groups()]
        listed = zip(names, ratios(run), strict=True)
        return Taken(", ".join(f"{name} × {ratio:g}" for name, ratio in listed))

    return Step(title, why, take, seconds=0.0)


def find_rates_again(run: RecipeRun) -> Step | Skipped:
    """7: try rates for the whole network, on at most a tenth of the rows of step 8."""
    title, why = "find the rate again", "a network that has learned bears other steps"
    if left_frozen(run):
        return Skipped(title, why, "the backbone stays frozen")
    learn, rows = run.learn, search_rows(run, run.chosen["num_cycles"])

    def take() -> Taken:
        first, last = OWN_RATE
        began, is_new = time.perf_counter(), "lr_all" not in run.chosen
        lr = run.choose(
            "lr_all",
            lambda: (
                learn.lr_find(
                    ratios(run),
                    start_lr=first,
                    end_lr=last,
                    num_steps=run.recipe.rate_steps,
                    max_rows=rows,
                ).suggestion
            ),
        )
        if is_new and rows >= FEWEST_TIMED:  # what step 8 takes is better known now
            took = (time.perf_counter() - began) / rows
            run.row_seconds = max(took / FED_COST, unfrozen_row_seconds(run))
        return Taken(f"rate {lr:.2g} for the head; at most {rows} rows were fed to find it")

    seconds = 0.0 if "lr_all" in run.chosen else rows * unfrozen_row_seconds(run)
    return Step(title, why, take, seconds=seconds)


def train_all(run: RecipeRun) -> Step | Skipped:
    """8: train everything in cycles of growing length, then go back as far as is best."""
    title = "train all layers"
    why = "the whole network learns these pictures; its weights are mixed with those before"
    if left_frozen(run):
        return Skipped(title, why, "the backbone stays frozen")
    lr, cycles = run.chosen["lr_all"], run.chosen["num_cycles"]
    lrs = [lr * ratio for ratio in ratios(run)]
    return Step(
        f"{title} for {'' if run.pair.is_out_of_fold else 'up to '}{cycle_epochs(cycles)} epochs",
        why,
        lambda: fit_and_mix(run, lrs, cycles),
        seconds=unfrozen_seconds(run, cycles),
        trains=True,
    )


def ratios(run: RecipeRun) -> list[float]:
    """How each layer group's rate compares with the head's."""
    number = len(run.learn.state.layers.trainable_groups())
    return [run.recipe.rate_ratio ** (place + 1 - number) for place in range(number)]


def left_frozen(run: RecipeRun) -> bool:
    """Whether there was no time to unfreeze."""
    return int(run.chosen.get("num_cycles", 1)) < 1


def affordable_cycles(run: RecipeRun) -> int:
    """As many cycles as the minutes left allow, and at most those that were asked for."""
    wanted = run.recipe.num_cycles
    if run.recipe.minutes is None:
        return wanted
    costs = {
        cycles: unfrozen_seconds(run, cycles) + search_rows(run, cycles) * unfrozen_row_seconds(run)
        for cycles in range(1, wanted + 1)
    }
    return max((c for c, seconds in costs.items() if seconds <= run.seconds_left), default=0)


def cycle_epochs(cycles: int) -> int:
    """The sum of 1, 2, 4 and so on, a term per cycle."""
    return int(2**cycles - 1)


def trained_rows(run: RecipeRun, cycles: int) -> int:
    """How many rows step 8 feeds to train, the folds' among them."""
    table, folds = run.learn.data.table, run.recipe.num_folds
    if run.pair.is_out_of_fold:
        return cycle_epochs(cycles) * len(table.rows("train")) * folds
    return cycle_epochs(cycles) * len(run.pair.held_back.split(table)[0])


def search_rows(run: RecipeRun, cycles: int) -> int:
    """Rows that the search in step 7 may feed: a tenth of those of step 8."""
    return trained_rows(run, cycles) // SEARCH_SHARE


def unfrozen_seconds(run: RecipeRun, cycles: int) -> float:
    """Of step 8: rows that train, and rows that are only judged after each epoch."""
    table = run.learn.data.table
    held, fits = 0, run.recipe.num_folds + 1
    if not run.pair.is_out_of_fold:
        held, fits = len(run.pair.held_back.split(table)[1]), 1
    epochs, has_valid = cycle_epochs(cycles), len(table.rows("valid")) > 0
    judged = epochs * (held + len(table.rows("valid")) * fits)
    num_judgings = epochs * (fits * has_valid + (held > 0)) + len(PLACES) * max(1, fits - 1)
    rows = trained_rows(run, cycles) + EVALUATED_COST * judged
    return rows * unfrozen_row_seconds(run) + num_judgings * unfrozen_compile_seconds(run)


def unfrozen_row_seconds(run: RecipeRun) -> float:
    """Of training everything, by a few steps that change nothing; measured once."""
    if run.row_seconds is None:
        with as_unfrozen(run):
            run.row_seconds = seconds_per_row(run.learn.state)
    return run.row_seconds


def unfrozen_compile_seconds(run: RecipeRun) -> float:
    """Before each judging: the weights have moved, so that it is compiled anew; measured once."""
    if run.compile_seconds is None:
        parts, began = run.learn.state.parts, time.perf_counter()
        part = frozen_backbone(parts.network, parts.settings, parts.device, parts.torch_cuts)
        _ = part.runner  # is made now
        run.compile_seconds = time.perf_counter() - began
    return run.compile_seconds


@contextmanager
def as_unfrozen(run: RecipeRun) -> Iterator[None]:
    """The learner as it is after step 5, for a while: to plan a step changes nothing."""
    learn = run.learn
    if learn.state.layers.cut == 0:
        yield
        return
    cut, precompute = learn.state.layers.cut, learn.precompute
    keeps_pixels = learn.state.keeps_pixels
    with run.quietly():
        learn.precompute = False
        learn.unfreeze()
    try:
        yield
    finally:
        learn.state.layers.cut = cut
        learn.state.precompute, learn.state.keeps_pixels = precompute, keeps_pixels
        learn.state.parts.forget(backbone_moved=False)
