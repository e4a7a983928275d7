"""The two heads that a recipe knows: how each is fitted, and asked about rows it did not see."""

from warmstart.recipe.recipe_run import RecipeRun
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.training.head_card import MLP_DECAY, mlp_epochs

NUM_FOLDS = 5
LOGISTIC, MLP = "logistic", "mlp"
MLP_SECONDS = 120  # that must be left for an MLP to be tried: it takes up to half a minute


def head_kinds(run: RecipeRun) -> tuple[str, ...]:
    """Which heads step 3 fits.

    One of the user's own is not replaced unless it is asked for.
    """
    if run.recipe.head != "auto":
        return (run.recipe.head,)
    if run.fresh.card is None:
        return (MLP,)
    has_time = run.choose("tries_mlp", lambda: run.seconds_left > MLP_SECONDS)
    return (LOGISTIC, MLP) if has_time else (LOGISTIC,)


def fit_kind(run: RecipeRun, kind: str) -> None:
    """Train the learner's head, on the views that the learner keeps.

    Args:
        run: Whose learner has the head to begin with.
        kind: "logistic" (solved, wherever it begins) or "mlp".
    """
    learn = run.learn
    if kind == LOGISTIC:
        learn.fit_head(LOGISTIC, checkpoint=run.checkpoint)
        return
    train, _ = learn.state.holdout.split(learn.data.table)
    learn.fit(
        run.chosen["lr_head"], 1, cycle_len=mlp_num_epochs(run, len(train)), wds=MLP_DECAY,
        checkpoint=run.checkpoint, callbacks=run.callbacks,
    )  # fmt: skip


def cross_validate_kind(run: RecipeRun, kind: str) -> OutOfFoldPredictions:
    """What heads of a kind say of training rows that they did not see.

    The learner has a head of that kind already.
    """
    learn = run.learn
    num_rows, k = len(learn.data.table.rows("train")), NUM_FOLDS
    with run.quietly():
        if kind == LOGISTIC:
            return learn.cross_validate(k)
        return learn.cross_validate(
            k, run.chosen["lr_head"], 1, mlp_num_epochs(run, num_rows), wds=MLP_DECAY
        )


def mlp_num_epochs(run: RecipeRun, num_rows: int) -> int:
    """Of an MLP: enough steps, and every view once."""
    views = run.learn.precompute
    num_views = 1 if isinstance(views, bool) else views
    return max(mlp_epochs(num_rows, run.learn.data.bs), num_views)
