"""``fit_head``: the rows of a learner → the head that suits them, and a record of why."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from warmstart.callbacks.events import Callback
from warmstart.files.strict import convert
from warmstart.heads.out_of_fold import Folds, heads_like
from warmstart.learner.cross_validation import RowsOf, units_of
from warmstart.learner.decision import keep_sets
from warmstart.learner.fitting import FitPlan, choose_balance, fit_settings, fit_tail
from warmstart.learner.head_checkpoint import FittedHead, HeadCheckpoint, kept_streaming
from warmstart.learner.head_rows import (
    HeadRows,
    built_head,
    chosen_logistic,
    gathered_rows,
    mean_out_of_fold,
)
from warmstart.learner.inputs import TableInputs, targets_of
from warmstart.learner.reading import read_inputs, remember_images
from warmstart.learner.replacing import put_head
from warmstart.learner.row_blocks import blocks_of
from warmstart.learner.state import LearnerState
from warmstart.metrics.temperature import logits_of
from warmstart.results.head_fit import HeadFit, HeadTrial
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.terminal.epochs import print_head_fit
from warmstart.terminal.waiting import waits
from warmstart.training.balance import balanced
from warmstart.training.head import build_head
from warmstart.training.head_card import MLP_DECAY, HeadCard, LogisticHeadCard, Parts, mlp_epochs
from warmstart.training.head_choice import LogisticChoice, trial_of
from warmstart.training.logistic_head import batch_settings
from warmstart.training.loop import fit as fit_module
from warmstart.training.probabilities import BLOCK_ROWS, evaluate_rows, evaluate_valid
from warmstart.training.randomness import kept_random_state
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

MLP_ROWS = 2000  # training rows from which on "auto" tries the MLP as well (docs/experiments.md)


@waits("fitting the head")
def fit_head(
    learn: LearnerState,
    head: str,
    balance: str | None,
    checkpoint: Path | None,
    callbacks: Sequence[Callback] = (),
) -> HeadFit:
    """Fit, record, say.

    Args:
        learn: Whose body is frozen.
        head: "auto" or "logistic".
        balance: "auto", None, or how rare classes are heard.
        checkpoint: A folder, if a fit that was finished is not to be done again.
        callbacks: Who is told of the MLP's steps, if that is kept.

    Returns:
        What was tried and kept.
    """
    targets = targets_of(learn.data.table, learn.holdout).train
    balance = choose_balance(balance, targets, quiet=learn.quiet)
    inputs = read_inputs(learn, ("train", "valid"))
    remember_images(learn, inputs)
    places, _ = learn.holdout.split(inputs.source.table)
    feature_parts = learn.feature_parts
    streams = inputs.streams(len(places))
    if checkpoint is not None:
        streams = kept_streaming(checkpoint / f"fit-{learn.num_fits}-rows.safetensors", streams)
    rows = gathered_rows(
        inputs,
        places,
        units_of(inputs, places),
        feature_parts,
        balance,
        device=learn.device,
        seed=learn.seed,
        streams=streams,
    )
    if checkpoint is None:
        fitted = solved(learn, inputs, rows, feature_parts, head, balance)
    else:
        settings = {"head": head, "inputs": inputs.name(), "seed": learn.seed, "opt": learn.opt}
        point = HeadCheckpoint(checkpoint / f"fit-{learn.num_fits}.safetensors", settings, rows)
        found = point.load()
        fitted = found or solved(learn, inputs, rows, feature_parts, head, balance)
        if found is None:
            point.save(fitted)
    record = fitted.record
    if record.head == "mlp":
        mlp = mlp_card(learn.card.head, fitted.card.num_features, fitted.card.num_classes)
        put_head(learn, build_head(mlp, seed=learn.seed), mlp)
    else:
        put_head(learn, fitted.module, fitted.card)
        learn.out_of_fold = out_of_fold_of(learn, rows, places, fitted)
        if learn.out_of_fold is not None and not learn.out_of_fold.is_multi_label:
            keep_sets(learn, learn.out_of_fold)
    learn.history.head_fits.append(record)
    learn.num_fits += 1
    if not learn.quiet:
        print_head_fit(record)
    if record.head == "mlp":
        schedule = Schedule(1, mlp_epochs(rows.num_pictures, learn.data.bs))
        plan = fit_settings(learn, fitted.rate, schedule, MLP_DECAY)
        fit_tail(learn, plan, FitPlan(balance=balance, checkpoint=checkpoint, callbacks=callbacks))
    return record


def solved(
    learn: LearnerState,
    inputs: TableInputs,
    rows: HeadRows,
    feature_parts: Mapping[str, Parts],
    head: str,
    balance: str | None,
) -> FittedHead:
    """The logistic head, and whether the MLP is better.

    Args:
        learn: Whose body it is for; it stays as it is.
        inputs: Where activations come from.
        rows: Those that train.
        feature_parts: What the pooled row consists of.
        head: "auto" or "logistic".
        balance: None, or how rare classes are heard.
    """
    began = time.perf_counter()
    choice = chosen_logistic(rows, feature_parts, learn.device)
    module, card = built_head(choice, rows)
    module.to(learn.device)
    if choice.weights is None:
        train_on_batches(learn, module, card, inputs, choice, balance)
    module.eval()
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
        is_streamed=not isinstance(rows.activations, np.ndarray),
    )
    rate = 0.0
    if head == "auto" and rows.num_pictures >= MLP_ROWS and choice.num_folds:
        rate, trial = tried_mlp(learn, inputs, rows, balance)
        record = with_mlp(record, trial, fold_loss(choice, rows, 0))
    seconds = time.perf_counter() - began
    if record.head == "logistic":  # an MLP's losses are in its epochs
        record = with_losses(record, module, learn, inputs, rows)
    return FittedHead(
        module, card, mean_out_of_fold(choice, rows), replace(record, seconds=seconds), rate
    )


def with_mlp(record: HeadFit, trial: HeadTrial, loss: float) -> HeadFit:
    """The record of a logistic head, compared with an MLP.

    Args:
        record: Of the logistic head.
        trial: Of the MLP, on one fold.
        loss: Of the logistic head that did not see that fold.
    """
    trials = (*record.trials, trial)
    told = (
        f"on {trial.num_judged} training rows that trained neither, the loss of the MLP is "
        f"{trial.loss:.4f}, of logistic regression {loss:.4f}"
    )
    if trial.loss >= loss:
        return replace(record, reason=f"{record.reason}; {told}", trials=trials)
    return replace(
        record, head="mlp", features=trial.features, penalty=None, reason=told, trials=trials
    )


def with_losses(
    record: HeadFit, module: nn.Module, learn: LearnerState, inputs: TableInputs, rows: HeadRows
) -> HeadFit:
    """The record with what the head loses on its training rows, and on valid."""
    targets = targets_of(inputs.source.table, learn.holdout)
    on_valid = evaluate_valid(module, inputs.batches(learn.device), targets)
    blocks = blocks_of(rows.activations, BLOCK_ROWS)
    wanted = torch.cat([targets.train] * rows.num_views)
    on_train = evaluate_rows(module, (block.to(learn.device) for block in blocks), wanted)
    return replace(
        record,
        train_loss=on_train.loss,
        valid_loss=None if on_valid is None else on_valid.loss,
        valid_accuracy=None if on_valid is None else on_valid.accuracy,
    )


def tried_mlp(
    learn: LearnerState, inputs: TableInputs, rows: HeadRows, balance: str | None
) -> tuple[float, HeadTrial]:
    """Train an MLP on all folds but the first, and ask it about that.

    Returns:
        Its rate, which was found, and how it went.
    """
    table = inputs.source.table
    places, _ = learn.holdout.split(table)
    targets = targets_of(table, learn.holdout).train
    settings = FitSettings(
        lrs=(1.0,),
        schedule=Schedule(1, mlp_epochs(rows.num_pictures, learn.data.bs)),
        batch_size=learn.data.bs,
        opt=learn.opt,
        weight_decays=(MLP_DECAY,),
        seed=learn.seed,
    )
    settings = balanced(settings, balance, targets)
    card = mlp_card(learn.card.head, learn.num_features, rows.num_classes)
    folds = np.where(rows.folds[: rows.num_pictures] == 0, 0, 1)
    new_head = heads_like(learn.network.head, card, learn.device)
    dealt = Folds(folds, targets, new_head, RowsOf(inputs, learn.device, places))
    with kept_random_state():
        rate = dealt.found_rate(settings)
        held, found = dealt.probabilities_of(0, replace(settings, lrs=(rate,)))
    wanted = table.labels[places[held]]
    logits = logits_of(found, is_multi_label=wanted.ndim == 2)
    return rate, trial_of("mlp", "whole row", None, logits, wanted)


def fold_loss(choice: LogisticChoice, rows: HeadRows, fold: int) -> float:
    """Mean loss of one fold's rows by the logistic head that did not see them."""
    held = rows.folds == fold
    logits, targets = choice.out_of_fold[held], rows.targets[held]
    return trial_of("logistic", choice.features, choice.penalty, logits, targets).loss


