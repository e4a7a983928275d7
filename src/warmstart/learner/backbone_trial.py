"""One backbone, tried on a learner's training rows."""

import time
from typing import Any

import numpy as np

from warmstart.activations.inputs import RenderedRows
from warmstart.comparison.backbones import BackboneTrial
from warmstart.learner.conv_learner import ConvLearner
from warmstart.training.state import module_state

TIMED_ROWS = 128


def try_backbone(learn: ConvLearner, k: int = 5, lrs: Any = None, **fit: Any) -> BackboneTrial:
    """Cross-validate heads on a learner's body, and measure what the backbone costs.

    Args:
        learn: Its backbone never trained; it stays as it is.
        k: Number of folds.
        lrs: Rate; None has it found.
        **fit: As in ``learn.cross_validate``.
    """
    predictions = learn.cross_validate(k, lrs, **fit)
    card = learn.state.parts.pooled().frozen.card
    return BackboneTrial(
        arch=learn.card.arch,
        predictions=predictions,
        seconds_per_1000=1000 * seconds_per_image(learn),
        weights_bytes=sum(t.nbytes for t in module_state(learn.model.backbone).values()),
        row_bytes=int(np.prod(card.shape)) * np.dtype(card.dtype).itemsize,
    )


def seconds_per_image(learn: ConvLearner) -> float:
    """From files to probabilities, measured on some training rows after a first pass over them."""
    source, predictor = learn.data.source, learn.predictor()
    rows = source.table.rows("train")[:TIMED_ROWS]
    for _ in range(2):  # the first compiles, and brings the files into memory
        began = time.perf_counter()
        predictor.rows(RenderedRows(source, rows).render, len(rows))
    return (time.perf_counter() - began) / len(rows)
