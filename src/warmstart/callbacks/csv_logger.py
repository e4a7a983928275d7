"""A fit as rows of a CSV file."""

import csv
import io
from pathlib import Path

from warmstart.arguments import new_file
from warmstart.callbacks.events import Callback, EpochEnd, FitBegin, FitEnd, StepEnd
from warmstart.errors import SettingError
from warmstart.files.reading import read_text
from warmstart.files.writing import append_text, write_whole

COLUMNS = ("fit", "step", "name", "value")
HEADER = ",".join(COLUMNS)
MOST_PENDING = 5000  # rows that wait for the end of an epoch
MOST_BYTES = 1 << 30


class CSVLogger(Callback):
    """One row per number: its fit, its step, its name, its value; a table that any tool can pivot.

    Names are ``loss/step`` and ``lr/…`` of every step, ``loss/train``, ``loss/valid`` and
    ``metrics/…`` of every epoch, at its last step. Steps count over all fits of a learner. What a
    fit writes takes the place of what the file has from the fit's first step on: a fit that goes on
    after a kill, or is done again, has each step once.

    Example:
        >>> from warmstart.callbacks import CSVLogger
        >>> history = learn.fit(0.01, 1, callbacks=[CSVLogger(folder / "log.csv")])
        >>> (folder / "log.csv").read_text().splitlines()[0]
        'fit,step,name,value'
    """

    def __init__(self, path: str | Path) -> None:
        """Name the file; it is made when a fit begins.

        Args:
            path: Where.
        """
        self.path = new_file("path", path)
        self.places = (self.path,)
        self._fit = 0
        self._pending: list[tuple[int, int, str, float]] = []

    def on_fit_begin(self, event: FitBegin) -> None:
        """Keep the rows of earlier steps."""
        self._fit, self._pending = event.fit, []
        kept = rows_before(self.path, event.first_step)
        write_whole(self.path, "".join(f"{line}\n" for line in (HEADER, *kept)))

    def on_step(self, event: StepEnd) -> None:
        """Its loss and rates."""
        self._add(event)
        if len(self._pending) >= MOST_PENDING:
            self._write()

    def on_epoch(self, event: EpochEnd) -> None:
        """Its losses and metrics; all that waits is written."""
        self._add(event)
        self._write()

    def on_fit_end(self, event: FitEnd) -> None:  # noqa: ARG002
        """Write what waits."""
        self._write()

    def _add(self, event: StepEnd | EpochEnd) -> None:
        self._pending += [(self._fit, event.step, *item) for item in event.scalars.items()]

    def _write(self) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self._pending)
        append_text(self.path, text.getvalue())
        self._pending = []


def rows_before(path: Path, first_step: int) -> list[str]:
    """Lines of a file that an earlier fit wrote, up to a step; one that a kill cut is none.

    Args:
        path: A file of ``CSVLogger``, or nothing yet.
        first_step: That is not kept, and none after it.

    Raises:
        SettingError: it is somebody else's file.
    """
    if not path.exists():
        return []
    header, *lines = read_text(path, MOST_BYTES).split("\n")
    whole = [line.split(",") for line in lines[:-1]]  # the last has no line end
    if header != HEADER or any(len(cells) < 4 or not cells[1].isdecimal() for cells in whole):
        raise SettingError(
            f"{path} is there already, and CSVLogger did not write it.",
            expected=f"a new file, or one that begins with {HEADER}.",
            fix=f"give another name, such as {path.with_name(f'{path.stem}-fit{path.suffix}')}.",
        )
    return [",".join(cells) for cells in whole if int(cells[1]) < first_step]
