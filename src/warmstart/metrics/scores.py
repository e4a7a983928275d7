"""All scores of a set of rows, each with its error bars, as plain data; and the words for them."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from warmstart.display import Displayed, Sheet, SheetTable, pad_text, text_width
from warmstart.errors import printable
from warmstart.files.strict import parse_json
from warmstart.metrics.intervals import Interval

MAIN = ("accuracy", "exact_match")  # of one label and of many: what is told first, by itself


@dataclass(frozen=True)
class Score:
    """One number; ``low`` and ``high`` are its 95 % interval, ``method`` says how it was found.

    ``value`` is None where the rows leave it undefined; without an interval ``low`` and ``high``
    are None, and ``method`` says why.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    method: str = ""

    @classmethod
    def within(cls, value: float, interval: Interval | None, method: str) -> "Score":
        """A score with its interval; without one ``method`` says why."""
        if interval is None:
            return cls(value, method=method)
        return cls(value, interval.low, interval.high, method)

    def __str__(self) -> str:
        """Four digits, and the interval."""
        if self.value is None:
            return "–"
        bars = "" if self.low is None else f"  {self.low:.4f} to {self.high:.4f}"
        return f"{self.value:.4f}{bars}"


@dataclass(frozen=True)
class ClassScores:
    """One class: ``num_rows`` are so, ``num_predicted`` were called so.

    0 where there is nothing to divide by, as scikit-learn's zero_division=0; the counts tell.
    ``threshold`` is the probability above which many-label rows are called so.
    """

    name: str
    precision: float
    recall: float
    f_score: float
    num_rows: int
    num_predicted: int
    threshold: float | None = None


@dataclass(frozen=True, repr=False)
class Scores(Displayed):
    """What ``predictions.scores()`` found, by name: ``scores["accuracy"].value``.

    ``chosen_on_these`` names what was chosen by these same rows (law 15): it flatters the scores.

    Example:
        >>> import numpy as np
        >>> from warmstart import Predictions
        >>> probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
        >>> labels = np.array([0, 0, 1])
        >>> found = Predictions(("a", "b", "c"), probabilities, labels, ("cat", "dog"))
        >>> scores = found.scores(num_resamples=0)
        >>> print(scores["accuracy"])
        0.6667  0.2077 to 0.9385
        >>> print(scores["log_loss"])
        0.4149
    """

    scores: Mapping[str, Score]
    per_class: tuple[ClassScores, ...]
    num_rows: int
    num_unlabelled: int
    beta: float
    chosen_on_these: tuple[str, ...] = field(default=())

    def __getitem__(self, name: str) -> Score:
        """The score of that name."""
        return self.scores[name]

    def __str__(self) -> str:
        """As ``table``."""
        return self.table()

    __repr__ = __str__

    def to_json(self) -> str:
        """All of it; numbers read back as they were.

        Example:
            >>> text = found.scores(num_resamples=0).to_json()
            >>> print(text[:28])
            {
             "scores": {
              "accuracy":
        """
        return json.dumps(asdict(self), allow_nan=False, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, name: str = "the scores") -> "Scores":
        """Read what ``to_json`` wrote.

        Args:
            text: Its text.
            name: What errors call it.

        Example:
            >>> from warmstart import Predictions, Scores
            >>> Scores.from_json(scores.to_json()) == scores
            True
        """
        return parse_json(text, cls, name)

    def table(self) -> str:
        """Text: the scores, then the classes.

        Example:
            >>> print(found.scores(num_resamples=0).table().splitlines()[1])
            accuracy                     0.6667  0.2077 to 0.9385
        """
        wide = max(map(len, self.scores))
        lines = ["score".ljust(wide) + "   value  95 % interval"]
        lines += [f"{name.ljust(wide)}  {score}" for name, score in self.scores.items()]
        lines += ["", *self._notes(), ""]
        return "\n".join(lines + self._class_lines()) + "\n"

    def _notes(self) -> list[str]:
        left = f"; {self.num_unlabelled} without a label left out" if self.num_unlabelled else ""
        chosen = ", ".join(self.chosen_on_these)
        flattered = f"Flattered: {chosen} was chosen by these same rows."
        return [f"n = {self.num_rows} labelled rows{left}", *([flattered] if chosen else [])]

    def _class_lines(self) -> list[str]:
        grid = self._class_grid()
        rows = [(printable(row[0]), *row[1:]) for row in (grid.titles, *grid.rows)]
        wide = max(text_width(row[0]) for row in rows)
        widths = [max(6, len(title)) for title in grid.titles[1:]]
        return [
            "  ".join([pad_text(row[0], wide), *map(str.rjust, row[1:], widths)]) for row in rows
        ]

    def _class_grid(self) -> SheetTable:
        has_thresholds = any(each.threshold is not None for each in self.per_class)
        titles = ("class", "precision", "recall", f"F{self.beta:g}", "rows", "called so")
        return SheetTable(
            titles + (("threshold",) if has_thresholds else ()),
            tuple(class_cells(each) for each in self.per_class),
        )

    def _sheet(self) -> Sheet:
        rows = tuple(
            (name, *[*str(score).split("  ", 1), ""][:2]) for name, score in self.scores.items()
        )
        scores = SheetTable(("score", "value", "95 % interval"), rows)
        return Sheet("Scores", tables=(scores, self._class_grid()), notes=tuple(self._notes()))


