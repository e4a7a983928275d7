"""``fit_head``: the rows of a learner → the head that suits them, and a record of why."""

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from warmstart.backbones.pooling import pooled_parts
from warmstart.heads.fresh import heads_like
from warmstart.heads.out_of_fold import Folds
from warmstart.learner.cross_validation import RowsOf, units_of
from warmstart.learner.feeding import Feeding, targets_of
from warmstart.learner.head_fitting import (
    MLP_DECAY,
    MLP_ROWS,
    HeadCheckpoint,
    HeadRows,
    built_head,
    chosen_logistic,
    fold_loss,
    gathered_rows,
    mean_out_of_fold,
    mlp_card,
    mlp_epochs,
    mlp_trial,
    train_loss,
)
from warmstart.learner.learner_state import LearnerState
from warmstart.results.head_fit import HeadFit, HeadTrial
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.terminal.epochs import print_head_fit
from warmstart.training.batches_head import batch_settings
from warmstart.training.head import build_head
from warmstart.training.head_choice import LogisticChoice
from warmstart.training.logistic_head import LogisticHeadCard
from warmstart.training.loop import fit as fit_module
from warmstart.training.lr_finder import kept_random_state
from warmstart.training.objective import evaluate
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

TrainMLP = Callable[[float, int], Any]
"""Train the learner's head with a rate, for so many epochs."""


def fit_head(
    learn: LearnerState,
    head: str,
    balance: str | None,
    checkpoint: Path | None,
    train_mlp: TrainMLP,
) -> HeadFit:
    """Fit, record, say.

    Args:
        learn: Whose body is frozen.
        head: "auto" or "logistic".
        balance: None, or how rare classes are heard.
        checkpoint: A folder, if a fit that was finished is not to be done again.
        train_mlp: Trains the learner's head, if "auto" prefers the MLP.

    Returns:
        What was tried and kept.
    """
    began = time.perf_counter()
    feeding = learn.prepared(("train", "valid"))
    table = feeding.source.table
    places, _ = learn.held_back.parted(table)
    rows = learner_rows(learn, feeding, places, balance)
    point = HeadCheckpoint(
        Path() if checkpoint is None else checkpoint / f"fit-{learn.num_fits}.safetensors",
        {"head": head, "inputs": feeding.name(), "seed": learn.seed, "opt": learn.opt},
        rows,
    )
    saved = None if checkpoint is None else point.load()
    if saved is not None:
        record = HeadFit.from_json(saved[1]["record"])
        found, card = saved[0]["out_of_fold"].numpy(), LogisticHeadCard.from_json(saved[1]["card"])
        module: nn.Module = build_head(card)
        module.load_state_dict({k: v for k, v in saved[0].items() if k != "out_of_fold"})
    else:
        choice = chosen_logistic(rows, feature_parts_of(learn), learn.device)
        module, card = built_head(choice, rows)
        if choice.weights is None:
            train_on_batches(learn, module, card, feeding, choice)
        record, rate = compared(learn, feeding, rows, choice, head)
        record = judged(learn, module, feeding, rows, record, began)
        found = mean_out_of_fold(choice, rows)
        if checkpoint is not None:
            tensors = module.state_dict() | {"out_of_fold": torch.from_numpy(found)}
            point.save(tensors, {"record": asdict(record), "card": asdict(card), "rate": rate})
    if record.head == "mlp":
        rate = saved[1]["rate"] if saved is not None else rate
        mlp = mlp_card(learn.card.head, card.num_features, card.num_classes)
        learn.put_head(build_head(mlp, seed=learn.seed), mlp)
    else:
        learn.put_head(module, card)
        learn.out_of_fold = out_of_fold_of(learn, rows, places, found, record)
    learn.history.head_fits.append(record)
    learn.num_fits += 1
    if not learn.quiet:
        print_head_fit(record)
    if record.head == "mlp":
        train_mlp(rate, mlp_epochs(rows.num_pictures, learn.data.bs))
    return record


def learner_rows(
    learn: LearnerState, feeding: Feeding, places: NDArray[np.int64], balance: str | None
) -> HeadRows:
    """Training rows as the solver wants them.

    Args:
        learn: Whose.
        feeding: Where activations come from.
        places: Positions of the rows in the table.
        balance: None, "weights" or "sampler".
    """
    return gathered_rows(
        feeding,
        places,
        units_of(feeding, places),
        feature_parts_of(learn),
        balance,
        device=learn.device,
        seed=learn.seed,
    )


def feature_parts_of(learn: LearnerState) -> dict[str, tuple[tuple[int, int], ...]]:
    """What a learner's pooled row consists of."""
    return pooled_parts(learn.model.pool, learn.num_features)


