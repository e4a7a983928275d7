"""How a learner fits its head without epochs: rows in, a head and what was tried out."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.data.folds import draw_folds
from warmstart.errors import SettingError, TrainingError
from warmstart.evaluation.calibration import probabilities_of, row_losses
from warmstart.heads.out_of_fold import Folds
from warmstart.learner.feeding import Feeding
from warmstart.results.head_fit import HEADS, HeadTrial
from warmstart.training.balance import class_weights
from warmstart.training.head import HeadCard
from warmstart.training.head_choice import (
    NUM_FOLDS,
    LogisticChoice,
    choose_logistic,
    num_useful_folds,
)
from warmstart.training.logistic_head import (
    LogisticHeadCard,
    Parts,
    build_logistic_head,
    num_columns,
)
from warmstart.training.sealed import read_sealed, write_sealed
from warmstart.training.settings import FitSettings

FORMAT = "warmstart-head-1"
FEWEST_UNITS = 3  # as draw_folds wants them
MLP_ROWS = 2000  # training rows from which on "auto" tries the MLP as well (docs/experiments.md)
MLP_STEPS = 200  # that an MLP takes at least where nobody gives epochs
MLP_EPOCHS = 4  # likewise
MLP_DECAY = 0.03  # weight decay of such an MLP, as SGD has it: of 0 to 0.1 the lowest loss


@dataclass(frozen=True, eq=False)
class HeadRows:
    """Training rows, view after view: activations (V · N, D), targets and folds alike.

    ``weights`` say how much each row's loss counts. All views of a picture are in one fold; -1 is
    the fold of rows that judge none.
    """

    activations: NDArray[np.float32]
    targets: NDArray[np.int64]
    folds: NDArray[np.int64]
    weights: NDArray[np.float64]
    num_views: int
    num_classes: int

    @property
    def num_pictures(self) -> int:
        """N."""
        return len(self.targets) // self.num_views


def check_head(head: object, allowed: tuple[str, ...] = ("auto", *HEADS)) -> None:
    """See that there is such a head.

    Raises:
        SettingError: there is not.
    """
    if head not in allowed:
        listed = ", ".join(f'"{name}"' for name in allowed)
        raise SettingError(
            f"head={head!r} is unknown.",
            expected=f"one of {listed}.",
            fix='pass head="auto".',
            flags=("--head", "auto"),
        )


def mlp_epochs(num_rows: int, batch_size: int) -> int:
    """Epochs of an MLP where nobody gives them: at least ``MLP_STEPS`` steps, however few rows."""
    steps = max(1, num_rows // batch_size)
    return max(MLP_EPOCHS, -(-MLP_STEPS // steps))


def picture_folds(
    units: Sequence[str], labels: NDArray[np.int64], work: tuple[int, int], *, seed: int
) -> NDArray[np.int64]:
    """Which fold each picture (N,) judges; -1 where it judges none.

    Args:
        units: (N,) rows of one unit share a fold.
        labels: (N,), or (N, K).
        work: Rows, views included, and weights of a head that is solved for them.
        seed: Of the folds.
    """
    useful, num_units = num_useful_folds(*work), len(set(units))
    if num_units < FEWEST_UNITS or useful == 0:
        return np.full(len(units), -1)
    folds = draw_folds(units, labels, min(NUM_FOLDS, num_units), seed=seed)
    return folds if useful > 1 else np.where(folds == 0, 0, -1)


def gathered_rows(
    feeding: Feeding,
    rows: NDArray[np.int64],
    units: Sequence[str],
    feature_parts: Mapping[str, Parts],
    balance: str | None,
    *,
    device: torch.device,
    seed: int,
) -> HeadRows:
    """Activations of training rows, and everything about them that the solver is told.

    Args:
        feeding: Where they come from.
        rows: Positions in the table.
        units: (N,) what must stay in one fold.
        feature_parts: What the pooled row consists of.
        balance: None, or how rare classes are heard: both ways are weights here, since drawing a
            row twice and counting it twice is the same.
        device: Where the frozen part runs.
        seed: Of the folds.
    """
    table = feeding.source.table
    labels, num_views = table.labels[rows], len(feeding.head_views)
    activations = feeding.head_rows(rows, device)
    num_used = num_columns(next(iter(feature_parts.values())))
    work = (len(activations), num_used * len(table.classes))
    folds = picture_folds(units, labels, work, seed=seed)
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


def train_loss(head: nn.Module, rows: HeadRows) -> float:
    """Mean loss of the rows that were trained on, each counting alike."""
    place = next(head.parameters()).device
    with torch.inference_mode():
        parts = torch.split(torch.from_numpy(rows.activations), 8192)
        logits = torch.cat([head(part.to(place)).double().cpu() for part in parts]).numpy()
    return float(row_losses(logits, rows.targets).mean())


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
    plain: NDArray[np.float32],
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
    for fold in range(int(folds.max()) + 1):
        rows = rows_of(np.flatnonzero(folds != fold))
        choice = chosen_logistic(rows, feature_parts, device)
        penalties.append(choice.penalty)
        head, _ = built_head(choice, rows)
        with torch.inference_mode():
            logits = head(torch.from_numpy(plain[folds == fold])).double().numpy()
        found.append(probabilities_of(logits, is_multi_label=rows.targets.ndim == 2))
    back = np.argsort(np.argsort(folds, kind="stable"), kind="stable")
    return np.concatenate(found)[back], tuple(penalties)


def mlp_trial(dealt: Folds, settings: FitSettings) -> tuple[float, HeadTrial]:
    """Train an MLP on all folds but the first, and ask it about that.

    Args:
        dealt: The training rows.
        settings: Of the fit; its rate is found.

    Returns:
        The rate, and how it went.
    """
    rate = dealt.found_rate(settings)
    held, found = dealt.probabilities_of(0, replace(settings, lrs=(rate,)))
    wanted = dealt.targets.numpy()[held]
    with np.errstate(divide="ignore"):
        if wanted.ndim == 2:
            losses = -np.where(wanted == 1, np.log(found), np.log1p(-found)).mean(axis=1)
            right = ((found > 0.5) == (wanted == 1)).all(axis=1)
        else:
            losses = -np.log(found[np.arange(len(wanted)), wanted])
            right = found.argmax(axis=1) == wanted
    return rate, HeadTrial(
        "mlp", "whole row", None, float(losses.mean()), float(right.mean()), len(held)
    )


def fold_loss(choice: LogisticChoice, rows: HeadRows, fold: int) -> float:
    """Mean loss of one fold's rows by the logistic head that did not see them."""
    judged = (rows.folds == fold) & np.isfinite(choice.out_of_fold).all(axis=1)
    return float(row_losses(choice.out_of_fold[judged], rows.targets[judged]).mean())


