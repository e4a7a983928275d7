"""Another head, other weights, other data: what else a learner has to forget then."""

from collections.abc import Mapping
from dataclasses import asdict, replace

import torch
from torch import Tensor, nn

from warmstart.classifier_data.arguments import check_outside_data
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.inference.assembly import frozen_settings
from warmstart.learner.layers import Layers
from warmstart.learner.matching import (
    check_same_task,
    check_weight_shapes,
    fit_to_other_size,
)
from warmstart.learner.snapshots import Snapshots
from warmstart.learner.state import LearnerState, forget_decision_rule, seen_through
from warmstart.training.head import check_head_shape
from warmstart.training.head_card import AnyHeadCard


def put_head(learn: LearnerState, head: nn.Module, card: AnyHeadCard | None) -> None:
    """Take another head.

    Args:
        learn: The learner.
        head: (N, D) → (N, K) logits.
        card: What it is built from; None for one of the user's own.
    """
    check_head_shape(head, learn.num_features, len(learn.data.classes))
    forget_decision_rule(learn, "the head is another")
    learn.network.head = head.to(learn.device).eval()
    learn.card = replace(learn.card, head=None if card is None else asdict(card))
    learn.snapshots = Snapshots(learn.network.head, None)
    learn.out_of_fold = None
    learn.history.begin_anew()


def put_weights(learn: LearnerState, tensors: Mapping[str, Tensor]) -> None:
    """Take other weights.

    Args:
        learn: The learner.
        tensors: By name, as ``learn.model.state_dict()`` gives them.
    """
    before = learn.model.state_dict()
    check_weight_shapes(tensors, before)
    moved = any(
        not torch.equal(tensor, tensors[name].to(tensor.device))
        for name, tensor in before.items()
        if not name.startswith("head.")
    )
    learn.model.load_state_dict(dict(tensors))
    if moved:
        learn.parts.forget(backbone_moved=True)


def set_data(learn: LearnerState, data: ImageClassifierData) -> None:
    """Go on with other images of the same classes: another size, another fold.

    Args:
        learn: The learner.
        data: Whatever was stored for it before is found again, nothing else is used.
    """
    check_same_task(learn.data, data)
    check_outside_data(data, cache_dir=learn.parts.cache_dir)
    size, cut = data.tfms.recipe.size, learn.layers.cut
    fit_to_other_size(learn.model.backbone, learn.layers.size, size)
    learn.layers = Layers(learn.network, size, learn.layers.num_groups)
    learn.layers.cut = cut
    learn.data = data
    learn.card = replace(learn.card, **seen_through(data.tfms))
    learn.parts.see_otherwise(frozen_settings(learn.card))
    learn.snapshots = Snapshots(learn.network.head, None)
    forget_decision_rule(learn, "the data is another")
    learn.history.begin_anew()
