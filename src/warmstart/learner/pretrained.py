"""A new learner: built of its plan, or of what an earlier run has kept of such a backbone."""

from pathlib import Path

from warmstart.activations.frozen_part import FrozenSettings, resolve_device
from warmstart.backbones.card import backbone_card, name_of
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.inference.assembly import NetworkPlan
from warmstart.inference.graph_memory import graph_store
from warmstart.inference.known_backbone import is_graph, remember_backbone
from warmstart.learner.network import planned_network
from warmstart.learner.state import LearnerState, new_card, new_state


def pretrained_state(
    plan: NetworkPlan,
    data: ImageClassifierData,
    *,
    opt: str,
    device: str,
    precision: str,
    train_precision: str,
    cache_dir: Path,
    num_groups: int,
    quiet: bool,
) -> LearnerState:
    """A learner whose backbone is frozen, and whose head is new.

    Args:
        plan: What its network is made of.
        data: What it learns from; its transforms are those of the backbone.
        opt: As of ``ConvLearner.pretrained``, like those that follow.
        device: Likewise.
        precision: Likewise.
        train_precision: Likewise.
        cache_dir: Where activations are kept.
        num_groups: As of ``ConvLearner.pretrained``.
        quiet: Likewise.
    """
    network, head, source = planned_network(
        plan, settings_of(plan, data, precision), graph_store(cache_dir), resolve_device(device)
    )
    return new_state(
        network,
        data,
        new_card(data, plan.arch, head, precision, source),
        opt=opt,
        seed=plan.seed,
        cache_dir=cache_dir,
        num_groups=num_groups,
        train_precision=train_precision,
        quiet=quiet,
    )


def settings_of(plan: NetworkPlan, data: ImageClassifierData, precision: str) -> FrozenSettings:
    """What the frozen part of a plan's network is made with."""
    card = data.tfms.card
    return FrozenSettings(name_of(plan.arch), card.mean, card.std, plan.size, precision)


def remember_pretrained(learn: LearnerState, plan: NetworkPlan) -> None:
    """Keep what the next such learner need not build, if versions and sums name the backbone.

    A graph is made for it where rows were all stored, and none is there: once, and it is the one
    that the saved model answers with.

    Args:
        learn: As its plan made it: nothing of it has trained.
        plan: Its plan.
    """
    network = learn.network
    if network.known is not None or network.key is None:
        return
    frozen = learn.parts.pooled().frozen
    folder = frozen.graph_folder()
    if folder is None or not frozen.is_library_code:
        return
    if learn.precompute is not False and not is_graph(folder):
        _ = frozen.runner  # which keeps its graph
    remember_backbone(network.key, frozen, network.whole, learn.card.weights_from)
    backbone_card(plan.arch)  # again: now there is a cache that remembers it
