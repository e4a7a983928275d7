"""How well a model does, in words and numbers on the screen."""

import shutil

import numpy as np
from numpy.typing import NDArray

from warmstart.cli.matrix import LONGEST_NAME, matrix_text, shortened
from warmstart.cli.run_folder import LIKELY
from warmstart.results.predictions import Predictions

MOST_CLASSES = 30  # with more, the table per class shows the worst ones
MOST_WORST = 15


def tell(predictions: Predictions) -> None:
    """Print the scores per class and the accuracy with its interval; one class per row, or many."""
    if predictions.labels.ndim == 2:
        tell_many(predictions)
        return
    matrix = predictions.confusion_matrix()
    text = matrix_text(matrix, shutil.get_terminal_size((80, 24)).columns)
    if text is not None:
        print(text + "\n")
    counts = matrix.counts.sum(axis=1)
    tell_classes(
        predictions.classes, np.stack([matrix.precision, matrix.recall, matrix.f1], 1), counts
    )
    confused = matrix.most_confused()[:5]
    if confused:
        print("\nmost confused: " + ", ".join(f"{t} as {p} ({n}×)" for t, p, n in confused))
    tell_accuracy(predictions, "accuracy", int(counts.sum()))


def by_row(predictions: Predictions) -> Predictions:
    """Whole rows as right or wrong: where an image may have many classes, all must be right.

    Args:
        predictions: Of one class per row, which are given back, or of many.

    Returns:
        Predictions whose accuracy and interval are those of whole rows.
    """
    if predictions.labels.ndim == 1:
        return predictions
    said = predictions.probabilities > LIKELY
    right = (said == (predictions.labels == 1)).all(axis=1)
    known = (predictions.labels >= 0).all(axis=1)
    return Predictions(
        predictions.rows,
        np.stack([~right, right], axis=1).astype(np.float64),
        np.where(known, 1, -1).astype(np.int64),
        ("wrong", "right"),
    )


def tell_many(predictions: Predictions) -> None:
    """Print precision, recall and F1 where an image may have many classes."""
    known = (predictions.labels >= 0).all(axis=1)
    true = predictions.labels[known] == 1
    said = predictions.probabilities[known] > LIKELY
    right, called, there = (x.sum(axis=0) for x in (true & said, said, true))
    scores = np.stack(
        [share(right, called), share(right, there), share(2 * right, called + there)], axis=1
    )
    print(f"each class is said to be there from a probability of {LIKELY} on\n")
    tell_classes(predictions.classes, scores, there)
    micro = share(2 * right.sum(keepdims=True), (called + there).sum(keepdims=True))[0]
    print(f"\nF1 over all classes: micro {micro:.4f}, macro {scores[:, 2].mean():.4f}")
    tell_accuracy(predictions, "all labels right", int(known.sum()))


def tell_accuracy(predictions: Predictions, name: str, num_rows: int) -> None:
    """Print a share of rows with its 95 % interval."""
    judged = by_row(predictions)
    low, high = judged.accuracy_interval
    print(f"\n{name} {judged.accuracy:.4f} (95 % {low:.4f} to {high:.4f}, n = {num_rows})")


def tell_classes(
    classes: tuple[str, ...], scores: NDArray[np.float64], counts: NDArray[np.int64]
) -> None:
    """Print a line per class; of very many classes, the worst.

    Args:
        classes: Names of the K classes.
        scores: (K, 3) precision, recall and F1.
        counts: (K,) rows of each.
    """
    shown = np.arange(len(classes))
    if len(classes) > MOST_CLASSES:
        shown = np.argsort(scores[:, 2], kind="stable")[:MOST_WORST]
        print(f"the {MOST_WORST} of {len(classes)} classes with the lowest F1:")
    names = [shortened(classes[int(k)], LONGEST_NAME) for k in shown]
    width = max(8, *map(len, names)) + 2
    print(
        "class".ljust(width) + "".join(f"{t:>10}" for t in ("precision", "recall", "F1", "count"))
    )
    for k, name in zip(shown, names, strict=True):
        print(name.ljust(width) + "".join(f"{s:10.3f}" for s in scores[k]) + f"{counts[k]:10d}")


def share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """Divide; 0 where there is nothing to divide by, as scikit-learn does."""
    return np.asarray(np.where(whole > 0, part / np.maximum(whole, 1), 0.0), np.float64)
