"""How well a model does, in words and numbers on the screen."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import DataError
from warmstart.inference.pictures import files_at
from warmstart.results.predictions import Predictions


def labelled_pictures(
    folder: Path, split: str, classes: tuple[str, ...]
) -> tuple[list[Path], NDArray[np.int64]]:
    """Paths and labels of the pictures in class folders.

    Raises:
        DataError: the folder is missing, or has a class that the model does not know.
    """
    here = folder / split if (folder / split).is_dir() else folder
    if not here.is_dir():
        raise DataError(
            f"{here} is not a folder.",
            expected="one folder per class: " + ", ".join(classes) + ".",
            fix="check the path's spelling.",
        )
    found = sorted(path.name for path in here.iterdir() if path.is_dir())
    strangers = [name for name in found if name not in classes]
    if strangers or not found:
        raise DataError(
            f"{here} has {len(strangers)} class(es) that the model does not know: "
            f"{', '.join(strangers)}."
            if strangers
            else f"{here} has no class folders.",
            expected="folders of these names: " + ", ".join(classes) + ".",
            fix="give the folder that holds one folder per class, and rename the others.",
        )
    paths: list[Path] = []
    labels: list[int] = []
    for name in found:
        files = files_at(here / name)
        paths += files
        labels += [classes.index(name)] * len(files)
    return paths, np.array(labels, np.int64)


def tell(predictions: Predictions) -> None:
    """Print the confusion matrix, scores per class and the accuracy with its interval."""
    matrix = predictions.confusion_matrix()
    print(matrix)
    width = max(8, *(len(name) for name in predictions.classes)) + 2
    print("\nclass".ljust(width + 1) + "precision    recall        F1     count")
    counts = matrix.counts.sum(axis=1)
    for i, name in enumerate(predictions.classes):
        scores = (matrix.precision[i], matrix.recall[i], matrix.f1[i])
        print(name.ljust(width) + "".join(f"{s:9.3f} " for s in scores) + f"{counts[i]:9d}")
    confused = matrix.most_confused()[:5]
    if confused:
        print("\nmost confused: " + ", ".join(f"{t} as {p} ({n}x)" for t, p, n in confused))
    low, high = predictions.accuracy_interval
    n = int(counts.sum())
    print(f"\naccuracy {predictions.accuracy:.4f} (95 % {low:.4f} to {high:.4f}, n = {n})")
