"""`warmstart evaluate`: judge a saved model on labelled pictures."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warmstart.cli.commands import options
from warmstart.cli.commands.model import (
    ModelOrName,
    check_confidence,
    check_is_model,
    is_published,
)
from warmstart.cli.commands.options import with_options
from warmstart.cli.commands.paths import check_exists, is_pattern
from warmstart.cli.run.settings import TableSettings
from warmstart.errors import DataError, SettingError, UnreadableImagesError, printable
from warmstart.files.remote_reading import as_place
from warmstart.terminal.colour import show_lines
from warmstart.terminal.waiting import waiting

if TYPE_CHECKING:
    from warmstart.results.predictions import Predictions

LABELLED_HELP = "One folder per class, a folder with valid/, a CSV file, or tar or Parquet shards."


@with_options(TableSettings)
def evaluate_command(
    model: ModelOrName,
    source: Annotated[Path, typer.Argument(metavar="FOLDER|CSV", help=LABELLED_HELP)],
    settings: TableSettings,
    split: Annotated[
        str | None,
        typer.Option(help="Which part, where there are parts; default: valid, else test."),
    ] = None,
    with_training_rows: Annotated[
        bool, typer.Option("--with-training-rows", help="Judge what the model was trained on too.")
    ] = False,
    others: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help='Pictures of other things: how many are "unknown"?'),
    ] = None,
    confidence: options.Confidence = None,
    on_unreadable: options.OnUnreadable = "raise",
    device: options.Device = "auto",
) -> None:
    """Judge a model on labelled pictures: every score, with a 95 % interval."""
    if not is_published(model):
        check_is_model(model)
    source = as_place(source)
    if not is_pattern(str(source)):
        check_exists(source, expected="a folder with one folder per class, or a CSV file.")
    if others is not None:
        others = as_place(others)
        check_exists(others, expected="a picture, or a folder of pictures, of other things.")
    from warmstart.cli.run.loading import resolve_column
    from warmstart.cli.text.ending import meaning, show_wrapped
    from warmstart.cli.text.scores import show_scores
    from warmstart.data.listing import left_out_lines
    from warmstart.data.table import Exclusion
    from warmstart.inference.evaluation import TRAINED, keys_of_files

    with waiting("loading the model"):  # and torch, not for --help
        from warmstart.inference.loading import load_predictor

        predictor = load_predictor(model, device=device)
    check_confidence(confidence, predictor.card)
    columns = {
        name: resolve_column(getattr(settings, name))
        for name in ("name_column", "label_column", "split_column")
    }
    found = predict_all(
        lambda: predictor.evaluate(
            source,
            split=split,
            with_training_rows=with_training_rows,
            on_unreadable=on_unreadable,
            quiet=True,
            **(asdict(settings) | columns),
        )
    )
    left_out = [Exclusion(*item) for item in found.left_out if item[1] != TRAINED]
    show_lines("\n".join((*found.notes, *left_out_lines(left_out))))
    scores = found.scores()
    show_scores(found, scores)
    if not scores.chosen_on_these:  # else they say nothing of other photos
        show_wrapped(meaning(scores, is_multi_label=found.is_multi_label))
    if confidence is not None:
        show_lines(f"\n{found.set_scores(confidence)}")
    if others is not None:
        said = predict_all(lambda: predictor.predict([others], on_unreadable=on_unreadable))
        for note in said.notes:
            show_lines(f"note: {printable(note)}")
        show_unknown_rates(found, said)
        seen = predictor.seen
        if seen is not None and seen.choices_of(
            keys_of_files([as_place(name) for name in said.rows])
        ):
            show_lines("note: some of these other things chose when, which flatters both rates")


def predict_all(predict: "Callable[[], Predictions]") -> "Predictions":
    """What the model says of pictures.

    Raises:
        DataError: some cannot be read.
    """
    try:
        return predict()
    except UnreadableImagesError as error:
        what, *details = error.what.split("\n")
        raise DataError(
            what, details=details, expected=error.expected, fix="delete or replace them."
        ) from error


def show_unknown_rates(known: "Predictions", others: "Predictions") -> None:
    """Print how often "unknown" is said where it should not be, and is not where it should.

    Raises:
        SettingError: the model always answers.
    """
    from warmstart.metrics.unknown import UnknownThreshold, score_unknown

    below = known.answering.unknown_below
    if below is None:
        raise SettingError(
            'this model never says "unknown".',
            expected="a model that was given pictures of other things to learn when.",
            fix="train with --others FOLDER, or learn.set_unknown(pictures) and learn.save().",
        )
    scores = score_unknown(
        UnknownThreshold(below, 0.0, 0),
        scores_of_known=known.scores_of_known,
        scores_of_others=others.scores_of_known,
    )
    for what, rate, interval, number in (
        ("others answered", scores.false_accept, scores.false_accept_interval, scores.num_others),
        ("known refused", scores.false_reject, scores.false_reject_interval, scores.num_known),
    ):
        show_lines(
            f"{what} {rate:.4f} (95 % {interval.low:.4f} to {interval.high:.4f}, n = {number})"
        )
