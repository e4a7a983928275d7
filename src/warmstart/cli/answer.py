"""How a trained model answers: temperature, thresholds, "unknown", as `train` was asked."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

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
        rows = held_back or learn.cross_validate(balance=asked.balance, **epochs_of(recipe, learn))
        learn.calibrate(rows)
        if rows.is_multi_label:
            learn.fit_thresholds(rows)
    if asked.others is not None:
        learn.set_unknown(Path(asked.others), false_accept=asked.false_accept)


def epochs_of(recipe: Recipe, learn: "ConvLearner") -> dict[str, Any]:
    """How each fold's MLP is to be trained; nothing for a head that is solved."""
    if (learn.card.head or {}).get("kind") == "logistic":
        return {}
    from warmstart.learner.head_fitting import MLP_DECAY, mlp_epochs  # torch is here by now

    asked = recipe.asked
    return {
        "lrs": recipe.lr,
        "cycle_len": asked.epochs or mlp_epochs(len(learn.data.table.rows("train")), asked.bs),
        "wds": MLP_DECAY if asked.wd is None else asked.wd,
    }
