"""Rows as points in a plane, those with like activations side by side."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from warmstart.plots.figure import QUIET, escaped, finished, new_figure

MOST_FOR_TSNE = 3000  # rows; tens of seconds, and it grows
NUM_STEPS = 500  # of t-SNE, half of them with early exaggeration; twice as many move little
MOST_COLOURS = 10  # classes that a reader can tell apart
NUM_COMPONENTS = 30  # that t-SNE starts from
WRONG = "#d1242f"


def two_dimensions(
    activations: NDArray[np.floating], *, seed: int = 0
) -> tuple[NDArray[np.float64], str]:
    """A point per row: principal components, then t-SNE; of very many rows the former only.

    Args:
        activations: (N, D), finite.
        seed: Of both.

    Returns:
        Points (N, 2), and the name of the method.

    Reference:
        van der Maaten and Hinton (2008), JMLR 9, 2579–2605.
    """
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    values = np.asarray(activations, np.float64)
    if min(values.shape) < 2:  # a single row or feature is its own component
        one = np.pad(values - values.mean(axis=0), ((0, 0), (0, 1)))[:, :2]
        return np.asarray(one, np.float64), "principal components"
    has_tsne = 8 <= len(values) <= MOST_FOR_TSNE
    most = min(NUM_COMPONENTS if has_tsne else 2, *values.shape)
    with threadpool_limits(1):  # sums of several threads end in other bits, and t-SNE is chaotic
        points = PCA(most, random_state=seed, svd_solver="randomized").fit_transform(values)
        if has_tsne:
            from sklearn.manifold import TSNE

            method = TSNE(
                2, perplexity=min(30.0, (len(values) - 1) / 3), init="pca",
                random_state=seed, max_iter=NUM_STEPS,
            )  # fmt: skip
            points = method.fit_transform(points)
    return np.asarray(points, np.float64), "t-SNE" if has_tsne else "principal components"


def plot_activation_map(
    points: NDArray[np.float64],
    labels: NDArray[np.int64],
    is_wrong: NDArray[np.bool_],
    classes: tuple[str, ...],
    path: str | Path | None = None,
) -> Figure:
    """Points in the colour of their class, the wrong ones ringed.

    Args:
        points: (N, 2), from ``two_dimensions``.
        labels: (N,), -1 where a row has none.
        is_wrong: (N,).
        classes: Their names; of more than ten, the most frequent ones have a colour.
        path: Where the picture is written.
    """
    figure = new_figure(5.6, 5.4)
    axes = figure.add_subplot()
    counts = np.bincount(labels[labels >= 0], minlength=len(classes))
    coloured = np.sort(np.argsort(-counts, kind="stable")[:MOST_COLOURS])
    size = 28 if len(points) <= 500 else 14

    def dots(chosen: NDArray[np.bool_], scale: int = 1, **style: Any) -> None:
        if chosen.any():
            axes.scatter(points[chosen, 0], points[chosen, 1], s=scale * size, **style)

    solid = {"linewidths": 0, "rasterized": True}  # thousands of dots as text are megabytes
    name = "other classes" if len(classes) > MOST_COLOURS else "no label"
    dots(~np.isin(labels, coloured), color=QUIET, alpha=0.35, label=name, **solid)
    for colour, k in enumerate(coloured):
        dots(labels == k, color=f"C{colour}", alpha=0.8, label=escaped(classes[k]), **solid)
    dots(is_wrong, 3, facecolors="none", edgecolors=WRONG, linewidths=1.4, label="predicted wrong")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(QUIET)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9, ncols=2)
    return finished(figure, path)
