"""Steps 1 to 4: everything in front of the head stays as it is, and is computed once."""

import time

from warmstart.learner.conv_learner import ConvLearner
from warmstart.recipe.course import Course, Skipped, Step

PROBED_ROWS = 64  # that are computed first, to tell how long all of them take
MOST_OF_IT = 0.4  # of the minutes left that step 4 may take: thawing gains more


def compute_once(course: Course) -> Step:
    """1: store the plain view of every row."""
    learn = course.learn
    learn.precompute = True

    def run() -> str:
        learn.prepare()
        return ""

    rows = len(learn.data.table)
    return Step(
        f"compute what is frozen once for each of {rows} images",
        "it never changes, so every epoch of the head can read it instead",
        run,
        seconds=seconds_per_row(learn, 0) * rows,
    )


def find_rate(course: Course) -> Step:
    """2: try rates for the head."""
    learn = course.learn

    def run() -> str:
        lr = course.choose("lr_head", lambda: learn.lr_find().suggestion)
        return f"rate {lr:.2g}"

    return Step(
        "find a rate", "the largest at which the loss still clearly falls learns fastest", run,
        seconds=2.0,
    )  # fmt: skip


def train_head(course: Course) -> Step:
    """3: train the head on plain views."""
    epochs, lr = course.recipe.head_epochs, course.chosen["lr_head"]

    def run() -> str:
        course.twins.train(
            lambda: course.learn.fit(lr, 1, cycle_len=epochs, checkpoint=course.checkpoint)
        )
        return ""

    return Step(
        f"train the head for {epochs} epochs",
        "it is new, and knows nothing yet",
        run,
        seconds=2 * epochs * 0.25 * len(course.learn.data.table) / 1000,
        trains=True,
    )


def train_on_views(course: Course) -> Step | Skipped:
    """4: train the head on augmented views, each stored when first seen."""
    learn, lr = course.learn, course.chosen["lr_head"]
    title = "train the head on {}augmented views of each image"
    why = "the same things seen a little differently: what does not matter is unlearned"
    if not learn.data.source.varies:
        return Skipped(title.format(""), why, "the data has no augmentation (aug_tfms=, --augment)")
    per_view = seconds_per_row(learn, 1) * len(learn.data.table.rows("train"))
    views = course.choose(
        "views", lambda: min(course.recipe.views, int(MOST_OF_IT * course.seconds_left / per_view))
        if course.recipe.minutes is not None
        else course.recipe.views,
    )  # fmt: skip
    if views < 1:
        return Skipped(title.format(""), why, f"one view takes {per_view:.0f} s")

    def run() -> str:
        learn.precompute = views
        course.twins.train(lambda: learn.fit(lr, views, cycle_len=1, checkpoint=course.checkpoint))
        return ""

    return Step(
        title.format(f"{views} "), why, run,
        seconds=views * per_view, can_harm=True, trains=True,
    )  # fmt: skip


def seconds_per_row(learn: ConvLearner, view: int) -> float:
    """How long one view of one row takes, by computing the first few; near 0 if it is stored."""
    began = time.perf_counter()
    rows = learn.data.table.rows("train")[:PROBED_ROWS]
    learn.activations.store(learn.data.source, rows, view)
    return (time.perf_counter() - began) / len(rows)
