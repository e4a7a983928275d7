"""Inputs → probabilities, a row's bits depending on nothing but the row."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.errors import DivergedError
from warmstart.training.arithmetic import in_arithmetic
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

    Raises:
        DivergedError: the network gives something that is no finite number.
    """
    run, parts = in_arithmetic(module, precision), []
    with kept_modes(module):
        module.eval()
        for block in inputs:  # made outside of inference mode, which a runner could not start in
            with torch.inference_mode():
                padded = block.new_zeros((BLOCK_ROWS, *block.shape[1:]))
                padded[: len(block)] = block
                logits = run(padded)[: len(block)].double() / temperature
                chances = logits.sigmoid() if is_multi_label else logits.softmax(dim=1)
                parts.append(chances.cpu().numpy())
    found = np.concatenate(parts) if parts else np.empty((0, 0))
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
        raise DivergedError(
            f"the network's answers are no numbers, first in row {row} of {len(found)}.",
            expected="weights that give finite answers.",
            fix="train again, with a smaller rate.",
        )
    return found
