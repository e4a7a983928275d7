"""What scores are called: one home for their names, the words for them, and which come first."""

import re
from dataclasses import dataclass

from warmstart.evaluation.scores import Score, Scores

MAIN = ("accuracy", "exact_match")  # of one label and of many: what is told first, by itself


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
