"""`warmstart predict` and `warmstart evaluate`: use a saved model."""

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from warmstart.cli import options
from warmstart.results.predictions import Predictions

Model = Annotated[Path, typer.Argument(help="A model folder, such as RUN/model.")]


def predict(
    model: Model,
    paths: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write all probabilities here; - is the screen.")
    ] = None,
    device: options.Device = "auto",
) -> None:
    """Name what is on pictures."""
    from warmstart.inference.predictor import load_predictor  # torch loads here, not for --help

    predictions = load_predictor(model, device=device).predict(paths)
    if csv_file is None:
        for name, row in zip(predictions.rows, predictions.probabilities, strict=True):
            best = int(row.argmax())
            print(f"{name}\t{predictions.classes[best]}\t{row[best]:.4f}")
    elif str(csv_file) == "-":
        write_csv(predictions, sys.stdout)
    else:
        with csv_file.open("w", newline="", encoding="utf-8") as file:
            write_csv(predictions, file)
        print(f"{len(predictions.rows)} rows in {csv_file}")


def write_csv(predictions: Predictions, file: "typer.FileTextWrite | object") -> None:
    """One line per picture: its name, the best class, every probability."""
    writer = csv.writer(file)  # type: ignore[arg-type]
    writer.writerow(["name", "predicted", *predictions.classes])
    for name, row in zip(predictions.rows, predictions.probabilities, strict=True):
        best = predictions.classes[int(row.argmax())]
        writer.writerow([name, best, *(repr(float(p)) for p in row)])


def evaluate(
    model: Model,
    folder: Annotated[Path, typer.Argument(help="One folder per class, or a folder with valid/.")],
    split: Annotated[str, typer.Option(help="Which part, where the folder has parts.")] = "valid",
    device: options.Device = "auto",
) -> None:
    """Judge a model on labelled pictures."""
    from warmstart.cli.judge import labelled_pictures, tell  # torch loads here, not for --help
    from warmstart.inference.predictor import load_predictor

    predictor = load_predictor(model, device=device)
    paths, labels = labelled_pictures(folder, split, predictor.classes)
    found = predictor.predict(paths)
    tell(Predictions(found.rows, found.probabilities, labels, found.classes))