def mlp_card(card: Mapping[str, Any] | None, num_features: int, num_classes: int) -> HeadCard:
    """The MLP that the learner has, or the standard one."""
    if card is not None and "sizes" in card:
        return HeadCard.from_json(card)
    return HeadCard(num_features, num_classes)


class HeadCheckpoint:
    """A head that was fitted, so that it need not be fitted again after a stop."""

    def __init__(self, path: Path, settings: Mapping[str, Any], rows: HeadRows | None) -> None:
        """Say where, and what it depends on."""
        digest = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode())
        if rows is not None:
            for values in (rows.targets, rows.folds, rows.weights):
                digest.update(np.ascontiguousarray(values).tobytes())
        self.path, self.identity = path, digest.hexdigest()

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Tensors and card, None where nothing was written.

        Raises:
            TrainingError: another fit's, or damaged.
        """
        if not self.path.exists():
            return None
        tensors, card = read_sealed(self.path)
        if card.get("format") != FORMAT or card.get("identity") != self.identity:
            raise TrainingError(
                f"{self.path} belongs to another fit: its data or settings differ.",
                expected="the same arguments and data as when the checkpoint was written.",
                fix=f"use another folder, or delete this one: rm -r {self.path.parent}",
            )
        return tensors, card

    def save(self, tensors: Mapping[str, Tensor], card: Mapping[str, Any]) -> None:
        """Write, fsync, rename."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_sealed(self.path, tensors, {"format": FORMAT, "identity": self.identity, **card})
