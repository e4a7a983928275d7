"""How a trained model answers: temperature, thresholds, "unknown", as `train` was asked."""

from pathlib import Path
from typing import TYPE_CHECKING

from warmstart.cli.recipe import Recipe

if TYPE_CHECKING:
    from warmstart.learner.conv_learner import ConvLearner
    from warmstart.results.predictions import Predictions


def find_answers(
    recipe: Recipe, learn: "ConvLearner", held_back: "Predictions | None" = None
) -> None:
    """Fit what was asked for on rows that do not judge (law 15).

    Args:
        recipe: With the rate that the head was trained with.
        learn: Trained.
        held_back: What it, or its like, says of training rows that it has not seen; None
            cross-validates the head.
    """
    asked = recipe.asked
    if asked.calibrate:
        rows = held_back or out_of_fold(recipe, learn)
        learn.calibrate(rows)
        if rows.is_multi_label:
            learn.fit_thresholds(rows)
    if asked.others is not None:
        learn.set_unknown(Path(asked.others), false_accept=asked.false_accept)


def out_of_fold(recipe: Recipe, learn: "ConvLearner") -> "Predictions":
    """The training rows, each by a head that did not see it, of the kind that was trained."""
    if (learn.card.head or {}).get("kind") == "logistic":
        return learn.cross_validate(balance=recipe.asked.balance)
    num_rows = len(learn.data.table.rows("train"))
    return learn.cross_validate(lrs=recipe.lr, **recipe.mlp_fit(num_rows))
