"""Which rows the report shows, and in which galleries."""

from collections.abc import Sequence
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
FEWEST_MAPPED = 100  # of fewer, t-SNE draws groups where there are none
UNSURE = "Most uncertain"


@dataclass(frozen=True)
class GalleryRows:
    """Positions in the predictions; ``has_heat`` where the question is where the network looked."""

    title: str
    text: str
    rows: tuple[int, ...]
    has_heat: bool = False


def galleries_of(predictions: Predictions, *, seed: int = 0) -> tuple[GalleryRows, ...]:
    """What is worth a look, most instructive first; each row once, no gallery without a row."""
    wrong = int(right_and_wrong(predictions)[1].sum())
    are_all = wrong <= NUM_SHOWN
    some, count = [], len(predictions.rows)
    some.append(
        gallery(
            f"All {wrong} that are wrong" if are_all else "Most wrong",
            "First those whose truth was given the least probability. The second picture shows "
            "where the network found its answer (Grad-CAM).",
            most_wrong(predictions, NUM_SHOWN),
            has_heat=True,
        )
    )
    rows = random_wrong(predictions, 0 if are_all else count, seed=seed)
    some.append(
        gallery("Wrong, drawn at random", "What an ordinary mistake looks like.", fresh(rows, some))
    )
    rows = most_uncertain(predictions, NUM_SHOWN + num_rows_of(some))
    more = " Mistakes that stand above are not repeated." if wrong else ""
    some.append(
        gallery(UNSURE, f"No class was given much more than the others.{more}", fresh(rows, some))
    )
    some.append(sure_gallery(predictions, some))
    rows = random_right(predictions, count, seed=seed)
    some.append(
        gallery("Right, drawn at random", "What an ordinary success looks like.", fresh(rows, some))
    )
    return tuple(one for one in some if one.rows)


def gallery(
    title: str, text: str, rows: NDArray[np.int64], *, has_heat: bool = False
) -> GalleryRows:
    """A gallery of these rows."""
    return GalleryRows(title, text, tuple(int(row) for row in rows), has_heat)


def fresh(
    rows: NDArray[np.int64], shown: Sequence[GalleryRows], most: int = NUM_SHOWN
) -> NDArray[np.int64]:
    """The first of some rows that are in no gallery yet."""
    known = [row for one in shown for row in one.rows]
    return rows[~np.isin(rows, known)][:most]


def num_rows_of(shown: Sequence[GalleryRows]) -> int:
    """How many rows galleries have."""
    return sum(len(one.rows) for one in shown)


def sure_gallery(predictions: Predictions, shown: Sequence[GalleryRows] = ()) -> GalleryRows:
    """The most probable rows of each class, of too many classes the least certain ones.

    Args:
        predictions: What was said.
        shown: Galleries whose rows are not shown again.
    """
    num_classes = len(predictions.classes)
    each = max(1, min(4, NUM_SHOWN // num_classes))
    found = most_sure(predictions, each + num_rows_of(shown))
    by_class = [fresh(rows, shown, each) for rows in found]
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
    rows = np.concatenate(by_class)
    return gallery(
        "Most sure of each class", text, np.array(list(dict.fromkeys(rows.tolist())), int)
    )


def rows_to_show(galleries: tuple[GalleryRows, ...]) -> list[int]:
    """All of them, each once, in table order."""
    return sorted({row for one in galleries for row in one.rows})


def rows_to_explain(galleries: tuple[GalleryRows, ...]) -> list[int]:
    """Those of which the report shows where the network looked, each once."""
    return sorted({row for one in galleries if one.has_heat for row in one.rows})


def rows_to_map(num_rows: int, *, seed: int = 0) -> NDArray[np.int64]:
    """All rows, or of very many a draw, in table order; none of too few for a map."""
    if num_rows < FEWEST_MAPPED:
        return np.arange(0)
    if num_rows <= MOST_MAPPED:
        return np.arange(num_rows)
    return np.sort(np.random.default_rng(seed).permutation(num_rows)[:MOST_MAPPED])
