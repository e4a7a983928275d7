"""The folder that a run leaves: plain files that can be read without warmstart."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.cli.label_cells import labels_cell
from warmstart.cli.likeliest import LIKELIEST, MOST_CELLS, likeliest_cell
from warmstart.cli.paths import PREDICTIONS, RECIPE, RUNS
from warmstart.data.own_folder import is_within, refuse_within_data
from warmstart.data.table import Exclusion, ImageTable
from warmstart.errors import SettingError
from warmstart.files.cells import write_rows
from warmstart.files.locks import folder_lock
from warmstart.files.writing import disk_errors, write_whole, writing_text
from warmstart.metrics.scores import Scores
from warmstart.results.history import History
from warmstart.results.lr_curve import LRCurve
from warmstart.results.predictions import Predictions

HISTORY, EXCLUSIONS = "history.jsonl", "exclusions.csv"
ENVIRONMENT, DATA, CURVE = "environment.json", "data.json", "lr_find.json"
OUT_OF_FOLD = "out_of_fold.csv"  # training rows, each by a head that did not see it
STEPS, SCORES, REPORT = "steps.jsonl", "scores.json", "report.html"


def new_run(
    out: Path | None, source: Path, *, data: Sequence[Path] = (), home: Path = RUNS
) -> Path:
    """Make a folder that was not there yet: of two processes only one can.

    Args:
        out: What was asked for.
        source: What is trained on; it gives the name otherwise.
        data: The folders of images; nothing is written there.
        home: Where runs lie; beside the data if this would be among the images.

    Returns:
        The folder.
    """
    if out is not None:
        refuse_within_data(out, "--out", data)
        refuse_used(out)
        with disk_errors(out):
            out.mkdir(parents=True, exist_ok=True)
        return out
    for folder in data:
        if is_within(home, folder):
            home = folder.resolve().parent / home.name
    here = source.resolve()
    name = here.name if here.is_dir() else here.stem
    number = 1
    while not is_made(home / f"{name}-{number}"):
        number += 1
    return home / f"{name}-{number}"


def is_made(run: Path) -> bool:
    """Make a folder, unless it is there: another process may do so at the same time."""
    with disk_errors(run):
        try:
            run.mkdir(parents=True)
        except FileExistsError:
            return False
    return True


@contextmanager
def working_in(run: Path, *, is_new: bool) -> Iterator[None]:
    """Nobody else works in a run's folder meanwhile; one that stays empty is removed.

    Args:
        run: Its folder.
        is_new: No run has begun there.

    Raises:
        SettingError: another process works there.
    """
    with folder_lock(run, waits=False) as is_held:
        if not is_held:
            raise SettingError(
                f"another process is at work in {run}.",
                expected="a run that nobody else goes on with.",
                fix="wait for it, or begin another one: warmstart train FOLDER --out OTHER",
            )
        if is_new:
            refuse_used(run)
        try:
            yield
        finally:
            with suppress(OSError):
                run.rmdir()  # which only does it to an empty one


def refuse_used(out: Path) -> None:
    """A folder whose files a run would mix with, or replace.

    Raises:
        SettingError: it is one.
    """
    if (out / RECIPE).exists():
        raise SettingError(
            f"{out} holds a run already.",
            expected="a new folder, so that no result is lost.",
            fix=f"warmstart train --resume {out}",
        )
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        other = out.with_name(f"{out.name}-run")
        raise SettingError(
            f"{out} is there already, and is no run.",
            expected="a new folder.",
            fix=f"give another name, such as {other}.",
            flags=("--out", str(other)),
        )


def write_history(run: Path, history: History) -> None:
    """One line per epoch, then the steps."""
    write_whole(run / HISTORY, history.to_jsonl())


def write_predictions(
    run: Path, predictions: Predictions, hashes: Sequence[bytes], name: str = PREDICTIONS
) -> None:
    """One line per row, found again by its content's hash wherever the file moves.

    There is a column per class; where that would be very many cells, one of the likeliest classes.
    """
    is_short = predictions.probabilities.size > MOST_CELLS
    titles = [LIKELIEST] if is_short else predictions.classes
    with writing_text(run / name) as file:
        write_rows(file, [["sha256", "name", "label", "predicted", *titles]])
        write_rows(file, prediction_rows(predictions, hashes, is_short=is_short))


def prediction_rows(
    predictions: Predictions, hashes: Sequence[bytes], *, is_short: bool
) -> Iterator[list[object]]:
    """The cells of each row; ``is_short`` where only the likeliest classes are told."""
    classes, answers = predictions.classes, predictions.answers
    for i, name in enumerate(predictions.rows):
        row, label = predictions.probabilities[i], predictions.labels[i]
        own = np.flatnonzero(label == 1) if predictions.is_multi_label else label[label >= 0]
        told = [likeliest_cell(row, own, classes)] if is_short else map(float, row)
        called = answer_cell(predictions, answers[i])
        yield [hashes[i].hex(), name, label_cell(label, classes), called, *told]


def answer_cell(predictions: Predictions, names: Sequence[str]) -> str:
    """What a row is called: one name, or several in a cell."""
    return labels_cell(names, predictions.classes) if predictions.is_multi_label else names[0]


def label_cell(label: NDArray[np.int64] | np.int64, classes: tuple[str, ...]) -> str:
    """The name of a label, or the names of several; nothing where there is none."""
    if isinstance(label, np.ndarray):
        return labels_cell([classes[int(k)] for k in np.flatnonzero(label == 1)], classes)
    return classes[int(label)] if label >= 0 else ""


def write_scores(run: Path, scores: Scores) -> None:
    """Every score with its interval, as JSON."""
    write_whole(run / SCORES, scores.to_json() + "\n")


def write_exclusions(path: Path, exclusions: Iterable[Exclusion]) -> None:
    """One line per file that is in no row, if there is any."""
    listed = [(one.name, one.reason) for one in exclusions]
    if listed:
        with writing_text(path) as file:
            write_rows(file, [("name", "reason"), *listed])


def write_environment(run: Path, versions: dict[str, str], mode: str) -> None:
    """What the bits of the results depend on besides data and settings."""
    from warmstart.learner.environment import environment  # torch loads here

    write_json(run / ENVIRONMENT, environment(versions, mode))


def write_data(run: Path, table: ImageTable, noticed: Sequence[str] = ()) -> None:
    """How many images of each class each split had, and what was noticed, also in training."""
    write_json(run / DATA, {"counts": table.counts(), "notes": [*table.notes, *noticed]})


def write_curve(run: Path, curve: LRCurve) -> None:
    """The losses that a rate was found by, and that rate."""
    write_json(run / CURVE, curve.to_json())


def write_json(path: Path, entry: object) -> None:
    """A file that people can read."""
    write_whole(path, json.dumps(entry, indent=1, ensure_ascii=False, allow_nan=False))