def compared(
    learn: LearnerState, feeding: Feeding, rows: HeadRows, choice: LogisticChoice, head: str
) -> tuple[HeadFit, float]:
    """Which head stays, and the rate of the MLP if it was tried.

    Returns:
        A record without the losses at its end.
    """
    record = HeadFit(
        fit=learn.num_fits,
        head="logistic",
        features=choice.features,
        penalty=choice.penalty,
        num_rows=rows.num_pictures,
        num_views=rows.num_views,
        num_folds=choice.num_folds,
        reason=choice.reason,
        trials=choice.trials,
        train_loss=None,
        valid_loss=None,
        valid_accuracy=None,
        seconds=0.0,
    )
    if head == "logistic" or rows.num_pictures < MLP_ROWS or choice.num_folds == 0:
        return record, 0.0
    rate, trial = tried_mlp(learn, feeding, rows)
    loss = fold_loss(choice, rows, 0)
    trials = (*choice.trials, trial)
    told = (
        f"on {trial.num_judged} training rows that trained neither, the loss of the MLP is "
        f"{trial.loss:.4f}, of logistic regression {loss:.4f}"
    )
    if trial.loss < loss:
        return replace(
            record, head="mlp", features=trial.features, penalty=None, reason=told, trials=trials
        ), rate
    return replace(record, reason=f"{record.reason}; {told}", trials=trials), rate


def tried_mlp(learn: LearnerState, feeding: Feeding, rows: HeadRows) -> tuple[float, HeadTrial]:
    """Rate and loss of an MLP on the fold that logistic regression was judged by, too."""
    table = feeding.source.table
    places, _ = learn.held_back.parted(table)
    settings = FitSettings(
        lrs=(1.0,),
        schedule=Schedule(1, mlp_epochs(rows.num_pictures, learn.data.bs)),
        batch_size=learn.data.bs,
        opt=learn.opt,
        weight_decays=(MLP_DECAY,),
        seed=learn.seed,
    )
    card = mlp_card(learn.card.head, learn.num_features, rows.num_classes)
    folds = np.where(rows.folds[: rows.num_pictures] == 0, 0, 1)
    dealt = Folds(
        folds,
        targets_of(table, learn.held_back).train,
        heads_like(learn.model.head, card, learn.device),
        RowsOf(feeding, learn.device, places),
    )
    with kept_random_state():
        return mlp_trial(dealt, settings)


def train_on_batches(
    learn: LearnerState,
    module: nn.Module,
    card: LogisticHeadCard,
    feeding: Feeding,
    choice: LogisticChoice,
) -> None:
    """Train a head that is too large to be solved."""
    module.to(learn.device)
    targets = targets_of(feeding.source.table, learn.held_back)
    settings = replace(
        batch_settings(
            card,
            choice.penalty,
            len(targets.train),
            is_multi_label=targets.train.ndim == 2,
            seed=learn.seed,
        ),
        first_epoch=learn.num_epochs,
    )
    inputs = feeding.inputs(learn.device)
    fit_module(module, [list(module.parameters())], inputs, targets, settings)


def judged(
    learn: LearnerState,
    module: nn.Module,
    feeding: Feeding,
    rows: HeadRows,
    record: HeadFit,
    began: float,
) -> HeadFit:
    """The record with losses of a logistic head; an MLP's are in its epochs."""
    seconds = time.perf_counter() - began
    if record.head != "logistic":
        return replace(record, seconds=seconds)
    module.to(learn.device).eval()
    targets = targets_of(feeding.source.table, learn.held_back)
    on_valid = evaluate(module, feeding.inputs(learn.device), targets)
    return replace(
        record,
        train_loss=train_loss(module, rows),
        valid_loss=None if on_valid is None else on_valid.loss,
        valid_accuracy=None if on_valid is None else on_valid.accuracy,
        seconds=seconds,
    )


def out_of_fold_of(
    learn: LearnerState,
    rows: HeadRows,
    places: NDArray[np.int64],
    found: NDArray[np.float64],
    record: HeadFit,
) -> OutOfFoldPredictions | None:
    """Predictions of the training rows that judged, None where none did."""
    judges = np.flatnonzero(np.isfinite(found).all(axis=1))
    if not len(judges):
        return None
    table = learn.data.table
    return OutOfFoldPredictions(
        tuple(table.names[row] for row in places[judges]),
        found[judges],
        table.labels[places[judges]],
        table.classes,
        chosen_on_these=("the penalty of the head",),
        folds=rows.folds[: rows.num_pictures][judges],
        penalties=() if record.penalty is None else (record.penalty,),
    )
