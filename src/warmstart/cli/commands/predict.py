"""`warmstart predict`: name what is on pictures with a saved model, or with a published one."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
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
from warmstart.cli.commands.paths import check_exists, is_pattern
from warmstart.cli.run.engine_settings import (
    Address,
    EngineName,
    EngineSettings,
    Shards,
    Workers,
)
from warmstart.cli.run.settings import AUGMENTATIONS, ImageColumn
from warmstart.data.output_paths import check_outside_folders
from warmstart.errors import (
    DataError,
    SettingError,
    UnreadableImageError,
    UnreadableImagesError,
    printable,
)
from warmstart.files.remote_reading import as_place
from warmstart.terminal.colour import show_lines
from warmstart.terminal.waiting import waiting

if TYPE_CHECKING:
    from warmstart.cli.run.predicting import Parts, PredictedPart
    from warmstart.data.table import Exclusion
    from warmstart.images.augment import Augmentation
    from warmstart.inference.model_card import ModelCard
    from warmstart.results.predictions import Predictions

MOST_IN_LINE = 10  # classes of a set on the screen; a CSV has all of them


def predict_command(
    model: ModelOrName,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATHS...", help="Images, folders, .tar or .parquet files, URLs."),
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
    image_column: ImageColumn = None,
    on_unreadable: options.OnUnreadable = "raise",
    device: options.Device = "auto",
    engine: EngineName = "local",
    workers: Workers = None,
    address: Address = None,
    shards: Shards = None,
) -> None:
    """Name what is on pictures."""
    check_view_options(tta, augment=augment, plain_weight=plain_weight)
    scale = EngineSettings(engine, workers, address, shards)
    scale.check_csv(csv_file)
    has_name_only = is_published(model)
    if not has_name_only:
        check_is_model(model)
    paths = [as_place(path) for path in paths]
    check_inputs(paths, {"--csv": csv_file, "--shards": scale.shards_on_disk})
    from warmstart.data.listing import list_images

    with waiting("loading the model"):  # and torch, not for --help
        from warmstart.inference.loading import load_predictor

        predictor = load_predictor(model, device=device)
    check_confidence(confidence, predictor.card)
    listing = list_images(paths, once=True, image_column=image_column)
    notify_left_out(listing.exclusions, csv_file)
    files = listing.files

    shown_by = tta_views(predictor.card) if tta and augment is None else augment

    def told(found: "Predictions") -> "Predictions":
        for note in found.notes:
            show_lines(f"note: {printable(note)}", is_error=True)
        return found if unknown else always_deciding(found)

    def named(some: Sequence[Path]) -> "Predictions":
        found = predictor.TTA(
            some, tta, plain_weight=plain_weight, aug_tfms=shown_by, on_unreadable=on_unreadable
        )
        return told(found)

    from warmstart.cli.run.predicting import (
        job_identity,
        model_identity,
        predicted_parts,
        write_in_parts,
    )

    if csv_file is None or str(csv_file) == "-":
        show = partial(
            show_part, is_csv=csv_file is not None, top=top or (3 if has_name_only else 1),
            confidence=confidence,
        )  # fmt: skip
        unread = list(chain.from_iterable(map(show, predicted_parts(named, files))))
    else:
        asked = [tta, str(shown_by), plain_weight, unknown, confidence, on_unreadable]
        of_model = model_identity(model, predictor, asked)
        identity = job_identity(of_model, files)

        def write(parts: "Parts") -> list[UnreadableImageError]:
            return write_in_parts(parts, len(files), csv_file, identity, confidence)

        if scale.engine == "ray":
            from warmstart.cli.run.on_workers import PredictionJob, file_parts, task_of

            asked_views = (tta, plain_weight, shown_by)
            task = task_of(model, predictor, of_model, asked_views, on_unreadable, device)
            place = scale.place_of_shards(csv_file.with_name(f"{csv_file.name}.shards"))
            jobs = file_parts(files, identity)
            job = PredictionJob(task, jobs, predictor.card, scale, place, told)
            unread = write(job.predicted)
            job.forget_shards()
        else:
            unread = write(
                lambda done, begun: predicted_parts(named, files[done:], has_begun=begun)
            )
    if unread:
        refuse_unread(unread, len(files))


def refuse_unread(unread: Sequence[UnreadableImageError], num_files: int) -> None:
    """Name all that could not be read.

    Raises:
        DataError: always.
    """
    all_of_them = UnreadableImagesError(unread)
    what, *details = all_of_them.what.split("\n")
    raise DataError(
        what,
        details=details,
        expected=all_of_them.expected,
        fix=f"replace them; {num_files - len(unread)} other image(s) were read.",
    )


def check_inputs(paths: Sequence[Path], outputs: Mapping[str, Path | None]) -> None:
    """See that there are pictures, and that nothing is written among them.

    Args:
        paths: Pictures, or folders of them.
        outputs: Where something is written, by option; None is nowhere, "-" the screen.
    """
    for path in paths:
        if not is_pattern(str(path)):
            check_exists(path, expected="an image, or a folder of images.")
    for name, place in outputs.items():
        if place is not None and str(place) != "-":
            check_outside_folders(place, name, [path for path in paths if path.is_dir()])


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


def tta_views(card: "ModelCard") -> "Augmentation":
    """How views differ where nobody says; said here once, and not with every part."""
    from warmstart.images.augment import Augmentation
    from warmstart.inference.averaging import tta_augmentation

    return tta_augmentation(
        None if card.augmentation is None else Augmentation(**card.augmentation)
    )


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


def show_part(
    part: "PredictedPart", *, is_csv: bool, top: int, confidence: float | None
) -> list[UnreadableImageError]:
    """Print a line per picture, or lines of a CSV; gives back what could not be read."""
    if is_csv:
        sys.stdout.write(part.csv_text(confidence))
        sys.stdout.flush()
    elif part.predictions is not None:
        sets = None if confidence is None else part.predictions.sets(confidence)
        texts = list(answer_texts(part.predictions, top))
        if sets is not None:
            ends = (set_text(names, part.predictions.classes) for names in sets)
            texts = [f"{text}\t{end}" for text, end in zip(texts, ends, strict=True)]
        for name, text in zip(part.predictions.rows, texts, strict=True):
            show_lines(f"{printable(name)}\t{text}", flush=False)
    return part.unread


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
