"""The numbers of a report, in the order and words of the page."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from warmstart.data.table import NO_LABEL, Exclusion
from warmstart.metrics.scores import ClassScores, Score, Scores, words_of

MOST_OPEN = 12  # classes; with more, a table begins with those that need a look
NUM_FIRST = 15  # of many
MOST_PAIRS = 12


@dataclass(frozen=True)
class ScoreLine:
    """A score in words; ``is_first`` says that most readers want it."""

    name: str
    meaning: str
    score: Score
    is_first: bool


def scores_in_words(scores: Scores) -> list[ScoreLine]:
    """All scores, those of many averages after the ones that people ask for."""
    return [
        ScoreLine(words.heading, words.meaning, score, words.is_first)
        for words, score in ((words_of(name), score) for name, score in scores.scores.items())
    ]


def worst_first(scores: Scores) -> tuple[list[ClassScores], list[ClassScores]]:
    """Classes to show at once, and the others; of many, the lowest F-score first."""
    classes = list(scores.per_class)
    if len(classes) <= MOST_OPEN:
        return classes, []
    ordered = sorted(classes, key=lambda each: each.f_score)
    return ordered[:NUM_FIRST], ordered[NUM_FIRST:]


@dataclass(frozen=True)
class Counts:
    """Images per class and split; ``columns`` are the splits that have any."""

    columns: tuple[str, ...]
    totals: tuple[int, ...]
    lines: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def spread(self) -> str:
        """In words, how many images the classes have in the first split."""
        numbers = sorted(line[1][0] for line in self.lines if line[0] != NO_LABEL)
        if numbers[0] == numbers[-1]:
            return str(numbers[0])
        return f"{numbers[0]} to {numbers[-1]} ({statistics.median(numbers):g} in the middle)"


def counted(counts: Mapping[str, Mapping[str, int]]) -> Counts:
    """Turn counts by split into a line per class."""
    columns = tuple(split for split, numbers in counts.items() if sum(numbers.values()))
    names = dict.fromkeys(name for split in columns for name in counts[split])
    lines = tuple((name, tuple(counts[split].get(name, 0) for split in columns)) for name in names)
    totals = tuple(sum(counts[split].values()) for split in columns)
    return Counts(columns, totals, lines)


def by_reason(exclusions: tuple[Exclusion, ...]) -> list[tuple[str, list[str]]]:
    """Reasons with the names that they are the reason of, the most frequent first."""
    found: dict[str, list[str]] = {}
    for exclusion in exclusions:
        found.setdefault(exclusion.reason, []).append(exclusion.name)
    return sorted(found.items(), key=lambda item: -len(item[1]))
