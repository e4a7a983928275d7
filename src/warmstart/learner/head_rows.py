"""Training rows as a head's solver wants them, and what comes out of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from warmstart.learner.inputs import TableInputs
from warmstart.learner.row_blocks import StoredRows, blocks_of
from warmstart.metrics.temperature import probabilities_of
from warmstart.terminal.waiting import waiting
from warmstart.training.balance import class_weights
from warmstart.training.head_card import LogisticHeadCard, Parts, num_columns
from warmstart.training.head_choice import LogisticChoice, choose_logistic, choosing_folds
from warmstart.training.logistic_head import build_logistic_head

READ_ROWS = 4096  # that are asked at once


@dataclass(frozen=True, eq=False)
class HeadRows:
    """Training rows, view after view: activations (V · N, D), targets and folds alike.

    The activations are held, or stay in the store where they are too many.

    ``weights`` say how much each row's loss counts. All views of a picture are in one fold; -1 is
    the fold of rows that judge none.
    """

    activations: NDArray[np.float32] | StoredRows
    targets: NDArray[np.int64]
    folds: NDArray[np.int64]
    weights: NDArray[np.float64]
    num_views: int
    num_classes: int

    @property
    def num_pictures(self) -> int:
        """N."""
        return len(self.targets) // self.num_views


def gathered_rows(
    inputs: TableInputs,
    rows: NDArray[np.int64],
    units: Sequence[str],
    feature_parts: Mapping[str, Parts],
    balance: str | None,
    *,
    device: torch.device,
    seed: int,
    streams: bool,
) -> HeadRows:
    """Activations of training rows, and everything about them that the solver is told.

    Args:
        inputs: Where they come from.
        rows: Positions in the table.
        units: (N,) what must stay in one fold.
        feature_parts: What the pooled row consists of.
        balance: None, or how rare classes are heard: both ways are weights here, since drawing a
            row twice and counting it twice is the same.
        device: Where the frozen part runs.
        seed: Of the folds.
        streams: Whether they stay in the store, where all are put then.
    """
    table = inputs.source.table
    labels, num_views = table.labels[rows], len(inputs.head_views)
    activations = (
        inputs.stored_rows(rows, inputs.head_views) if streams else inputs.head_rows(rows, device)
    )
    num_weights = num_columns(next(iter(feature_parts.values()))) * len(table.classes)
    folds = choosing_folds(units, labels, num_weights, seed=seed, num_views=num_views)
    weights = np.ones(labels.shape) / num_views
    if balance is not None:
        by_class = np.array(class_weights(torch.from_numpy(labels)))
        weights *= np.where(labels == 1, by_class, 1.0) if labels.ndim == 2 else by_class[labels]
    return HeadRows(
        activations,
        np.concatenate([labels] * num_views),
        np.tile(folds, num_views),
        np.concatenate([weights] * num_views),
        num_views,
        len(table.classes),
    )


def chosen_logistic(
    rows: HeadRows, feature_parts: Mapping[str, Parts], device: torch.device
) -> LogisticChoice:
    """Part of the pooled row, penalty and weights."""
    where = "" if isinstance(rows.activations, np.ndarray) else ", rows from the store"
    with waiting(f"solving logistic regression{where}"):
        return choose_logistic(
            rows.activations,
            rows.targets,
            rows.num_classes,
            feature_parts,
            rows.folds,
            weights=rows.weights,
            device=device,
        )


def built_head(choice: LogisticChoice, rows: HeadRows) -> tuple[nn.Sequential, LogisticHeadCard]:
    """The module that was chosen, and its card."""
    card = LogisticHeadCard(rows.activations.shape[1], rows.num_classes, choice.parts)
    return build_logistic_head(card, choice.weights), card


def mean_out_of_fold(choice: LogisticChoice, rows: HeadRows) -> NDArray[np.float64]:
    """Probabilities (N, K) of each picture by a head that did not see it, a mean over its views.

    NaN along pictures that judged nothing.
    """
    is_multi_label = rows.targets.ndim == 2
    views = probabilities_of(choice.out_of_fold, is_multi_label=is_multi_label)
    mean: NDArray[np.float64] = views.reshape(rows.num_views, rows.num_pictures, -1).mean(axis=0)
    return mean


def nested_out_of_fold(
    rows_of: Callable[[NDArray[np.int64]], HeadRows],
    plain: NDArray[np.float32] | StoredRows,
    feature_parts: Mapping[str, Parts],
    folds: NDArray[np.int64],
    device: torch.device,
) -> tuple[NDArray[np.float64], tuple[float, ...]]:
    """Probabilities of each picture by a head that was chosen and trained without its fold.

    Args:
        rows_of: Positions of pictures that train → their rows. Nothing of these may depend on other
            pictures: neither the folds that choose the penalty, nor weights.
        plain: (N, D) activations that are judged.
        feature_parts: What the pooled row consists of.
        folds: (N,) outer folds.
        device: Where it is solved.

    Returns:
        (N, K), and the penalty of each fold.
    """
    found, penalties = [], []
    num_folds = int(folds.max()) + 1
    for fold in range(num_folds):
        with waiting(f"fold {fold + 1} of {num_folds}", leads=True):
            rows = rows_of(np.flatnonzero(folds != fold))
            choice = chosen_logistic(rows, feature_parts, device)
        penalties.append(choice.penalty)
        head, _ = built_head(choice, rows)
        with torch.inference_mode():
            logits = head_logits(head, plain, np.flatnonzero(folds == fold))
        found.append(probabilities_of(logits, is_multi_label=rows.targets.ndim == 2))
    back = np.argsort(np.argsort(folds, kind="stable"), kind="stable")
    return np.concatenate(found)[back], tuple(penalties)


def head_logits(
    head: nn.Module, plain: NDArray[np.float32] | StoredRows, chosen: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Logits (n, K) of some rows, by position; those that are held, all at once."""
    own = plain[chosen] if isinstance(plain, np.ndarray) else plain.taken(chosen)
    size = max(1, len(own)) if isinstance(own, np.ndarray) else READ_ROWS
    parts = [head(block).double().numpy() for block in blocks_of(own, size)]
    return np.concatenate(parts)
