"""Inputs → probabilities and scores, a row's bits depending on nothing but the row."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.errors import TrainingError
from warmstart.metrics.evaluate import BriefScores, brief_scores
from warmstart.metrics.logits import mean_probabilities
from warmstart.ranks.modes import kept_modes
from warmstart.training.logistic_head import logistic_answers
from warmstart.training.objective import Inputs, Targets
from warmstart.training.precision import in_arithmetic

BLOCK_ROWS = 64  # every batch has this many rows, padded with zeros, so that the same kernel runs


def probabilities(
    module: nn.Module,
    inputs: Iterable[Tensor],
    *,
    is_multi_label: bool,
    temperature: float = 1.0,
    precision: str = "f32",
) -> NDArray[np.float64]:
    """Run a module in eval mode: what epochs are judged by is what a saved model answers.

    Args:
        module: Inputs, mostly activations, → logits (N, K); put into eval mode, and back as it was.
        inputs: Blocks of at most BLOCK_ROWS rows.
        is_multi_label: Sigmoid of each logit, instead of a softmax over the classes.
        temperature: What the logits are divided by; 1 changes no bit.
        precision: "f32" or "bf16".

    Returns:
        (N, K) in [0, 1].
    """
    logits = module_logits(module, inputs, precision)
    return mean_probabilities([logits], is_multi_label=is_multi_label, temperature=temperature)


def module_logits(
    module: nn.Module, inputs: Iterable[Tensor], precision: str = "f32"
) -> Iterator[NDArray[np.float64]]:
    """Logits (n, K) of each block, by the module in eval mode.

    Args:
        module: As in ``probabilities``.
        inputs: Blocks of at most BLOCK_ROWS rows.
        precision: "f32" or "bf16".
    """
    run = answering(module, precision)
    with kept_modes(module):
        module.eval()
        for block in inputs:  # made outside of inference mode, which a runner could not start in
            with torch.inference_mode():
                logits = run(block)
            yield logits


def answering(module: nn.Module, precision: str) -> Callable[[Tensor], NDArray[np.float64]]:
    """A module as a function of a block: a logistic head's is numpy's, which needs no torch."""
    logistic = logistic_answers(module) if precision == "f32" else None
    if logistic is not None:
        return lambda block: logistic.logits(block.numpy())
    run = in_arithmetic(module, precision)

    def logits(block: Tensor) -> NDArray[np.float64]:
        padded = block.new_zeros((BLOCK_ROWS, *block.shape[1:]))
        padded[: len(block)] = block
        return np.asarray(run(padded)[: len(block)].double().cpu().numpy())

    return logits


def highest_logits(module: nn.Module, inputs: Iterable[Tensor]) -> NDArray[np.float64]:
    """The highest logit of each row (N,), before any temperature.

    Args:
        module: As in ``probabilities``.
        inputs: Blocks of at most BLOCK_ROWS rows.
    """
    parts = [logits.max(axis=1) for logits in module_logits(module, inputs)]
    return np.concatenate(parts) if parts else np.empty(0)


def evaluate_valid(
    module: nn.Module, inputs: Inputs, targets: Targets, precision: str = "f32"
) -> BriefScores | None:
    """Judge on the validation rows.

    Args:
        module: What ``inputs.valid()`` enters; it ends in the mode that it was in.
        inputs: Whose ``valid`` rows are seen.
        targets: Their labels.
        precision: "f32" or "bf16".

    Returns:
        None where there is no validation row.
    """
    if not len(targets.valid):
        return None
    return evaluate_rows(module, inputs.valid(), targets.valid, precision)


def evaluate_rows(
    module: nn.Module, blocks: Iterable[Tensor], wanted: Tensor, precision: str = "f32"
) -> BriefScores:
    """Mean loss, accuracy and macro F1 of what a saved model would answer.

    Args:
        module: It ends in the mode that it was in.
        blocks: Inputs of all rows, in order, at most ``BLOCK_ROWS`` at a time.
        wanted: Their targets, one or more.
        precision: "f32" or "bf16".

    Raises:
        TrainingError: there are more or fewer inputs than targets.
    """
    found = probabilities(module, blocks, is_multi_label=wanted.ndim == 2, precision=precision)
    if len(found) != len(wanted):
        raise TrainingError(
            f"the inputs to judge by have {len(found)} rows, their labels {len(wanted)}.",
            expected="one label per row.",
            fix="build inputs and targets from the same table.",
        )
    return brief_scores(found, wanted.cpu().numpy().astype(np.int64))
