"""Inputs → probabilities and scores, a row's bits depending on nothing but the row."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.errors import DivergedError, TrainingError
from warmstart.metrics.evaluate import BriefScores, brief_scores
from warmstart.training.objective import Inputs, Targets
from warmstart.training.precision import in_arithmetic
from warmstart.training.state import kept_modes

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
    return mean_logit_probabilities(
        [module],
        [inputs],
        is_multi_label=is_multi_label,
        temperature=temperature,
        precision=precision,
    )


def mean_logit_probabilities(
    modules: Sequence[nn.Module],
    inputs: Sequence[Iterable[Tensor]],
    *,
    is_multi_label: bool,
    temperature: float = 1.0,
    precision: str = "f32",
) -> NDArray[np.float64]:
    """Likewise of the mean of several modules' logits; of one it has the same bits.

    Args:
        modules: Each as in ``probabilities``.
        inputs: Of each, blocks of the same rows.
        is_multi_label: Sigmoid of each logit, instead of a softmax over the classes.
        temperature: What the mean is divided by.
        precision: "f32" or "bf16".

    Returns:
        (N, K) in [0, 1].

    Raises:
        DivergedError: a network gives something that is no finite number.
    """
    runs, parts = [in_arithmetic(module, precision) for module in modules], []
    with ExitStack() as kept:
        for module in modules:
            kept.enter_context(kept_modes(module))
            module.eval()
        for blocks in zip(*inputs, strict=True):  # made outside of inference mode, which a runner
            with torch.inference_mode():  # could not start in
                logits = [logits_of_block(*pair) for pair in zip(runs, blocks, strict=True)]
                mean = torch.stack(logits).mean(dim=0) / temperature
                answers = mean.sigmoid() if is_multi_label else mean.softmax(dim=1)
                parts.append(answers.cpu().numpy())
    found = np.concatenate(parts) if parts else np.empty((0, 0))
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
        raise DivergedError(
            f"the network's answers are no numbers, first in row {row} of {len(found)}.",
            expected="weights that give finite answers.",
            fix="train again, with a smaller rate.",
        )
    return found


def highest_logits(module: nn.Module, inputs: Iterable[Tensor]) -> NDArray[np.float64]:
    """The highest logit of each row (N,), before any temperature.

    Args:
        module: As in ``probabilities``.
        inputs: Blocks of at most BLOCK_ROWS rows.
    """
    run, parts = in_arithmetic(module, "f32"), []
    with kept_modes(module):
        module.eval()
        for block in inputs:
            with torch.inference_mode():
                parts.append(logits_of_block(run, block).amax(dim=1).cpu().numpy())
    return np.concatenate(parts) if parts else np.empty(0)


def logits_of_block(run: Callable[[Tensor], Tensor], block: Tensor) -> Tensor:
    """Logits (n, K) of a block of rows, in float64."""
    padded = block.new_zeros((BLOCK_ROWS, *block.shape[1:]))
    padded[: len(block)] = block
    return run(padded)[: len(block)].double()


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
