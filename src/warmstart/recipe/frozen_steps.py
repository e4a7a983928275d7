"""Steps 1 to 4: everything in front of the head stays as it is, and is computed once."""

import time
from dataclasses import dataclass

import numpy as np

from warmstart.learner.conv_learner import ConvLearner
from warmstart.ranks.ranks import current_ranks
from warmstart.recipe.heads import MLP, cross_validate_kind, fit_kind, head_kinds
from warmstart.recipe.holdout_pair import State
from warmstart.recipe.recipe_run import (
    RecipeRun,
    Skipped,
    Step,
    Taken,
    compare_holdout,
    loss_of,
)
from warmstart.results.head_fit import NAMES
from warmstart.results.predictions import Predictions

PROBED_ROWS = 64  # that are computed first, to tell how long all of them take
WARMING_ROWS = 8  # before those: the runner is compiled for them
MOST_OF_IT = 0.4  # of the minutes left that step 4 may take: unfreezing gains more


@dataclass(frozen=True)
class Candidate:
    """Both models with one kind of head, and what rows said that did not train it."""

    kind: str
    whole: State
    part: State
    holdout: Predictions


def compute_once(run: RecipeRun) -> Step:
    """1: store the plain view of every row."""
    learn = run.learn

    def take() -> Taken:
        with run.quietly():  # that step 1 keeps plain views is said by its title
            learn.precompute = True
        learn.prepare()
        return Taken()

    rows = len(learn.data.table)
    return Step(
        f"compute what is frozen once for each of {rows} images",
        "it never changes, so the head can be fitted on it again and again",
        take,
        seconds=measure_view_seconds(learn, 0) * rows,
    )


def find_rate(run: RecipeRun) -> Step | Skipped:
    """2: try rates for the MLP."""
    title, why = "find a rate", "the largest at which the loss still clearly falls learns fastest"
    if MLP not in head_kinds(run):
        return Skipped(title, why, "logistic regression is solved, without a rate")

    def take() -> Taken:
        lr = run.choose("lr_head", lambda: run.learn.lr_find().suggestion)
        return Taken(f"rate {lr:.2g}")

    return Step(title, why, take, seconds=2.0)


def train_head(run: RecipeRun) -> Step:
    """3: fit a head of each kind on plain views, and keep the better one."""
    kinds, pair = head_kinds(run), run.pair

    def take() -> Taken:
        tried = [fit_candidate(run, kind) for kind in kinds]
        losses = {each.kind: chosen_loss(run, each) for each in tried}
        best = min(tried, key=lambda each: losses[each.kind])
        run.head, pair.whole, pair.part = best.kind, best.whole, best.part
        pair.holdout = best.holdout
        told = ", ".join(f"{NAMES[kind]} {loss:.4f}" for kind, loss in losses.items())
        return Taken(f"{NAMES[best.kind]}; loss on {holdout_name(run)}: {told}")

    return Step(
        "fit the head" if len(kinds) == 1 else "fit two heads, and keep the better one",
        "it is new, and knows nothing yet",
        take,
        seconds=None if MLP in kinds else 2.0,
        trains=True,
    )


def fit_candidate(run: RecipeRun, kind: str) -> Candidate:
    """Both models with a new head of one kind."""
    pair = run.pair
    with run.quietly():  # hundreds of epochs, which the step's outcome sums up
        pair.train(lambda: fit_kind(run, kind), run.fresh)
    return Candidate(kind, pair.whole, pair.part, asked(run, kind))


def chosen_loss(run: RecipeRun, candidate: Candidate) -> float:
    """The loss by which it is chosen, measured once."""
    return float(run.choose(f"loss_{candidate.kind}", lambda: loss_of(candidate.holdout)))


def asked(run: RecipeRun, kind: str) -> Predictions:
    """What rows say that did not train: held back, or where those are few, out of fold."""
    pair = run.pair
    if not pair.is_out_of_fold:
        return pair.predict_holdout()
    pair.put_evaluated()
    return cross_validate_kind(run, kind)


def train_on_views(run: RecipeRun) -> Step | Skipped:
    """4: fit the head anew on augmented views, which are stored."""
    learn = run.learn
    title = "fit the head on {}augmented views of each image"
    why = "the same things seen a little differently: what does not matter is unlearned"
    if not learn.data.source.varies:
        return Skipped(title.format(""), why, "the data has no augmentation (aug_tfms=, --augment)")
    per_view = measure_view_seconds(learn, 1) * len(learn.data.table.rows("train"))
    views = run.choose(
        "views", lambda: min(run.recipe.views, int(MOST_OF_IT * run.seconds_left / per_view))
        if run.recipe.minutes is not None
        else run.recipe.views,
    )  # fmt: skip
    if views < 1:
        return Skipped(title.format(""), why, f"one view takes {per_view:.0f} s")

    def take() -> Taken:
        before, learn.precompute = run.pair.holdout, views
        new = fit_candidate(run, run.head)
        run.pair.holdout = new.holdout
        taken = Taken() if before is None else compare_holdout(
            before, new.holdout, holdout_name(run)
        )  # fmt: skip
        with run.quietly():
            run.head_views = learn.precompute = views if taken.is_kept else True
        return taken

    return Step(title.format(f"{views} "), why, take, seconds=views * per_view, trains=True)


def holdout_name(run: RecipeRun) -> str:
    """Rows that choose, in words."""
    table = run.learn.data.table
    if run.pair.is_out_of_fold:
        return f"{len(table.rows('train'))} training rows out of fold"
    return f"{len(run.pair.held_back.split(table)[1])} training rows held back"


def measure_view_seconds(learn: ConvLearner, view: int) -> float:
    """How long one view of one row takes, by computing the first few; near 0 if it is stored."""
    rows, activations = learn.data.table.rows("train")[:PROBED_ROWS], learn.state.activations
    if len(rows) > 2 * WARMING_ROWS:
        activations.store(learn.state.source, rows[:WARMING_ROWS], view)
        rows = rows[WARMING_ROWS:]
    began = time.perf_counter()
    activations.store(learn.state.source, rows, view)
    seconds = (time.perf_counter() - began) / len(rows)
    # whoever came late found them stored
    return float(current_ranks().gathered("seconds per view", np.array([seconds])).max())