def mlp_card(card: Mapping[str, Any] | None, num_features: int, num_classes: int) -> HeadCard:
    """The MLP that the learner has, or the standard one."""
    if card is not None and "sizes" in card:
        return convert(dict(card), HeadCard, "the head's card")
    return HeadCard(num_features, num_classes)


def train_on_batches(
    learn: LearnerState,
    module: nn.Module,
    card: LogisticHeadCard,
    inputs: TableInputs,
    choice: LogisticChoice,
    balance: str | None,
) -> None:
    """Train a head that is too large to be solved."""
    targets = targets_of(inputs.source.table, learn.holdout)
    settings = batch_settings(
        card,
        choice.penalty,
        len(targets.train),
        is_multi_label=targets.is_multi_label,
        seed=learn.seed,
    )
    settings = replace(settings, first_epoch=learn.num_epochs)
    fit_module(
        module,
        [list(module.parameters())],
        inputs.batches(learn.device),
        targets,
        balanced(settings, balance, targets.train),
    )


def out_of_fold_of(
    learn: LearnerState, rows: HeadRows, places: NDArray[np.int64], fitted: FittedHead
) -> OutOfFoldPredictions | None:
    """Predictions of the training rows that judged, None where none did."""
    found, penalty = fitted.out_of_fold, fitted.record.penalty
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
        penalties=() if penalty is None else (penalty,),
    )
