"""Out-of-fold predictions of a learner's training rows."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from warmstart.activations.inputs import StoredInputs
from warmstart.activations.table_activations import SomeRows, StoredViews
from warmstart.data.folds import classes_in_one_fold, draw_folds, fold_units
from warmstart.errors import SettingError
from warmstart.heads.out_of_fold import Folds, HeadOf, heads_like
from warmstart.learner.fitting import choose_balance, fit_settings, with_balance
from warmstart.learner.head_rows import HeadRows, gathered_rows, nested_out_of_fold
from warmstart.learner.inputs import TableInputs, targets_of
from warmstart.learner.layers import Layers
from warmstart.learner.reading import read_inputs
from warmstart.learner.state import LearnerState
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.terminal.colour import show_lines
from warmstart.terminal.waiting import waiting, waits
from warmstart.training.head_card import LogisticHeadCard, Parts, read_head_card
from warmstart.training.randomness import kept_random_state
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

Name = TypeVar("Name", str, bytes)


@dataclass(frozen=True)
class CrossValidation:
    """What ``learn.cross_validate`` was asked, by the names of its arguments."""

    k: int
    lrs: Any
    schedule: Schedule
    wds: Any
    balance: str | None
    clip_norm: float | None
    label_smoothing: float
    mixup: float
    ema_decay: float | None
    seed: int | None


@waits("cross-validating heads")
def cross_validate(learn: LearnerState, plan: CrossValidation) -> OutOfFoldPredictions:
    """Predict each training row by a fresh head like the learner's, trained without its fold.

    Args:
        learn: The learner; it stays as it is.
        plan: How many folds, and how each head is trained.
    """
    check_frozen(learn.layers, has_moved=learn.has_moved_backbone)
    seed = learn.seed if plan.seed is None else plan.seed
    options: dict[str, Any] = {
        "clip_norm": plan.clip_norm,
        "label_smoothing": plan.label_smoothing,
        "mixup": plan.mixup,
        "ema_decay": plan.ema_decay,
    }
    card = None if learn.card.head is None else read_head_card(learn.card.head)
    if isinstance(card, LogisticHeadCard):
        check_no_epochs(lrs=plan.lrs, wds=plan.wds, **options)
        targets = targets_of(learn.data.table).train
        balance = choose_balance(plan.balance, targets, quiet=learn.quiet)
        return cross_validated_logistic(
            read_inputs(learn, ("train",), learn.precompute or True),
            learn.feature_parts,
            balance,
            k=plan.k,
            seed=seed,
            device=learn.device,
            quiet=learn.quiet,
        )
    settings = fit_settings(learn, 1.0 if plan.lrs is None else plan.lrs, plan.schedule, plan.wds)
    settings = replace(settings, first_epoch=0, fit_number=0, seed=seed, **options)
    settings = with_balance(learn, settings, plan.balance)
    return cross_validated(
        read_inputs(learn, ("train",), learn.precompute or plan.schedule.num_epochs),
        heads_like(learn.network.head, card, learn.device),
        settings,
        k=plan.k,
        finds_rate=plan.lrs is None,
        device=learn.device,
        quiet=learn.quiet,
    )


def cross_validated(
    inputs: TableInputs,
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
        inputs: The training rows, through the frozen backbone. They are stored: k heads are cheap
            only on stored activations, and as many stored views as there are epochs give the bits
            that no store gives.
        new_head: What makes heads.
        settings: Of each fit.
        k: Number of folds.
        finds_rate: Look for the rate on the rows that train the first fold's head; all use it.
        device: Where heads are trained.
        quiet: Print nothing.

    Returns:
        Predictions of the training rows, in table order.
    """
    table = inputs.source.table
    rows = table.rows("train")
    folds = training_folds(inputs, units_of(inputs, rows), k, settings.seed)
    dealt = Folds(folds, targets_of(table).train, new_head, RowsOf(inputs, device))
    probabilities = np.zeros((len(rows), len(table.classes)))
    with kept_random_state():  # a head of the user's own may draw from any of them
        if finds_rate:
            settings = replace(settings, lrs=(dealt.found_rate(settings),))
        with waiting("training heads", len(dealt), "heads") as wait:
            for held, found in dealt.probabilities(settings):
                probabilities[held] = found
                wait.advance()
    return predictions_of(inputs, probabilities, folds, quiet=quiet, lr=settings.lrs[0])


