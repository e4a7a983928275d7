"""All scores of a set of predictions, each with its error bars, as plain data."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from warmstart.files.strict import parse_json
from warmstart.results.proportion import Interval


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


@dataclass(frozen=True)
class Scores:
    """What ``evaluate`` found, by name: ``scores["accuracy"].value``.

    ``chosen_on_these`` names what was chosen by these same rows (law 15): it flatters the scores.
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

    def to_json(self) -> str:
        """All of it; numbers read back as they were."""
        return json.dumps(asdict(self), allow_nan=False, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, name: str = "the scores") -> "Scores":
        """Read what ``to_json`` wrote.

        Args:
            text: Its text.
            name: What errors call it.
        """
        return parse_json(text, cls, name)

    def table(self) -> str:
        """Text: the scores, then the classes."""
        wide = max(map(len, self.scores))
        lines = ["score".ljust(wide) + "   value  95 % interval"]
        lines += [f"{name.ljust(wide)}  {score}" for name, score in self.scores.items()]
        lines += ["", f"n = {self.num_rows} labelled rows" + self._notes(), ""]
        return "\n".join(lines + self._class_lines()) + "\n"

    def _notes(self) -> str:
        notes = f"; {self.num_unlabelled} without a label left out" if self.num_unlabelled else ""
        if self.chosen_on_these:
            notes += (
                f"\nFlattered: {', '.join(self.chosen_on_these)} was chosen by these same rows."
            )
        return notes

    def _class_lines(self) -> list[str]:
        wide = max(len("class"), *(len(each.name) for each in self.per_class))
        f_name = f"F{self.beta:g}"
        has_thresholds = any(each.threshold is not None for each in self.per_class)
        head = f"{'class'.ljust(wide)}  precision  recall  {f_name:>6}    rows  called so"
        lines = [head + ("  threshold" if has_thresholds else "")]
        for each in self.per_class:
            precision = f"{each.precision:9.3f}" if each.num_predicted else "–".rjust(9)
            recall = f"{each.recall:6.3f}" if each.num_rows else "–".rjust(6)
            either = each.num_rows or each.num_predicted
            f_score = f"{each.f_score:6.3f}" if either else "–".rjust(6)
            line = f"{each.name.ljust(wide)}  {precision}  {recall}  {f_score}  "
            line += f"{each.num_rows:6d}  {each.num_predicted:9d}"
            lines.append(line + ("" if each.threshold is None else f"  {each.threshold:9.3f}"))
        return lines
