"""How well a model does, in words and numbers on the screen."""

import shutil

from warmstart.cli.matrix import LONGEST_NAME, matrix_text, shortened
from warmstart.results.predictions import LIKELY, Predictions

MOST_CLASSES = 30  # with more, the table per class shows the worst ones
MOST_WORST = 15
MOST_PAIRS = 5


def tell(predictions: Predictions) -> None:
    """Print the scores per class and the accuracy with its interval; one class per row, or many."""
    if predictions.is_multi_label:
        print(f"each class is said to be there where its probability is above {LIKELY}\n")
        tell_classes(predictions)
        macro = [scores[2] for scores in predictions.class_scores().values()]
        print(f"\nF1: micro {micro_f1(predictions):.4f}, macro {sum(macro) / len(macro):.4f}")
        tell_accuracy(predictions, "all labels right")
        return
    matrix = predictions.confusion_matrix()
    text = matrix_text(matrix, shutil.get_terminal_size((80, 24)).columns)
    if text is not None:
        print(text + "\n")
    tell_classes(predictions)
    confused = matrix.most_confused()[:MOST_PAIRS]
    if confused:
        print("\nmost confused:")
        for true, said, number in confused:
            print(f"  {number:4d} × {true} taken for {said}")
    tell_accuracy(predictions, "accuracy")


def micro_f1(predictions: Predictions) -> float:
    """F1 of all (row, class) pairs of the labelled rows together."""
    known = predictions.labels[:, 0] >= 0
    true, said = predictions.labels[known] == 1, predictions.predicted[known] == 1
    return float(2 * (true & said).sum() / max(1, true.sum() + said.sum()))


def tell_accuracy(predictions: Predictions, name: str) -> None:
    """Print a share of rows with its 95 % interval."""
    first = predictions.labels[:, 0] if predictions.is_multi_label else predictions.labels
    low, high = predictions.accuracy_interval
    num_rows = int((first >= 0).sum())
    print(f"\n{name} {predictions.accuracy:.4f} (95 % {low:.4f} to {high:.4f}, n = {num_rows})")


def tell_classes(predictions: Predictions) -> None:
    """Print a line per class; of very many classes, the worst."""
    scores = list(predictions.class_scores().items())
    if len(scores) > MOST_CLASSES:
        print(f"the {MOST_WORST} of {len(scores)} classes with the lowest F1:")
        scores = sorted(scores, key=lambda item: item[1][2])[:MOST_WORST]
    names = [shortened(name, LONGEST_NAME) for name, _ in scores]
    width = max(8, *map(len, names)) + 2
    titles = ("precision", "recall", "F1", "count")
    print("class".ljust(width) + "".join(title.rjust(10) for title in titles))
    for name, (_, (precision, recall, f1, count)) in zip(names, scores, strict=True):
        print(f"{name:{width}}{precision:10.3f}{recall:10.3f}{f1:10.3f}{count:10d}")