def cross_validated_logistic(
    inputs: TableInputs,
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
        inputs: The training rows, through the frozen backbone; all its stored views train, the
            plain view is judged.
        feature_parts: What the pooled row consists of.
        balance: None, or how rare classes are heard.
        k: Number of folds.
        seed: Of the folds, and of those inside them that choose the penalty.
        device: Where it is solved.
        quiet: Print nothing.

    Returns:
        Predictions of the training rows, in table order.
    """
    table = inputs.source.table
    places = table.rows("train")
    units = units_of(inputs, places)
    folds = training_folds(inputs, units, k, seed)
    streams = inputs.streams(len(places))

    def rows_of(train: NDArray[np.int64]) -> HeadRows:
        return gathered_rows(
            inputs, places[train], at_positions(units, train), feature_parts, balance,
            device=device, seed=seed + 1, streams=streams,
        )  # fmt: skip

    plain = inputs.stored_rows(places, (0,)) if streams else inputs.rows(places)
    found, penalties = nested_out_of_fold(rows_of, plain, feature_parts, folds, device)
    return predictions_of(inputs, found, folds, quiet=quiet, penalties=penalties)


def training_folds(
    inputs: TableInputs, units: Sequence[str], k: int, seed: int
) -> NDArray[np.int64]:
    """The fold of each training row (N,); classes that no head can know are warned of."""
    table = inputs.source.table
    labels = table.labels[table.rows("train")]
    folds = draw_folds(units, labels, k, seed=seed)
    warn_unlearned(classes_in_one_fold(folds, labels, table.classes))
    return folds


def predictions_of(
    inputs: TableInputs,
    found: NDArray[np.float64],
    folds: NDArray[np.int64],
    *,
    quiet: bool,
    **heads: Any,
) -> OutOfFoldPredictions:
    """Probabilities (N, K) of the training rows as predictions, which are said unless ``quiet``.

    Args:
        inputs: Whose rows.
        found: In table order.
        folds: (N,).
        quiet: Print nothing.
        **heads: ``lr`` or ``penalties`` of the folds' heads.
    """
    table = inputs.source.table
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
    """(Positions that train, positions that are evaluated) → stored inputs."""

    def __init__(
        self, inputs: TableInputs, device: torch.device, rows: NDArray[np.int64] | None = None
    ) -> None:
        """Compute the plain view of every row now, other views when an epoch wants them.

        Args:
            inputs: Where they come from.
            device: Where batches go.
            rows: Positions in the table; None is all training rows.
        """
        activations, source, self.device = inputs.activations, inputs.source, device
        if rows is None:
            rows = source.table.rows("train")
        self.namespace, self.plain = activations.stored(source, rows)
        self.views = StoredViews(activations, source, rows, inputs.precompute)

    def __call__(self, train: NDArray[np.int64], held: NDArray[np.int64]) -> StoredInputs:
        """Batches of these rows."""
        return StoredInputs(
            self.namespace, SomeRows(self.views, train), at_positions(self.plain, held), self.device
        )


def at_positions(keys: Sequence[Name], positions: NDArray[np.int64]) -> list[Name]:
    """The names at some positions."""
    return [keys[position] for position in positions]


def units_of(inputs: TableInputs, rows: NDArray[np.int64]) -> list[str]:
    """What must stay in one fold, of some rows."""
    groups = inputs.source.table.groups
    named = None if groups is None else [groups[row] for row in rows]
    return fold_units(named, inputs.source.content_hashes(rows, inputs.activations.hashes))


def check_frozen(layers: Layers, *, has_moved: bool, what: str = "cross_validate") -> None:
    """See that the backbone is frozen, and has never been trained.

    Args:
        layers: Where the cut is.
        has_moved: Whether a fit has trained some of the backbone.
        what: What wants it so.

    Raises:
        SettingError: it is not so.
    """
    if has_moved:
        raise SettingError(
            "the backbone has been trained on the training rows, so no row is new to it: every "
            "fold would look better than new images will.",
            expected="a backbone that has not been trained in this learner.",
            fix=f"make a new learner, and call {what} before unfreeze() and fit().",
        )
    if layers.cut is not None:
        raise SettingError(
            f"the network is cut {layers.cut_name()}, and {what} trains heads only.",
            expected="a network that is frozen up to its head.",
            fix="call learn.freeze() first.",
        )


def warn_unlearned(classes: Sequence[str]) -> None:
    """Warn of classes that no head can know when it is asked about them."""
    if classes:
        warnings.warn(
            f"all training rows of {', '.join(classes)} are in one fold (there is one row, or one "
            "group), so the head that is asked about them has never seen the class.",
            stacklevel=5,
        )
