"""The numbers of a report, in the order and words of the page."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from warmstart.data.table import NO_LABEL, Exclusion
from warmstart.evaluation.scores import ClassScores, Score, Scores

MOST_OPEN = 12  # classes; with more, a table begins with those that need a look
NUM_FIRST = 15  # of many
MOST_PAIRS = 12

FIRST = {"accuracy", "balanced_accuracy", "subset_accuracy", "macro_f1", "log_loss",
         "calibration_error"}  # fmt: skip
WORDS = {
    "accuracy": ("Accuracy", "share of the images that are right"),
    "balanced_accuracy": ("Balanced accuracy", "the same, each class counting alike"),
    "subset_accuracy": ("All labels right", "share of the images without any mistake"),
    "macro_precision": ("Macro precision", "of what is called so, the share that is so"),
    "macro_recall": ("Macro recall", "of what is so, the share that is called so"),
    "macro_f1": ("Macro F1", "precision and recall in one number, each class counting alike"),
    "micro_f1": ("Micro F1", "the same, each image counting alike"),
    "weighted_precision": ("Weighted precision", "classes counting by their images"),
    "weighted_recall": ("Weighted recall", ""),
    "weighted_f1": ("Weighted F1", ""),
    "roc_auc": ("ROC AUC", "chance that an image of a class ranks above one of another"),
    "average_precision": ("Average precision", "area under precision against recall"),
    "log_loss": ("Log loss", "mean surprise at the truth; lower is better"),
    "brier": ("Brier score", "squared error of the probabilities; lower is better"),
    "calibration_error": ("Calibration error", "gap between said and true; lower is better"),
    "calibration_error_by_chance": ("… by chance alone", "what a perfect model would show here"),
}


@dataclass(frozen=True)
class ScoreLine:
    """A score in words; ``is_first`` says that most readers want it."""

    name: str
    meaning: str
    score: Score
    is_first: bool


def score_lines(scores: Scores) -> list[ScoreLine]:
    """All scores, those of many averages after the ones that people ask for."""
    lines = []
    for name, score in scores.scores.items():
        if name.startswith("top_"):
            k = name.removeprefix("top_").removesuffix("_accuracy")
            words = (f"Top-{k} accuracy", f"the truth is among the first {k}")
        else:
            words = WORDS.get(name, (name.replace("_", " ").capitalize(), ""))
        lines.append(ScoreLine(*words, score, name in FIRST or name.startswith("top_")))
    return lines


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
