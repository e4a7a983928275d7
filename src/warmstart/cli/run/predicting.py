"""Many pictures predicted part by part: flat memory, and a CSV that can be gone on with."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from warmstart.cli.run.cells import labels_cell
from warmstart.cli.run.predictions_file import answer_cell, score_cells, score_titles
from warmstart.cluster.job import PART_ROWS
from warmstart.data.content import file_sha256
from warmstart.errors import UnreadableImageError, UnreadableImagesError
from warmstart.files.cells import write_rows
from warmstart.files.partial import PartialFile
from warmstart.files.places import place_stamp
from warmstart.files.remote_reading import RemotePath
from warmstart.inference.model_card import CARD
from warmstart.results.predictions import Predictions
from warmstart.terminal.colour import show_lines
from warmstart.terminal.waiting import waiting

if TYPE_CHECKING:
    from warmstart.inference.predictor import Predictor

Named = Callable[[Sequence[Path]], Predictions]
"""Files → predictions; raises UnreadableImagesError, of all that cannot be read."""


@dataclass(frozen=True)
class PredictedPart:
    """Some of the pictures: predictions of those that can be read, None if none can."""

    predictions: Predictions | None
    unread: list[UnreadableImageError]
    num_files: int
    is_first: bool

    def csv_text(self, confidence: float | None) -> str:
        """A line per picture, in the first part after the titles.

        Name, what is predicted, its set where a confidence is given, every probability.
        """
        found, file = self.predictions, io.StringIO(newline="")
        if found is None:
            return ""
        sets = None if confidence is None else found.sets(confidence)
        if self.is_first:
            titles = [*([] if sets is None else ["set"]), *score_titles(found)]
            write_rows(file, [["name", "predicted", *titles, *found.classes]])
        cells = [[labels_cell(names, found.classes)] for names in sets or ()]
        rows = zip(
            found.rows, found.answers, cells or [[]] * len(found.rows), found.probabilities,
            strict=True,
        )  # fmt: skip
        write_rows(
            file,
            (
                [
                    name,
                    answer_cell(found, answer),
                    *held,
                    *score_cells(found, i),
                    *map(float, row),
                ]
                for i, (name, answer, held, row) in enumerate(rows)
            ),
        )
        return file.getvalue()


def predicted_parts(
    named: Named, files: Sequence[Path], *, has_begun: bool = False
) -> Iterator[PredictedPart]:
    """Predictions of files, so many at a time.

    Args:
        named: Predicts some.
        files: All of them.
        has_begun: Whether there were others before, whose titles are written.
    """
    with waiting("predicting", len(files), "images") as wait:
        for first in range(0, len(files), PART_ROWS):
            some = files[first : first + PART_ROWS]
            with waiting("a part", quiet=True):
                predictions, unread = predict_readable(named, some)
            wait.advance(len(some))
            yield PredictedPart(predictions, unread, len(some), not has_begun)
            has_begun = has_begun or predictions is not None


def predict_readable(
    named: Named, files: Sequence[Path]
) -> tuple[Predictions | None, list[UnreadableImageError]]:
    """Predictions of what can be read, and what cannot."""
    try:
        return named(files), []
    except UnreadableImagesError as error:
        unread = list(error.errors)
    names = {one.name for one in unread}
    rest = [file for file in files if str(file) not in names]
    return (named(rest) if rest else None), unread


Parts = Callable[[int, bool], Iterator[PredictedPart]]
"""(How many files were done before, whether they have titles) → all others, in order."""


def write_in_parts(
    parts: Parts, num_files: int, place: Path, identity: str, confidence: float | None
) -> list[UnreadableImageError]:
    """Write a CSV of all files; one that was stopped is gone on with.

    Args:
        parts: Predicts them.
        num_files: How many.
        place: The CSV.
        identity: From ``job_identity``.
        confidence: Of each picture's set of classes; None writes none.

    Returns:
        What could not be read, also before the stop.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; what is done is kept, which is said.
    """
    whole = PartialFile(place, identity)
    done = whole.progress.num_done
    if done:
        show_lines(f"note: goes on after {done} of {num_files} pictures", is_error=True)
    try:
        has_begun = whole.progress.num_bytes > 0
        for part in parts(done, has_begun):
            failed = [(error.name, error.reason) for error in part.unread]
            whole.append(part.csv_text(confidence), part.num_files, failed)
    except KeyboardInterrupt:
        number = whole.progress.num_done
        show_lines(f"{number} of {num_files} are kept: the same command goes on", is_error=True)
        raise
    finally:
        whole.close()
    failed = whole.progress.failed
    if whole.progress.num_bytes:
        whole.finish()
        show_lines(f"{num_files - len(failed)} rows in {place}")
    else:
        whole.discard()
    return [UnreadableImageError(name, reason) for name, reason in failed]


def model_identity(model: Path, predictor: "Predictor", asked: Sequence[object]) -> str:
    """A name for all that decides what is said of a picture, in hexadecimal digits.

    Args:
        model: A model folder, or the name of a published one.
        predictor: What was loaded from it.
        asked: Options.
    """
    card = model / CARD
    about = [
        file_sha256(str(card)).hex() if card.is_file() else str(model),
        metadata.version("warmstart"),
        [member.mode for member in predictor.members],
        asked,
    ]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def job_identity(model: str, files: Sequence[Path]) -> str:
    """A name for all that decides what a CSV says.

    Args:
        model: From ``model_identity``.
        files: The pictures, which are known by name, size and time.
    """
    digest = hashlib.sha256(model.encode())
    for file in files:
        size, mtime_ns, _, mark = place_stamp(file)  # of a URL the mark tells, of a file the time
        told = mark if isinstance(file, RemotePath) else mtime_ns
        digest.update(f"{file!r} {size} {told}\n".encode())
    return digest.hexdigest()
