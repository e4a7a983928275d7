"""Activations → probabilities, a row's bits depending on nothing but the row."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

BLOCK_ROWS = 64  # every batch has this many rows, padded with zeros, so that the same kernel runs


def probabilities(
    head: nn.Module,
    inputs: Iterable[Tensor],
    *,
    is_multi_label: bool,
    temperature: float = 1.0,
) -> NDArray[np.float64]:
    """Run the head in eval mode.

    Args:
        head: Activations → logits (N, K).
        inputs: Blocks of at most BLOCK_ROWS rows.
        is_multi_label: Sigmoid of each logit, instead of a softmax over the classes.
        temperature: What the logits are divided by; 1 changes no bit.

    Returns:
        (N, K) in [0, 1].
    """
    was_training = head.training
    head.eval()
    parts = []
    try:
        with torch.inference_mode():
            for block in inputs:
                padded = block.new_zeros((BLOCK_ROWS, *block.shape[1:]))
                padded[: len(block)] = block
                logits = head(padded)[: len(block)].double() / temperature
                chances = logits.sigmoid() if is_multi_label else logits.softmax(dim=1)
                parts.append(chances.cpu().numpy())
    finally:
        head.train(was_training)
    return np.concatenate(parts) if parts else np.empty((0, 0))