def class_cells(each: ClassScores) -> tuple[str, ...]:
    """A class and its figures, a dash where there is nothing to divide by."""
    precision = f"{each.precision:.3f}" if each.num_predicted else "–"
    recall = f"{each.recall:.3f}" if each.num_rows else "–"
    f_score = f"{each.f_score:.3f}" if each.num_rows or each.num_predicted else "–"
    cells = (each.name, precision, recall, f_score, f"{each.num_rows}", f"{each.num_predicted}")
    return cells if each.threshold is None else (*cells, f"{each.threshold:.3f}")


@dataclass(frozen=True)
class ScoreWords:
    """A score's ``title`` in running text and what it means; most readers want ``is_first``."""

    title: str
    meaning: str = ""
    is_first: bool = False

    @property
    def heading(self) -> str:
        """The title at the beginning of a line."""
        return self.title[0].upper() + self.title[1:]


WORDS = {
    "accuracy": ScoreWords("accuracy", "share of the images that are right", is_first=True),
    "exact_match": ScoreWords(
        "all labels right", "share of the images without any mistake", is_first=True
    ),
    "balanced_accuracy": ScoreWords(
        "balanced accuracy", "the same, each class counting alike", is_first=True
    ),
    "macro_precision": ScoreWords("macro precision", "of what is called so, the share that is so"),
    "macro_recall": ScoreWords("macro recall", "of what is so, the share that is called so"),
    "micro_precision": ScoreWords("micro precision", "the same, each image counting alike"),
    "micro_recall": ScoreWords("micro recall", "likewise"),
    "weighted_precision": ScoreWords("weighted precision", "classes counting by their images"),
    "weighted_recall": ScoreWords("weighted recall", "likewise"),
    "roc_auc": ScoreWords("ROC AUC", "chance that an image of a class ranks above one of another"),
    "average_precision": ScoreWords("average precision", "area under precision against recall"),
    "log_loss": ScoreWords(
        "log loss", "mean surprise at the truth; lower is better", is_first=True
    ),
    "brier": ScoreWords("Brier score", "squared error of the probabilities; lower is better"),
    "calibration_error": ScoreWords(
        "calibration error", "gap between said and true; lower is better", is_first=True
    ),
    "calibration_error_by_chance": ScoreWords(
        "calibration error by chance", "what a perfect model would show here"
    ),
}  # and those with a number in their names, below
F_MEANINGS = {
    "macro": "precision and recall in one number, each class counting alike",
    "micro": "the same, each image counting alike",
    "weighted": "the same, classes counting by their images",
}


def words_of(name: str) -> ScoreWords:
    """The words for a score; one that is unknown, such as a later version's, by its name."""
    top = re.fullmatch(r"top_(\d+)_accuracy", name)
    f_score = re.fullmatch(r"(macro|micro|weighted)_f([\d.]+)", name)
    if top:
        k = top.group(1)
        return ScoreWords(f"top-{k} accuracy", f"the truth is among the first {k}", is_first=True)
    if f_score:
        over, beta = f_score.groups()
        return ScoreWords(f"{over} F{beta}", F_MEANINGS[over], is_first=over == "macro")
    return WORDS.get(name, ScoreWords(name.replace("_", " ")))


def main_score(scores: Scores) -> tuple[ScoreWords, Score]:
    """The share of rows that are right: what is told first, and by itself."""
    name = next(name for name in MAIN if name in scores.scores)
    return words_of(name), scores[name]


def main_title(*, is_multi_label: bool) -> str:
    """What that share is called."""
    return words_of(MAIN[1] if is_multi_label else MAIN[0]).title
