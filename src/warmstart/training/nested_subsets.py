"""Logistic heads of nested subsets of the training rows, and what each gets wrong outside of them.

Rows are dealt into tenths. A chain begins at one of them and takes the next ones, around the
circle: one tenth, two, four, eight. All heads of one size are solved at the same time, in the basis
of all rows, so that ten chains of four sizes cost about as much as one choice of the penalty.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from warmstart.data.folds import draw_folds
from warmstart.metrics.learning_curve import SubsetErrors
from warmstart.metrics.temperature import probabilities_of
from warmstart.training.logistic import LogisticProblem

NUM_TENTHS = 10
TENTHS = (1, 2, 4, 8)  # of the rows, in each size
MOST_CHAINS, FEWEST_CHAINS = 10, 2
CHAINS_WORK = 60_000_000  # rows × dimensions × classes × chains: about a second and a half
MOST_WORK = 75_000_000  # rows × dimensions × classes, beyond which two chains take too long
SUBSET_TOLERANCE = 1e-3  # of the gradient: answers count here, not their losses
MOST_UNKNOWN = 0.02  # of the rows, whose class a subset may lack


@dataclass(frozen=True, eq=False)
class SubsetRows:
    """Training rows, view after view: features (V · N, D) of length 1, targets, weights, units.

    ``units`` (N,) say which images must not be parted; everything else has V · N rows.
    """

    features: NDArray[np.floating]
    targets: NDArray[np.int64]
    weights: NDArray[np.floating]
    units: Sequence[str]
    num_classes: int

    @property
    def num_views(self) -> int:
        """V."""
        return len(self.targets) // len(self.units)


def num_chains(rows: SubsetRows) -> int:
    """As many as take a second or two; 0 where two would take much longer."""
    num_rows, num_features = rows.features.shape
    work = num_rows * min(num_rows, num_features) * rows.num_classes
    if work > MOST_WORK:
        return 0
    return int(np.clip(CHAINS_WORK // work, FEWEST_CHAINS, MOST_CHAINS))


def subset_errors(
    rows: SubsetRows, penalty: float, *, seed: int, device: torch.device | None = None
) -> list[SubsetErrors]:
    """What the heads of each size get wrong.

    Args:
        rows: One class each.
        penalty: C, of all heads: chosen on all rows (docs/decisions/0027).
        seed: Of the tenths. They depend on the units' names, not on the order of rows.
        device: Where they are solved.

    Returns:
        From few rows to many, columns in the order of ``rows``. Sizes are left out whose subsets
        lack classes of more than ``MOST_UNKNOWN`` of the rows: they would measure something else.
    """
    order = np.argsort(np.array(rows.units, dtype=object), kind="stable")
    num_images, num_views = len(order), rows.num_views
    everywhere = np.concatenate([order + view * num_images for view in range(num_views)])
    targets = rows.targets[order]
    problem = LogisticProblem(
        rows.features[everywhere],
        rows.targets[everywhere],
        rows.num_classes,
        weights=rows.weights[everywhere],
        device=device,
    )
    tenths = draw_folds([rows.units[i] for i in order], targets, NUM_TENTHS, seed=seed)
    chains = num_chains(rows)
    starts = np.arange(chains) * NUM_TENTHS // chains
    back = np.argsort(order, kind="stable")
    found = []
    for size in TENTHS:
        trained = (tenths - starts[:, None]) % NUM_TENTHS < size
        unknown = [~np.isin(targets, targets[own]) for own in trained]
        if np.mean(unknown) > MOST_UNKNOWN:
            continue
        answers = subset_answers(problem, trained, num_views, penalty)
        wrong = np.where(trained, np.nan, answers != targets)
        num_rows = round(float(trained.sum(axis=1).mean()))
        found.append(SubsetErrors(num_rows, wrong[:, back], trained[:, back]))
    return found


def subset_answers(
    problem: LogisticProblem, trained: NDArray[np.bool_], num_views: int, penalty: float
) -> NDArray[np.int64]:
    """The class (R, N) that each of R heads gives each image, from the mean over its views."""
    num_heads, num_images = trained.shape
    masks = torch.from_numpy(np.tile(trained, num_views)).to(problem.device)
    with problem.threads(num_heads):
        solution = problem.solve(penalty, masks, None, SUBSET_TOLERANCE).float()
        answers = []
        for head in solution.view(num_heads, problem.num_classes, -1):
            logits = problem.rows @ head[:, :-1].T + head[:, -1]
            views = probabilities_of(logits.double().cpu().numpy(), is_multi_label=False)
            answers.append(views.reshape(num_views, num_images, -1).mean(axis=0).argmax(axis=1))
    return np.array(answers)
