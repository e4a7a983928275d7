"""One backbone, tried on a learner's training rows."""

import time
from typing import Any

import numpy as np

from warmstart.activations.inputs import RenderedRows
from warmstart.comparison.backbones import BackboneTrial
from warmstart.learner.conv_learner import ConvLearner
from warmstart.training.head_card import LogisticHeadCard
from warmstart.training.logistic_head import build_logistic_head
from warmstart.training.state import module_state

TIMED_ROWS = 128


def try_backbone(
    learn: ConvLearner, k: int = 5, lrs: Any = None, cycle_len: int | None = None
) -> BackboneTrial:
    """Cross-validate heads on a learner's body, and measure what the backbone costs.

    Args:
        learn: Its backbone never trained; it gets a logistic head where nothing is said that only
            an MLP has.
        k: Number of folds.
        lrs: Rate of an MLP; None has it found.
        cycle_len: Epochs of an MLP.
    """
    fit: dict[str, Any] = {} if cycle_len is None else {"cycle_len": cycle_len}
    if lrs is None and cycle_len is None:
        parts = next(iter(learn.state.feature_parts.values()))
        head = LogisticHeadCard(learn.num_features, len(learn.data.classes), parts)
        learn.put_head(build_logistic_head(head, None), head)
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
    source, predictor = learn.state.source.for_networks, learn.predictor()
    rows = learn.data.table.rows("train")[:TIMED_ROWS]
    for _ in range(2):  # the first compiles, and brings the files into memory
        began = time.perf_counter()
        predictor.rows(RenderedRows(source, rows).render, len(rows))
    return (time.perf_counter() - began) / len(rows)
