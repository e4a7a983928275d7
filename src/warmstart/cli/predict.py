"""`warmstart predict`: name what is on pictures with a saved model, or with a published one."""

import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from warmstart.cli import options
from warmstart.cli.model_path import is_published, refuse_no_model
from warmstart.cli.paths import refuse_missing
from warmstart.errors import DataError, SettingError, UnreadableImagesError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from warmstart.results.predictions import Predictions

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder, such as RUN/model.")]


def predict(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL|ARCH",
            help="A model folder, such as RUN/model; or a timm name, for ImageNet's classes.",
        ),
    ],
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATHS...", help="Images, or folders of images.")
    ],
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write all probabilities here; - is the screen.")
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(min=1, help="Classes to name, the likeliest first; default: 1, ARCH: 3."),
    ] = None,
    tta: Annotated[
        int, typer.Option(min=0, help="Augmented views to average with the plain one.")
    ] = 0,
    augment: Annotated[
        str | None,
        typer.Option(help="How they differ: basic, side_on or top_down; default: as in training."),
    ] = None,
    plain_weight: Annotated[
        float | None, typer.Option(help="Share of the plain view; default: all views alike.")
    ] = None,
    device: options.Device = "auto",
) -> None:
    """Name what is on pictures.

    Raises:
        DataError: some cannot be read; the others were named.
    """
    refuse_idle(tta, augment=augment, plain_weight=plain_weight)
    has_name_only = is_published(model)
    if not has_name_only:
        refuse_no_model(model)
    for path in paths:
        refuse_missing(path, expected="an image, or a folder of images.")
    from warmstart.classifier_data.transforms import chosen_augmentation
    from warmstart.inference.pictures import files_at
    from warmstart.inference.predictor import load_predictor  # torch loads here, not for --help

    files = [file for path in paths for file in files_at(path)]
    predictor = load_predictor(model, device=device)

    def named(some: Sequence[Path]) -> "Predictions":
        return predictor.TTA(
            some, tta, plain_weight=plain_weight, aug_tfms=chosen_augmentation(augment)
        )

    predictions, unread = predict_readable(named, files)
    if predictions is not None:
        many = predictor.card.is_multi_label
        num_named = top or (3 if has_name_only else 1)
        write(predictions, csv_file, has_many=many, top=num_named)
    if unread is not None:
        num_named = 0 if predictions is None else len(predictions.rows)
        raise DataError(
            unread.what,
            expected=unread.expected,
            fix=f"replace them; {num_named} other image(s) were read.",
        ) from unread


def refuse_idle(tta: int, **about_views: object) -> None:
    """See that no option is given that would do nothing.

    Raises:
        SettingError: there is one.
    """
    idle = [
        "--" + name.replace("_", "-") for name, value in about_views.items() if value is not None
    ]
    if idle and not tta:
        raise SettingError(
            f"{' and '.join(idle)} would do nothing: no augmented view is asked for.",
            expected="--tta with the number of augmented views.",
            fix="pass --tta 4.",
            flags=("--tta", "4"),
        )


def predict_readable(
    named: Callable[[Sequence[Path]], "Predictions"], files: Sequence[Path]
) -> tuple["Predictions | None", UnreadableImagesError | None]:
    """Predictions of what can be read, and the error that lists what cannot."""
    try:
        return named(files), None
    except UnreadableImagesError as error:
        unread = error
    names = {one.name for one in unread.errors}
    rest = [file for file in files if str(file) not in names]
    return (named(rest) if rest else None), unread


def write(predictions: "Predictions", csv_file: Path | None, *, has_many: bool, top: int) -> None:
    """Print a line per picture, or write a CSV."""
    if csv_file is None:
        for name, row in zip(predictions.rows, predictions.probabilities, strict=True):
            print(f"{name}\t{answer(row, predictions.classes, has_many=has_many, top=top)}")
    elif str(csv_file) == "-":
        write_csv(predictions, sys.stdout, has_many=has_many)
    else:
        csv_file.parent.mkdir(parents=True, exist_ok=True)
        with csv_file.open("w", newline="", encoding="utf-8") as file:
            write_csv(predictions, file, has_many=has_many)
        print(f"{len(predictions.rows)} rows in {csv_file}")


def answer(row: "NDArray[np.float64]", classes: Sequence[str], *, has_many: bool, top: int) -> str:
    """The first classes and their probabilities; where there may be many, all that are likely."""
    from warmstart.results.predictions import LIKELY

    order = (-row).argsort(kind="stable")
    if not has_many:
        return "\t".join(f"{classes[k]}\t{row[k]:.4f}" for k in order[:top])
    best, likely = order[0], [k for k in order if row[k] > LIKELY]
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
