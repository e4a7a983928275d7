"""What a finished run leaves on disk and says on the screen."""

from pathlib import Path
from typing import TYPE_CHECKING

from warmstart.cli.judge import tell
from warmstart.cli.run_folder import (
    EXCLUSIONS,
    OUT_OF_FOLD,
    write_data,
    write_environment,
    write_exclusions,
    write_history,
    write_predictions,
    write_scores,
)
from warmstart.data.table import ImageTable, damaged_notes
from warmstart.errors import printable
from warmstart.metrics.scores import Scores
from warmstart.terminal.colour import show_lines

if TYPE_CHECKING:
    from warmstart.learner.conv_learner import ConvLearner
    from warmstart.results.predictions import Predictions

DAMAGED = "damaged.csv"  # is there where pictures are used though they are damaged
MOST_LISTED = 20


def write_outcome(run: Path, learn: "ConvLearner", predictions: "Predictions") -> Scores:
    """Write model, history, predictions, scores, exclusions, environment and the confusion."""
    scores: Scores = predictions.scores()
    learn.save(run / "model", metrics={"valid_accuracy": predictions.accuracy})
    write_history(run, learn.history)
    write_predictions(run, predictions, learn.content_hashes("valid"))
    if learn.out_of_fold is not None:
        hashes = dict(
            zip(names_of(learn.data.table, "train"), learn.content_hashes("train"), strict=True)
        )
        seen = [hashes[name] for name in learn.out_of_fold.rows]
        write_predictions(run, learn.out_of_fold, seen, OUT_OF_FOLD)
    write_scores(run, scores)
    write_exclusions(run / EXCLUSIONS, learn.data.table.exclusions)
    if learn.data.table.damaged:
        write_exclusions(run / DAMAGED, learn.data.table.damaged)
    write_data(run, learn.data.table, learn.noticed)
    write_environment(run, learn.card.versions, learn.numeric_mode)
    if not predictions.is_multi_label:
        predictions.confusion_matrix().plot(run / "confusion.png")
    return scores


def names_of(table: ImageTable, split: str) -> list[str]:
    """The names of a split's rows, in table order."""
    return [table.names[row] for row in table.rows(split)]


def tell_outcome(run: Path, table: ImageTable, predictions: "Predictions", scores: Scores) -> None:
    """Print what was left out, how good the model is, and where everything lies."""
    exclusions = table.exclusions
    if exclusions:
        show_lines(f"\n{len(exclusions)} file(s) left out:")
        for exclusion in exclusions[:MOST_LISTED]:
            show_lines(printable(f"  {exclusion.name}: {exclusion.reason}"))
        if len(exclusions) > MOST_LISTED:
            show_lines(f"  … all of them in {run / 'exclusions.csv'}")
    for item in damaged_notes(table.damaged):
        show_lines(f"\n{printable(item)}")
    show_lines()
    tell(predictions, scores)
    show_lines(f"\nmodel:      {run / 'model'}")
    if (run / "confusion.png").exists():
        show_lines(f"confusion:  {run / 'confusion.png'}")
    show_lines(f"run:        {run}")
