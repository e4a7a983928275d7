"""Which rows the report shows, and in which galleries."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.results.gallery import (
    most_sure,
    most_uncertain,
    most_wrong,
    random_right,
    random_wrong,
    right_and_wrong,
)
from warmstart.results.predictions import Predictions

NUM_SHOWN = 12
MOST_SURE = 60  # pictures in all, of many classes one each
MOST_MAPPED = 1000  # points in the map


@dataclass(frozen=True)
class GalleryRows:
    """Positions in the predictions; ``has_heat`` where the question is where the network looked."""

    title: str
    text: str
    rows: tuple[int, ...]
    has_heat: bool = False


def galleries_of(predictions: Predictions, *, seed: int = 0) -> tuple[GalleryRows, ...]:
    """What is worth a look, most instructive first; galleries without a row are left out."""
    wrong = int(right_and_wrong(predictions)[1].sum())
    are_all = wrong <= NUM_SHOWN
    found = (
        gallery(
            f"All {wrong} that are wrong" if are_all else "Most wrong",
            "First those whose truth was given the least probability. The second picture shows "
            "what spoke for the answer: the brighter, the more (Grad-CAM).",
            most_wrong(predictions, NUM_SHOWN),
            has_heat=True,
        ),
        gallery("Wrong, drawn at random", "What an ordinary mistake looks like.",
                random_wrong(predictions, 0 if are_all else NUM_SHOWN, seed=seed)),
        gallery("Most uncertain", "No class was given much more than the others.",
                most_uncertain(predictions, NUM_SHOWN)),
        sure_gallery(predictions),
        gallery("Right, drawn at random", "What an ordinary success looks like.",
                random_right(predictions, NUM_SHOWN, seed=seed)),
    )  # fmt: skip
    return tuple(one for one in found if one.rows)


def gallery(
    title: str, text: str, rows: NDArray[np.int64], *, has_heat: bool = False
) -> GalleryRows:
    """A gallery of these rows."""
    return GalleryRows(title, text, tuple(int(row) for row in rows), has_heat)


def sure_gallery(predictions: Predictions) -> GalleryRows:
    """The most probable rows of each class, of too many classes the least certain ones."""
    num_classes = len(predictions.classes)
    each = max(1, min(4, NUM_SHOWN // num_classes))
    by_class = most_sure(predictions, each)
    text = "The highest probabilities of each class, whether right or wrong."
    if num_classes > MOST_SURE:
        tops = [
            predictions.probabilities[rows[0], k] if len(rows) else 2.0  # nothing to show
            for k, rows in enumerate(by_class)
        ]
        few = sorted(np.argsort(tops, kind="stable")[:MOST_SURE])
        by_class = [by_class[k] for k in few]
        text = (
            f"The highest probability of a class, for the {MOST_SURE} of {num_classes} classes "
            "where it is lowest."
        )
    return gallery("Most sure of each class", text, np.concatenate(by_class))


def rows_to_show(galleries: tuple[GalleryRows, ...]) -> list[int]:
    """All of them, each once, in table order."""
    return sorted({row for one in galleries for row in one.rows})


def rows_to_explain(galleries: tuple[GalleryRows, ...]) -> list[int]:
    """Those of which the report shows where the network looked, each once."""
    return sorted({row for one in galleries if one.has_heat for row in one.rows})


def rows_to_map(num_rows: int, *, seed: int = 0) -> NDArray[np.int64]:
    """All rows, or of very many a draw, in table order."""
    if num_rows <= MOST_MAPPED:
        return np.arange(num_rows)
    return np.sort(np.random.default_rng(seed).permutation(num_rows)[:MOST_MAPPED])
