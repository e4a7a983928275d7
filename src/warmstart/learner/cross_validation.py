"""Out-of-fold predictions of a learner's training rows."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from warmstart.activations.inputs import StoredInputs
from warmstart.data.folds import classes_in_one_fold, draw_folds, fold_units
from warmstart.errors import SettingError
from warmstart.heads.out_of_fold import Folds, HeadOf
from warmstart.learner.feeding import Feeding, targets_of, view_of_epoch
from warmstart.learner.head_rows import HeadRows, gathered_rows, nested_out_of_fold
from warmstart.learner.layers import Layers
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.terminal.colour import show_lines
from warmstart.training.logistic_head import Parts
from warmstart.training.randomness import kept_random_state
from warmstart.training.settings import FitSettings

Name = TypeVar("Name", str, bytes)


def cross_validated(
    feeding: Feeding,
    new_head: HeadOf,
    settings: FitSettings,
    *,
    k: int,
    finds_rate: bool,
    device: torch.device,
    quiet: bool,
) -> OutOfFoldPredictions:
    """Train a fresh head on all folds but one, ask it about that one, and so on.

    Each head is trained as the first ``fit`` of a new learner would be, on the view that each epoch
    would see; it judges plain views. Rows of one group share a fold; where there are no groups,
    rows of the same content do.

    Args:
        feeding: The training rows, through the frozen body. They are stored: k heads are cheap only
            on stored activations, and as many stored views as there are epochs give the bits that
            no store gives.
        new_head: What makes heads.
        settings: Of each fit.
        k: Number of folds.
        finds_rate: Look for the rate on the rows that train the first fold's head; all use it.
        device: Where heads are trained.
        quiet: Print nothing.

    Returns:
        Predictions of the training rows, in table order.
    """
    table = feeding.source.table
    rows = table.rows("train")
    folds = training_folds(feeding, units_of(feeding, rows), k, settings.seed)
    dealt = Folds(folds, targets_of(table).train, new_head, RowsOf(feeding, device))
    chances = np.zeros((len(rows), len(table.classes)))
    with kept_random_state():  # a head of the user's own may draw from any of them
        if finds_rate:
            settings = replace(settings, lrs=(dealt.found_rate(settings),))
        for held, found in dealt.probabilities(settings):
            chances[held] = found
    return predictions_of(feeding, chances, folds, quiet=quiet, lr=settings.lrs[0])


def cross_validated_logistic(
    feeding: Feeding,
    feature_parts: Mapping[str, Parts],
    balance: str | None,
    *,
    k: int,
    seed: int,
    device: torch.device,
    quiet: bool,
) -> OutOfFoldPredictions:
    """Choose and solve a logistic head on all folds but one, ask it about that one, and so on.

    Args:
        feeding: The training rows, through the frozen body; all its stored views train, the plain
            view is judged.
        feature_parts: What the pooled row consists of.
        balance: None, or how rare classes are heard.
        k: Number of folds.
        seed: Of the folds, and of those inside them that choose the penalty.
        device: Where it is solved.
        quiet: Print nothing.

    Returns:
        Predictions of the training rows, in table order.
    """
    table = feeding.source.table
    places = table.rows("train")
    units = units_of(feeding, places)
    folds = training_folds(feeding, units, k, seed)

    def rows_of(train: NDArray[np.int64]) -> HeadRows:
        return gathered_rows(
            feeding, places[train], some(units, train), feature_parts, balance,
            device=device, seed=seed + 1,
        )  # fmt: skip

    found, penalties = nested_out_of_fold(
        rows_of, feeding.rows(places), feature_parts, folds, device
    )  # fmt: skip
    return predictions_of(feeding, found, folds, quiet=quiet, penalties=penalties)


def training_folds(feeding: Feeding, units: Sequence[str], k: int, seed: int) -> NDArray[np.int64]:
    """The fold of each training row (N,); classes that no head can know are warned of."""
    table = feeding.source.table
    labels = table.labels[table.rows("train")]
    folds = draw_folds(units, labels, k, seed=seed)
    tell_unlearned(classes_in_one_fold(folds, labels, table.classes))
    return folds


def predictions_of(
    feeding: Feeding,
    found: NDArray[np.float64],
    folds: NDArray[np.int64],
    *,
    quiet: bool,
    **heads: Any,
) -> OutOfFoldPredictions:
    """Probabilities (N, K) of the training rows as predictions, which are said unless ``quiet``.

    Args:
        feeding: Whose rows.
        found: In table order.
        folds: (N,).
        quiet: Print nothing.
        **heads: ``lr`` or ``penalties`` of the folds' heads.
    """
    table = feeding.source.table
    rows = table.rows("train")
    names = tuple(table.names[row] for row in rows)
    made = OutOfFoldPredictions(
        names, found, table.labels[rows], table.classes, folds=folds, **heads
    )  # fmt: skip
    if not quiet:
        show_lines(made, is_error=True)
    return made


def check_no_epochs(**options: Any) -> None:
    """See that nothing is asked of logistic regression that only epochs have.

    Raises:
        SettingError: something is.
    """
    asked = [name for name, value in options.items() if value is not None and value != 0.0]
    if asked:
        raise SettingError(
            f"{' and '.join(asked)} cannot be set: the learner's head is logistic regression.",
            expected="k, balance and seed: it is solved, without a rate or epochs.",
            fix="leave it out, or cross-validate a learner whose head is the MLP.",
        )


class RowsOf:
    """(Positions that train, positions that are judged) → stored inputs."""

    def __init__(
        self, feeding: Feeding, device: torch.device, rows: NDArray[np.int64] | None = None
    ) -> None:
        """Compute the plain view of every row now, other views when an epoch wants them.

        Args:
            feeding: Where they come from.
            device: Where batches go.
            rows: Positions in the table; None is all training rows.
        """
        self.precompute, self.device = feeding.precompute, device
        if rows is None:
            rows = feeding.source.table.rows("train")
        self.space, self.plain = feeding.stored(rows)

        @cache  # asking for names looks every file up
        def keys(view: int) -> list[bytes]:
            return feeding.stored(rows, view)[1]

        self.keys = keys

    def __call__(self, train: NDArray[np.int64], held: NDArray[np.int64]) -> StoredInputs:
        """Batches of these rows."""

        def train_keys(epoch: int) -> list[bytes]:
            return some(self.keys(view_of_epoch(self.precompute, epoch)), train)

        return StoredInputs(self.space, train_keys, some(self.plain, held), self.device)


def some(keys: Sequence[Name], positions: NDArray[np.int64]) -> list[Name]:
    """The names at some positions."""
    return [keys[position] for position in positions]


def units_of(feeding: Feeding, rows: NDArray[np.int64]) -> list[str]:
    """What must stay in one fold, of some rows."""
    groups = feeding.source.table.groups
    named = None if groups is None else [groups[row] for row in rows]
    return fold_units(named, feeding.source.content_hashes(rows, feeding.activations.hashes))


def check_frozen(layers: Layers, *, has_moved: bool, what: str = "cross_validate") -> None:
    """See that the body is frozen, and has never been trained.

    Args:
        layers: Where the cut is.
        has_moved: Whether a fit has trained some of the body.
        what: What wants it so.

    Raises:
        SettingError: it is not so.
    """
    if has_moved:
        raise SettingError(
            "the body has been trained on the training rows, so no row is new to it: every fold "
            "would look better than new images will.",
            expected="a body that has not been trained in this learner.",
            fix=f"make a new learner, and call {what} before unfreeze() and fit().",
        )
    if layers.cut is not None:
        raise SettingError(
            f"the network is cut {layers.cut_name()}, and {what} trains heads only.",
            expected="a network that is frozen up to its head.",
            fix="call learn.freeze() first.",
        )


def tell_unlearned(classes: Sequence[str]) -> None:
    """Warn of classes that no head can know when it is asked about them."""
    if classes:
        warnings.warn(
            f"all training rows of {', '.join(classes)} are in one fold (there is one row, or one "
            "group), so the head that is asked about them has never seen the class.",
            stacklevel=5,
        )
