"""`warmstart predict`: name what is on pictures with a saved model."""

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from warmstart.cli import options
from warmstart.cli.model_path import refuse_no_model
from warmstart.cli.paths import refuse_missing
from warmstart.errors import DataError, UnreadableImagesError
from warmstart.results.answering import UNKNOWN

if TYPE_CHECKING:
    from warmstart.inference.predictor import Predictor
    from warmstart.results.predictions import Predictions

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder, such as RUN/model.")]


def predict(
    model: Model,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATHS...", help="Images, or folders of images.")
    ],
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write all probabilities here; - is the screen.")
    ] = None,
    unknown: Annotated[
        bool, typer.Option(help='Say "unknown", if the model was taught when.')
    ] = True,
    device: options.Device = "auto",
) -> None:
    """Name what is on pictures.

    Raises:
        DataError: some cannot be read; the others were named.
    """
    refuse_no_model(model)
    for path in paths:
        refuse_missing(path, expected="an image, or a folder of images.")
    from warmstart.inference.pictures import files_at
    from warmstart.inference.predictor import load_predictor  # torch loads here, not for --help

    files = [file for path in paths for file in files_at(path)]
    predictor = load_predictor(model, device=device)
    predictions, unread = predict_readable(predictor, files)
    if predictions is not None:
        write(predictions if unknown else always_answering(predictions), csv_file)
    if unread is not None:
        num_named = 0 if predictions is None else len(predictions.rows)
        raise DataError(
            unread.what,
            expected=unread.expected,
            fix=f"replace them; {num_named} other image(s) were read.",
        ) from unread


def predict_readable(
    predictor: "Predictor", files: Sequence[Path]
) -> tuple["Predictions | None", UnreadableImagesError | None]:
    """Predictions of what can be read, and the error that lists what cannot."""
    try:
        return predictor.predict(files), None
    except UnreadableImagesError as error:
        unread = error
    names = {one.name for one in unread.errors}
    rest = [file for file in files if str(file) not in names]
    return (predictor.predict(rest) if rest else None), unread


def always_answering(predictions: "Predictions") -> "Predictions":
    """The same without "unknown"."""
    return replace(predictions, answering=replace(predictions.answering, unknown_below=None))


def write(predictions: "Predictions", csv_file: Path | None) -> None:
    """Print a line per picture, or write a CSV."""
    if csv_file is None:
        for name, text in zip(predictions.rows, answer_texts(predictions), strict=True):
            print(f"{name}\t{text}")
    elif str(csv_file) == "-":
        write_csv(predictions, sys.stdout)
    else:
        csv_file.parent.mkdir(parents=True, exist_ok=True)
        with csv_file.open("w", newline="", encoding="utf-8") as file:
            write_csv(predictions, file)
        print(f"{len(predictions.rows)} rows in {csv_file}")


def answer_texts(predictions: "Predictions") -> Iterator[str]:
    """Each row's answer and its probability, the surest first where there may be many."""
    classes = predictions.classes
    for names, row in zip(predictions.answers, predictions.probabilities, strict=True):
        chances = dict(zip(classes, row, strict=True))
        nearest = f"{classes[int(row.argmax())]} {row.max():.4f}"
        if not names:
            yield f"-\t(none above its threshold; the nearest: {nearest})"
        elif names == (UNKNOWN,):
            yield f"{UNKNOWN}\t(the nearest: {nearest})"
        else:
            sure = sorted(names, key=lambda name: -chances[name])
            yield "|".join(sure) + "\t" + "|".join(f"{chances[name]:.4f}" for name in sure)


def write_csv(predictions: "Predictions", file: TextIO) -> None:
    """One line per picture: its name, what is predicted, every probability."""
    from warmstart.cli.run_folder import BETWEEN_LABELS

    writer = csv.writer(file)
    writer.writerow(["name", "predicted", *predictions.classes])
    rows = zip(predictions.rows, predictions.answers, predictions.probabilities, strict=True)
    for name, answer, row in rows:
        writer.writerow([name, BETWEEN_LABELS.join(answer), *(repr(float(p)) for p in row)])
