"""What `warmstart review` shows of a run, and the CSV that comes of it."""

import io
import shlex
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from warmstart.cli.run.config import RunConfig
from warmstart.cli.run.folder import MODEL, RunFolder
from warmstart.cli.run.loading import load_data
from warmstart.cli.run.report import command
from warmstart.data.fixes import read_fixes, write_fixes
from warmstart.files.cells import write_rows
from warmstart.files.remote_reading import as_place
from warmstart.files.writing import write_whole
from warmstart.web.review import (
    Review,
    ReviewList,
    check_any,
    doubtful_items,
    fixes_of,
    label_rows,
)
from warmstart.web.review_app import ExportAnswer

JOURNAL, FIXES = "review.jsonl", "review-fixes.csv"


def doubtful_list(run: Path, config: RunConfig) -> ReviewList:
    """The pictures of a run whose label the model contradicts, where it did not learn from them.

    Args:
        run: Its folder.
        config: Its settings.
    """
    folder = RunFolder(run)
    parts = [("valid", folder.read_predictions().predictions)]
    others = folder.read_out_of_fold()
    notes: tuple[str, ...] = ()
    if others is None:
        notes = (
            "training pictures are not here: this run has no predictions of them by models that "
            "did not learn from them; `warmstart check` looks for wrong labels there",
        )
    else:
        parts.append(("train", others))
    items = doubtful_items(parts)
    check_any(items, str(run))
    table = load_data(config.asked, quiet=True).table
    row_of = {name: row for row, name in enumerate(table.names)}
    gone = [item.name for item in items if item.name not in row_of]
    if gone:
        notes = (*notes, f"{len(gone)} pictures are not there any more, such as {gone[0]}")
    kept = tuple(item for item in items if item.name in row_of)
    files = {item.name: table.path(row_of[item.name]) for item in kept}
    source = str(as_place(config.asked.source).resolve())
    return ReviewList(run.resolve().name, source, parts[0][1].classes, kept, files, notes)


def new_list(run: Path, config: RunConfig, pictures: Path) -> ReviewList:
    """Pictures without labels, the most useful to name first.

    Args:
        run: Whose model looks at them.
        config: Its settings.
        pictures: Their folder.
    """
    from warmstart.inference.loading import load_predictor  # torch loads here, not for --help
    from warmstart.web.unlabelled import unlabelled_list

    predictor = load_predictor(run / MODEL, device=config.asked.device)
    return unlabelled_list(predictor, pictures, f"{pictures.name}, by {run.resolve().name}")


def open_review(
    run: Path, config: RunConfig, pictures: Path | None, out: Path | None
) -> tuple[Review, Callable[[], ExportAnswer]]:
    """A list with what was decided before, and what writes its CSV.

    Args:
        run: A run's folder.
        config: Its settings.
        pictures: A folder of pictures without labels; None is those of the run.
        out: Another CSV than the usual one.
    """
    journal = journal_of(run, pictures)
    if pictures is None:
        review = Review.open(doubtful_list(run, config), journal)
        return review, partial(export_fixes, review, run, config, out)
    review = Review.open(new_list(run, config, pictures), journal)
    return review, partial(export_labels, review, run, pictures, out)


def journal_of(run: Path, pictures: Path | None) -> Path:
    """Where the decisions are kept: in the run's folder, for each folder of pictures another."""
    if pictures is None:
        return run / JOURNAL
    return run / f"review-{folder_key(pictures)}.jsonl"


def folder_key(pictures: Path) -> str:
    """A folder's name, and what tells it from others of that name."""
    return f"{pictures.resolve().name}-{sha256(str(pictures.resolve()).encode()).hexdigest()[:8]}"


def export_fixes(review: Review, run: Path, config: RunConfig, out: Path | None) -> ExportAnswer:
    """Write what ``train --fixes`` reads.

    Args:
        review: Of the run's pictures.
        run: Its folder.
        config: Its settings; fixes that it had are in the new file too.
        out: Another file than the usual one.
    """
    asked = config.asked
    file = (run / FIXES if out is None else out).absolute()
    earlier = [] if asked.fixes is None else [fix for _, fix in read_fixes(Path(asked.fixes))]
    fixes = fixes_of(review, earlier)
    write_fixes(file, fixes)
    words = command(replace(config, asked=replace(asked, fixes=str(file))))
    num_changes = sum(fix.action != "look" for fix in fixes)
    return ExportAnswer(str(file), words, num_changes)


def export_labels(review: Review, run: Path, pictures: Path, out: Path | None) -> ExportAnswer:
    """Write a table of files and labels, that ``train`` reads.

    Args:
        review: Of pictures without labels.
        run: Whose folder it goes to.
        pictures: Their folder.
        out: Another file than the usual one.
    """
    file = (run / f"labels-{folder_key(pictures)}.csv" if out is None else out).absolute()
    rows = label_rows(review)
    text = io.StringIO(newline="")
    write_rows(text, [("file", "label"), *rows], line_end="\n")
    write_whole(file, text.getvalue())
    words = ["warmstart", "train", str(file), "--folder", str(pictures.resolve())]
    return ExportAnswer(str(file), shlex.join(words), len(rows))
