"""How well a model does, in words and numbers on the screen."""

import shutil

from rich.cells import cell_len

from warmstart.cli.text.tables import LONGEST_NAME, matrix_text, padding, shorten_name
from warmstart.errors import printable
from warmstart.metrics.scores import MAIN, ClassScores, Score, Scores, main_score, words_of
from warmstart.results.predictions import Predictions
from warmstart.terminal.colour import DOUBTFUL, RESULT, print_styled, show_lines

MOST_CLASSES = 30  # with more, the table per class shows the worst ones
MOST_WORST = 15
MOST_PAIRS = 5
PARTS = ("macro_", "weighted_", "micro_")  # of these averages only F is told


def show_scores(predictions: Predictions, scores: Scores) -> None:
    """Print what there is to say of labelled predictions; one class per row, or many."""
    if predictions.is_multi_label:
        show_lines("each class is said to be there where its probability is above its threshold\n")
        show_classes(scores)
    else:
        show_matrix(predictions, scores)
    show_lines()
    show_lines("\n".join(score_table(scores)))
    show_unknown(predictions)
    show_accuracy(scores)


def show_matrix(predictions: Predictions, scores: Scores) -> None:
    """Print the confusion matrix, a line per class, and the most confused pairs."""
    matrix = predictions.confusion_matrix()
    text = matrix_text(matrix, shutil.get_terminal_size((80, 24)).columns)
    if text is not None:
        show_lines(text + "\n")
    show_classes(scores)
    confused = matrix.most_confused()[:MOST_PAIRS]
    if confused:
        show_lines("\nmost confused:")
        for true, said, number in confused:
            show_lines(printable(f"  {number:4d} × {true} taken for {said}"))


def show_classes(scores: Scores) -> None:
    """Print a line per class; of very many classes, the worst."""
    classes = list(scores.per_class)
    if len(classes) > MOST_CLASSES:
        show_lines(f"the {MOST_WORST} of {len(classes)} classes with the lowest F1:")
        classes = sorted(classes, key=lambda each: each.f_score)[:MOST_WORST]
    names = [shorten_name(each.name, LONGEST_NAME) for each in classes]
    width = max(8, *map(cell_len, names)) + 2
    titles = ["precision", "recall", f"F{scores.beta:g}", "count"]
    titles += ["threshold"] if has_thresholds(classes) else []
    show_lines("class".ljust(width) + "".join(title.rjust(10) for title in titles))
    for name, each in zip(names, classes, strict=True):
        line = name + padding(name, width)
        line += f"{each.precision:10.3f}{each.recall:10.3f}{each.f_score:10.3f}"
        line += f"{each.num_rows:10d}"
        show_lines(line + ("" if each.threshold is None else f"{each.threshold:10.3f}"))


def has_thresholds(classes: list[ClassScores]) -> bool:
    """Whether classes are called so by a threshold."""
    return any(each.threshold is not None for each in classes)


def score_table(scores: Scores) -> list[str]:
    """A line per score, with its interval."""
    listed = {name: score for name, score in scores.scores.items() if is_listed(name)}
    titles = [words_of(name).title for name in listed]
    width = max(map(len, titles)) + 2
    lines = ["score".ljust(width) + " value    95 % interval"]
    pairs = zip(titles, listed.values(), strict=True)
    return lines + [title.ljust(width) + score_text(score) for title, score in pairs]


def is_listed(name: str) -> bool:
    """Whether a score is in the table; scores.json has all of them."""
    is_part = name.startswith(PARTS) and name.endswith(("_precision", "_recall"))
    return name not in MAIN and not is_part


def score_text(score: Score) -> str:
    """A score with its interval, as wide in all lines."""
    if score.value is None:
        return "     –"
    bars = "" if score.low is None else f"   {score.low:.4f} to {score.high:.4f}"
    return f"{score.value:.4f}{bars}"


def show_unknown(predictions: Predictions) -> None:
    """Print how many rows get no answer; the scores are those of the nearest classes."""
    number = int(predictions.is_unknown.sum())
    if predictions.answering.unknown_below is not None:
        show_lines(
            f'\n{number} of {len(predictions.rows)} rows are answered "unknown"; the scores take '
            "the nearest class"
        )


def show_accuracy(scores: Scores) -> None:
    """Print the share of rows that are right with its 95 % interval, and what flatters it."""
    words, score = main_score(scores)
    bars = f"95 % {score.low:.4f} to {score.high:.4f}"
    told, width = f"{words.title} {score.value:.4f}", f" ({bars}, n = {scores.num_rows})"
    print_styled(("\n", ""), (told, RESULT), (width, ""))
    if scores.chosen_on_these:
        chosen = " and ".join(scores.chosen_on_these)
        flattered = f" {chosen} was chosen by these same rows, which flatters every score above"
        print_styled(("note:", DOUBTFUL), (flattered, ""))
