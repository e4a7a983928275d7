"""How accurate the model would be with fewer images, and with more."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from warmstart.display import Displayed, Sheet, SheetTable
from warmstart.errors import SettingError
from warmstart.files.strict import parse_json

MOST_POINTS = 1000  # of a line in a file


@dataclass(frozen=True)
class CurvePoint:
    """The accuracy of a head that ``num_rows`` images trained, on new ones, and its 95 % interval.

    ``is_measured`` where heads of that size judged images that did not train them; else it is what
    the fitted curve says.
    """

    num_rows: int
    accuracy: float
    low: float
    high: float
    is_measured: bool

    def __post_init__(self) -> None:
        """Refuse what no accuracy is.

        Raises:
            SettingError: it is not in its interval, that not in [0, 1], or there are no rows.
        """
        if self.num_rows < 1 or not 0 <= self.low <= self.accuracy <= self.high <= 1:
            raise SettingError(
                f"a point of {self.num_rows} rows has the accuracy {self.accuracy:g} and the "
                f"interval {self.low:g} to {self.high:g}.",
                expected="at least one row, and an accuracy within its interval, within 0 and 1.",
                fix="report this: it is a fault of warmstart, or of a file.",
            )

    def __str__(self) -> str:
        """The accuracy and its interval."""
        return f"{self.accuracy:.2f} (95 % {self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True, repr=False)
class LearningCurve(Displayed):
    """What more images would buy.

    ``points`` are subsets of the training rows that were measured, ``line`` is the fitted curve
    from the smallest of them to twice all rows. ``now`` and ``twice`` are on it: all rows, and
    twice as many like them. ``gain`` with ``gain_low`` to ``gain_high`` is what the second adds to
    the first, known better than either. ``num_heads`` of each size were solved. ``errors`` are the
    images of each class expected to be wrong, out of ``num_rows``; ``next_class`` has most of them,
    and is None where none has any.
    """

    points: tuple[CurvePoint, ...]
    line: tuple[CurvePoint, ...]
    now: CurvePoint
    twice: CurvePoint
    gain: float
    gain_low: float
    gain_high: float
    num_heads: int
    classes: tuple[str, ...]
    errors: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what does not fit together.

        Raises:
            SettingError: there are fewer than two points, or their rows do not grow; classes and
                errors differ in number.
        """
        rows = [point.num_rows for point in self.points]
        along = [point.num_rows for point in self.line]
        is_growing = rows == sorted(set(rows)) and along == sorted(set(along))
        has_errors = len(self.classes) == len(self.errors) and min(self.errors, default=0) >= 0
        if len(rows) < 2 or not is_growing or not has_errors or len(along) > MOST_POINTS:
            raise SettingError(
                f"a learning curve of {len(rows)} points, {len(self.classes)} classes and "
                f"{len(self.errors)} numbers of errors cannot be drawn.",
                expected="two points or more, of growing numbers of rows; a number for each class.",
                fix="report this: it is a fault of warmstart, or of a file.",
            )

    @property
    def num_rows(self) -> int:
        """All training images."""
        return self.now.num_rows

    @property
    def next_class(self) -> str | None:
        """The class to photograph next: the one with most errors to be expected."""
        most = max(self.errors)
        return self.classes[self.errors.index(most)] if most > 0 else None

    def __str__(self) -> str:
        """What twice as many images would give, and which class to photograph next.

        What it says of now is by the training images, of which there may be many more than rows
        that validate.
        """
        line = f"with twice as many photos: about {self.twice}, now about {self.now.accuracy:.2f}"
        if self.next_class is None:
            return line
        return f"{line}; most errors are of {self.next_class}: photograph it next"

    def _sheet(self) -> Sheet:
        shown = (*self.points, self.now, self.twice)
        rows = tuple(
            (f"{one.num_rows}", "measured" if one.is_measured else "fitted curve", str(one))
            for one in shown
        )
        gain = f"{self.gain:+.2f} (95 % {self.gain_low:+.2f} to {self.gain_high:+.2f})"
        facts = [("twice as many images", gain)]
        if self.next_class is not None:
            facts.append(("photograph next", self.next_class))
        grid = SheetTable(("training images", "", "accuracy on new images"), rows, 3)
        return Sheet(
            f"LearningCurve: {self.num_rows} training images", tuple(facts), (grid,), draw=self._svg
        )

    def _svg(self) -> str:
        from warmstart.plots.figure import svg_of  # here: it takes a second

        return svg_of(self.plot(), "learning-curve")

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw it: a matplotlib figure, also written to ``path`` if one is given."""
        from warmstart.plots.learning_curve import plot_learning_curve  # here: it takes a second

        points, line = (
            np.array([(one.num_rows, one.accuracy, one.low, one.high) for one in some])
            for some in (self.points, self.line)
        )
        return plot_learning_curve(points, line, self.num_rows, path)

    def to_json(self) -> str:
        """Every field, as JSON; numbers read back as they were."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str, name: str = "the learning curve") -> "LearningCurve":
        """Read what ``to_json`` wrote.

        Args:
            text: JSON.
            name: What errors call it.
        """
        return parse_json(text, cls, name)
