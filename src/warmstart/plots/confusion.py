"""The confusion matrix as a picture, readable with 2 classes and with 200."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from warmstart.plots.figure import ACCENT, ERROR, escaped, finished, new_figure, short_name

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

MOST_WITHOUT_SCALE = 6  # their numbers say enough, and a phone is as wide as the squares alone
MOST_WITH_NUMBERS = 25
MOST_TICKS = 60
LEAST_ERROR, MOST = 0.28, 0.68  # opacities: a single error is seen, if classes are few
MOST_DRAWN = 200  # classes; more are not seen in a picture, and ordering them takes minutes


def plot_confusion(
    counts: NDArray[np.int64], classes: Sequence[str], path: str | Path | None = None
) -> Figure:
    """Draw shares of each true class, errors in another hue than what is right.

    With many classes, confused ones lie side by side. Of more than 200 classes, those that are
    confused most.

    Args:
        counts: (K, K), rows the true classes.
        classes: Their K names.
        path: Where the picture is written.

    Returns:
        The figure.
    """
    right, total = int(np.trace(counts)), int(counts.sum())
    drawn = most_often_wrong(counts, MOST_DRAWN)
    num_classes = len(drawn)
    has_numbers = num_classes <= MOST_WITH_NUMBERS
    of_drawn = counts[np.ix_(drawn, drawn)]
    sums = counts.sum(axis=1)[drawn]
    order = np.arange(num_classes) if has_numbers else clustered(of_drawn, sums)
    counts, sums, drawn = of_drawn[np.ix_(order, order)], sums[order], drawn[order]
    fractions = counts / np.maximum(1, sums)[:, None]
    side = min(14.0, 3.2 + 0.45 * num_classes)
    has_scale = num_classes > MOST_WITHOUT_SCALE
    figure = new_figure(side + 1.8 * has_scale, side)
    axes = figure.add_subplot()
    is_own = np.eye(num_classes, dtype=bool)
    for colour, what, is_drawn, least in (
        (ERROR, "wrong", ~is_own & (counts > 0), LEAST_ERROR if has_numbers else 0.0),
        (ACCENT, "right", is_own, 0.0),
    ):
        image = axes.imshow(np.ma.array(fractions, mask=~is_drawn),
                            cmap=transparent_to(colour, least), vmin=0, vmax=1)  # fmt: skip
        if has_scale:
            figure.colorbar(
                image, ax=axes, label=f"{what}: share of the true class", fraction=0.04, pad=0.02
            )
    step = -(-num_classes // MOST_TICKS)
    ticks = np.arange(0, num_classes, step)
    names = [escaped(short_name(classes[drawn[i]])) for i in ticks]
    size = 10 if num_classes <= 12 else 8 if has_numbers else 6
    slanted = num_classes > 4 or max(map(len, names)) > 10
    if num_classes > 12:
        axes.set_xticks(ticks, names, rotation=90, fontsize=size)
    else:
        turn, align = (40, "right") if slanted else (0, "center")
        axes.set_xticks(ticks, names, rotation=turn, ha=align, fontsize=size)
    axes.set_yticks(ticks, names, fontsize=size)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    are_all = num_classes == len(classes)
    which = "" if are_all else f"; the {num_classes} of {len(classes)} classes confused most"
    axes.set_title(f"{right} of {total} right{which}", fontsize=11)
    if has_numbers:
        for i, j in np.ndindex(counts.shape):
            if counts[i, j]:
                axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=size + 1)
    return finished(figure, path)


def most_often_wrong(counts: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Positions of all classes; of more than ``most``, those with most mistakes, in their order."""
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    return np.sort(np.argsort(-wrong, kind="stable")[:most])


def clustered(counts: NDArray[np.int64], sums: NDArray[np.int64]) -> NDArray[np.int64]:
    """An order (K,) in which classes that are confused with each other are neighbours.

    Args:
        counts: (K, K), rows the true classes.
        sums: (K,) of all rows of each true class.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    shares = counts / np.maximum(1, sums)[:, None]
    distance = 1 - np.clip(shares + shares.T, 0, 1)
    np.fill_diagonal(distance, 0)
    condensed = squareform(distance, checks=False)
    tree = optimal_leaf_ordering(linkage(condensed, "average"), condensed)
    return np.asarray(leaves_list(tree), np.int64)


def transparent_to(colour: str, least: float) -> "Colormap":
    """Little to two thirds of a colour: numbers on it can be read on white and on black.

    The root of the share, because a tenth of a class that is taken for another has to be seen.
    """
    from matplotlib.colors import ListedColormap, to_rgba

    shares = np.linspace(0, 1, 256)
    opacities = least + (MOST - least) * np.sqrt(shares)
    return ListedColormap([to_rgba(colour, opacity) for opacity in opacities])
