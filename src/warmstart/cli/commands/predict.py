"""`warmstart predict`: name what is on pictures with a saved model, or with a published one."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from warmstart.cli.commands import options
from warmstart.cli.commands.model import (
    ModelOrName,
    check_confidence,
    check_is_model,
    is_published,
)
from warmstart.cli.commands.paths import check_exists
from warmstart.cli.run.settings import AUGMENTATIONS
from warmstart.data.output_paths import check_outside_folders
from warmstart.errors import DataError, SettingError, UnreadableImagesError, printable
from warmstart.files.cells import write_rows
from warmstart.files.writing import writing_text
from warmstart.terminal.colour import show_lines
from warmstart.terminal.waiting import waiting

if TYPE_CHECKING:
    from warmstart.data.table import Exclusion
    from warmstart.results.predictions import Predictions

MOST_IN_LINE = 10  # classes of a set on the screen; a CSV has all of them


def predict_command(
    model: ModelOrName,
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
        typer.Option(
            help=f"How they differ: {AUGMENTATIONS}; default: as in training, else basic."
        ),
    ] = None,
    plain_weight: Annotated[
        float | None, typer.Option(help="Share of the plain view; default: all views alike.")
    ] = None,
    unknown: Annotated[
        bool, typer.Option(help='Say "unknown", if the model was taught when.')
    ] = True,
    confidence: options.Confidence = None,
    on_unreadable: options.OnUnreadable = "raise",
    device: options.Device = "auto",
) -> None:
    """Name what is on pictures.

    Raises:
        DataError: some cannot be read; the others were named.
    """
    check_view_options(tta, augment=augment, plain_weight=plain_weight)
    has_name_only = is_published(model)
    if not has_name_only:
        check_is_model(model)
    for path in paths:
        check_exists(path, expected="an image, or a folder of images.")
    if csv_file is not None and str(csv_file) != "-":
        check_outside_folders(csv_file, "--csv", [path for path in paths if path.is_dir()])
    from warmstart.data.listing import list_images

    with waiting("loading the model"):  # and torch, not for --help
        from warmstart.inference.loading import load_predictor

        predictor = load_predictor(model, device=device)
    check_confidence(confidence, predictor.card)
    listing = list_images(paths, once=True)
    notify_left_out(listing.exclusions, csv_file)
    files = listing.files

    def named(some: Sequence[Path]) -> "Predictions":
        return predictor.TTA(
            some, tta, plain_weight=plain_weight, aug_tfms=augment, on_unreadable=on_unreadable
        )

    predictions, unread = predict_readable(named, files)
    if predictions is not None:
        for note in predictions.notes:
            show_lines(f"note: {printable(note)}", is_error=True)
        said = predictions if unknown else always_deciding(predictions)
        write(said, csv_file, top=top or (3 if has_name_only else 1), confidence=confidence)
    if unread is not None:
        what, *details = unread.what.split("\n")
        num_named = 0 if predictions is None else len(predictions.rows)
        raise DataError(
            what,
            details=details,
            expected=unread.expected,
            fix=f"replace them; {num_named} other image(s) were read.",
        ) from unread


def check_view_options(tta: int, **about_views: object) -> None:
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


def notify_left_out(exclusions: Sequence["Exclusion"], csv_file: Path | None) -> None:
    """Name on the standard error what is in no line; all of it in a file beside a CSV."""
    from warmstart.cli.run.folder import write_exclusions
    from warmstart.data.listing import MOST_NAMED, left_out_lines

    has_file = csv_file is not None and str(csv_file) != "-"
    if csv_file is not None and has_file and exclusions:
        place = csv_file.with_name(f"{csv_file.stem}-exclusions.csv")
        write_exclusions(place, exclusions)
        show_lines(f"{len(exclusions)} left out, named in {place}", is_error=True)
    for line in left_out_lines(exclusions, MOST_NAMED if has_file else len(exclusions)):
        show_lines(line, is_error=True)


def always_deciding(predictions: "Predictions") -> "Predictions":
    """The same without "unknown"."""
    return replace(predictions, answering=replace(predictions.answering, unknown_below=None))


def write(
    predictions: "Predictions", csv_file: Path | None, *, top: int, confidence: float | None
) -> None:
    """Print a line per picture, or write a CSV; with a confidence, each one's set of classes."""
    sets = None if confidence is None else predictions.sets(confidence)
    if csv_file is None:
        texts = list(answer_texts(predictions, top))
        if sets is not None:
            ends = (set_text(names, predictions.classes) for names in sets)
            texts = [f"{text}\t{end}" for text, end in zip(texts, ends, strict=True)]
        for name, text in zip(predictions.rows, texts, strict=True):
            show_lines(f"{printable(name)}\t{text}", flush=False)
    elif str(csv_file) == "-":
        write_csv(predictions, sys.stdout, sets)
    else:
        with writing_text(csv_file) as file:
            write_csv(predictions, file, sets)
        show_lines(f"{len(predictions.rows)} rows in {csv_file}")


def set_text(names: Sequence[str], classes: Sequence[str]) -> str:
    """A set of classes, the likeliest first; of a large one the first, and how many there are."""
    from warmstart.cli.run.cells import labels_cell

    told = printable(labels_cell(names[:MOST_IN_LINE], classes))
    more = len(names) - MOST_IN_LINE
    return f"set: {told}" + (f" and {more} more" if more > 0 else "")


def answer_texts(predictions: "Predictions", top: int) -> Iterator[str]:
    """Each row's answer and its probability, the surest first where there may be many.

    Args:
        predictions: Of some rows.
        top: How many classes of a row that has one; the runners-up stand behind the answer.
    """
    from warmstart.cli.run.cells import labels_cell  # numpy loads here, not for --help
    from warmstart.results.decision_rule import UNKNOWN

    classes = predictions.classes
    for names, row in zip(predictions.answers, predictions.probabilities, strict=True):
        by_class = dict(zip(classes, row, strict=True))
        nearest = f"{printable(classes[int(row.argmax())])} {row.max():.4f}"
        if not names:
            yield f"-\t(none above its threshold; the nearest: {nearest})"
        elif names == (UNKNOWN,):
            yield f"{UNKNOWN}\t(the nearest: {nearest})"
        elif not predictions.is_multi_label:
            first = (-row).argsort(kind="stable")[:top]
            yield "\t".join(f"{printable(classes[k])}\t{row[k]:.4f}" for k in first)
        else:
            sure = sorted(names, key=lambda name: -by_class[name])
            yield (
                printable(labels_cell(sure, classes))
                + "\t"
                + "|".join(f"{by_class[name]:.4f}" for name in sure)
            )


def write_csv(
    predictions: "Predictions", file: Any, sets: Sequence[Sequence[str]] | None = None
) -> None:
    """One line per picture: name, what is predicted, its set if asked for, every probability."""
    from warmstart.cli.run.cells import labels_cell
    from warmstart.cli.run.predictions_file import answer_cell, score_cells, score_titles

    classes = predictions.classes
    cells = [[labels_cell(names, classes)] for names in sets or ()] or [[]] * len(predictions.rows)
    rows = zip(predictions.rows, predictions.answers, cells, predictions.probabilities, strict=True)
    titles = [*([] if sets is None else ["set"]), *score_titles(predictions)]
    write_rows(file, [["name", "predicted", *titles, *classes]])
    write_rows(
        file,
        (
            [
                name,
                answer_cell(predictions, answer),
                *held,
                *score_cells(predictions, i),
                *map(float, row),
            ]
            for i, (name, answer, held, row) in enumerate(rows)
        ),
    )
