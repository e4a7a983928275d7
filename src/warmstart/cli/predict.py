"""`warmstart predict`: name what is on pictures with a saved model."""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from warmstart.cli import options
from warmstart.cli.model_path import refuse_no_model
from warmstart.cli.paths import refuse_missing
from warmstart.errors import DataError, UnreadableImagesError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
        write(predictions, csv_file, has_many=predictor.card.is_multi_label)
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


def write(predictions: "Predictions", csv_file: Path | None, *, has_many: bool) -> None:
    """Print a line per picture, or write a CSV."""
    if csv_file is None:
        for name, row in zip(predictions.rows, predictions.probabilities, strict=True):
            print(f"{name}\t{answer(row, predictions.classes, has_many=has_many)}")
    elif str(csv_file) == "-":
        write_csv(predictions, sys.stdout, has_many=has_many)
    else:
        csv_file.parent.mkdir(parents=True, exist_ok=True)
        with csv_file.open("w", newline="", encoding="utf-8") as file:
            write_csv(predictions, file, has_many=has_many)
        print(f"{len(predictions.rows)} rows in {csv_file}")


def answer(row: "NDArray[np.float64]", classes: Sequence[str], *, has_many: bool) -> str:
    """The class and its probability; where there may be many, all that are likely."""
    from warmstart.results.predictions import LIKELY

    best = int(row.argmax())
    if not has_many:
        return f"{classes[best]}\t{row[best]:.4f}"
    likely = [k for k in (-row).argsort(kind="stable") if row[k] > LIKELY]
    if not likely:
        return f"-\t(none above {LIKELY}; the nearest: {classes[best]} {row[best]:.4f})"
    return "|".join(classes[k] for k in likely) + "\t" + "|".join(f"{row[k]:.4f}" for k in likely)


def write_csv(predictions: "Predictions", file: TextIO, *, has_many: bool) -> None:
    """One line per picture: its name, what is predicted, every probability."""
    from warmstart.cli.run_folder import predicted_cell

    writer = csv.writer(file)
    writer.writerow(["name", "predicted", *predictions.classes])
    for name, row in zip(predictions.rows, predictions.probabilities, strict=True):
        said = predicted_cell(row, predictions.classes, has_many=has_many)
        writer.writerow([name, said, *(repr(float(p)) for p in row)])
