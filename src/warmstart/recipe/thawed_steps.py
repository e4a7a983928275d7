"""Steps 5 to 8: the whole network trains, the first layers least."""

from warmstart.recipe.course import Course, Skipped, Step

OWN_RATE = 1e-4, 1.0  # of the head, between which step 7 looks: it is not new any more
JUDGED_COST = 1 / 3  # of a row that is only judged: forward, without backward


def thaw(course: Course) -> Step | Skipped:
    """5: unfreeze the body, if there is time to train it."""
    learn = course.learn
    title, why = "thaw the body", "its features were learned from other pictures than these"
    learn.precompute = False
    learn.unfreeze()
    cycles = course.choose("num_cycles", lambda: affordable_cycles(course))
    if cycles < 1:
        learn.freeze()
        reason = f"{course.seconds_left / 60:.1f} minutes are left, too few to train it"
        return Skipped(title, why, reason)

    def run() -> str:
        course.twins.thaw()
        train, held = learn.held_back.parted(learn.data.table)
        return f"{len(train)} training rows train it, the {len(held)} held back choose"

    return Step(title, why, run, seconds=0.0)


def spread_rates(course: Course) -> Step | Skipped:
    """6: rates per layer group."""
    title = "give earlier layers smaller rates"
    why = "they hold what is true of all pictures, and need to change least"
    if left_frozen(course):
        return Skipped(title, why, "the body stays frozen")

    def run() -> str:
        names = [group.name for group in course.learn.layers.trainable_groups()]
        listed = zip(names, ratios(course), strict=True)
        return ", ".join(f"{name} × {ratio:g}" for name, ratio in listed)

    return Step(title, why, run, seconds=0.0)


def find_rates_again(course: Course) -> Step | Skipped:
    """7: try rates for the whole network."""
    title, why = "find the rate again", "a network that has learned bears smaller steps"
    if left_frozen(course):
        return Skipped(title, why, "the body stays frozen")
    learn, steps = course.learn, course.recipe.rate_steps

    def run() -> str:
        first, last = OWN_RATE
        lr = course.choose(
            "lr_all",
            lambda: (
                learn.lr_find(
                    ratios(course), start_lr=first, end_lr=last, num_steps=steps
                ).suggestion
            ),
        )
        return f"rate {lr:.2g} for the head"

    seconds = 0.0 if "lr_all" in course.chosen else steps * learn.data.bs * seconds_per_row(course)
    return Step(title, why, run, seconds=seconds)


def train_all(course: Course) -> Step | Skipped:
    """8: train everything in cycles of growing length, and keep the best epoch."""
    title = "train all layers"
    why = "the whole network learns these pictures, until rows held back say that it over-fits"
    if left_frozen(course):
        return Skipped(title, why, "the body stays frozen")
    learn, lr, cycles = course.learn, course.chosen["lr_all"], course.chosen["num_cycles"]
    lrs = [lr * ratio for ratio in ratios(course)]

    def run() -> str:
        course.twins.train_thawed(
            lambda: learn.fit(
                lrs, cycles, cycle_len=1, cycle_mult=2, keeps_best=True,
                patience=course.recipe.patience,
                checkpoint=course.checkpoint,
            )
        )  # fmt: skip
        return ""

    epochs = num_epochs(cycles)
    return Step(
        f"{title} for up to {epochs} epochs, and keep the best", why, run,
        seconds=epochs * epoch_seconds(course), can_harm=True, trains=True,
    )  # fmt: skip


def ratios(course: Course) -> list[float]:
    """How each layer group's rate compares with the head's."""
    number = len(course.learn.layers.trainable_groups())
    return [course.recipe.rate_ratio ** (place + 1 - number) for place in range(number)]


def left_frozen(course: Course) -> bool:
    """Whether there was no time to thaw."""
    return int(course.chosen.get("num_cycles", 1)) < 1


def affordable_cycles(course: Course) -> int:
    """As many cycles as the minutes left allow, and at most those that were asked for."""
    wanted = course.recipe.num_cycles
    if course.recipe.minutes is None:
        return wanted
    search = course.recipe.rate_steps * course.learn.data.bs * seconds_per_row(course)
    left = course.seconds_left - search
    fits = [c for c in range(1, wanted + 1) if num_epochs(c) * epoch_seconds(course) <= left]
    return max(fits, default=0)


def num_epochs(cycles: int) -> int:
    """The sum of 1, 2, 4 and so on, a term per cycle."""
    return int(2**cycles - 1)


def epoch_seconds(course: Course) -> float:
    """Of one epoch of everything: rows that train, and rows that are only judged."""
    table = course.learn.data.table
    train, held = course.learn.held_back.parted(table)
    judged = len(held) + len(table.rows("valid"))
    return (len(train) + JUDGED_COST * judged) * seconds_per_row(course)


def seconds_per_row(course: Course) -> float:
    """Of training everything, by a few steps that change nothing; measured once."""
    if course.row_seconds is None:
        course.row_seconds = course.learn.seconds_per_row()
    return course.row_seconds
