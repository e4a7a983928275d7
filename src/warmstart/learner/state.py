"""What a learner is: network, data, where the cut is, what is kept, what is held out."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from warmstart.activations.kept_graph import remember_model
from warmstart.activations.table_activations import TableActivations
from warmstart.backbones.card import Architecture, is_library_arch, name_of
from warmstart.backbones.network import ClassifierNetwork, backbone_fingerprint
from warmstart.batches.source import PixelSource
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.data.seen_images import SeenImages
from warmstart.data.table import ImageTable
from warmstart.device_views.chosen import device_views
from warmstart.inference.assembly import frozen_settings
from warmstart.inference.graph_memory import model_name
from warmstart.inference.model_card import ModelCard
from warmstart.inference.model_weights import write_model
from warmstart.inference.network_member import NetworkMember
from warmstart.inference.predictor import Predictor
from warmstart.learner.environment import versions
from warmstart.learner.frozen_parts import FrozenParts
from warmstart.learner.holdout import NO_HOLDOUT, Holdout
from warmstart.learner.inputs import TableInputs
from warmstart.learner.layers import Layers
from warmstart.learner.network import LearnerNetwork
from warmstart.learner.snapshots import Snapshots
from warmstart.metrics.known_features import KnownFeatures
from warmstart.ranks.own_folder import write_once
from warmstart.ranks.ranks import current_ranks
from warmstart.results.decision_rule import DecisionRule
from warmstart.results.history import History
from warmstart.results.lr_curve import LRCurve
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.terminal.colour import notify
from warmstart.training.head_card import Parts


@dataclass(eq=False)
class LearnerState:
    """Everything that a learner knows; what changes it are the functions of this room.

    ``precompute`` says whether, and how many views of, the frozen part's outputs are kept;
    ``keeps_pixels`` whether the pixels of rows that are evaluated are; ``num_epochs``,
    ``num_fits`` and ``num_steps`` count over all fits; ``noticed`` are notes of the images when
    they were first trained on, and of callbacks that failed; ``chosen_on_valid`` is what valid rows
    have chosen (law 15); ``out_of_fold`` are the training rows' predictions by ``fit_head``;
    ``first_backbone`` is its fingerprint before a fit could have changed it; ``known`` is what
    training images look like to the network, where that decides what is "unknown"; ``last_seen`` is
    whose images ``seen`` was last told of; ``last_curve`` is what the last sweep of rates found.
    """

    network: LearnerNetwork
    data: ImageClassifierData
    card: ModelCard
    layers: Layers
    parts: FrozenParts
    device: torch.device
    snapshots: Snapshots
    opt: str = "sgd"
    seed: int = 0
    train_precision: str = "auto"
    precompute: bool | int = False
    keeps_pixels: bool = False
    holdout: Holdout = NO_HOLDOUT
    history: History = field(default_factory=History)
    num_epochs: int = 0
    num_fits: int = 0
    num_steps: int = 0
    seen: SeenImages = field(default_factory=SeenImages)
    noticed: tuple[str, ...] = ()
    chosen_on_valid: tuple[str, ...] = ()
    out_of_fold: OutOfFoldPredictions | None = None
    first_backbone: str | None = None
    known: KnownFeatures | None = None
    last_seen: tuple[ImageTable, Holdout, str | None] | None = None
    last_curve: LRCurve | None = None

    @property
    def model(self) -> ClassifierNetwork:
        """The whole network; built now, if it was not."""
        return self.network.whole

    @property
    def feature_parts(self) -> dict[str, Parts]:
        """What a pooled row consists of, as ``pooled_parts`` says."""
        return self.network.feature_parts(self.num_features)

    @property
    def quiet(self) -> bool:
        """Whether nothing is printed; may be set."""
        return self.parts.quiet

    @quiet.setter
    def quiet(self, value: bool) -> None:
        self.parts.quiet = value

    @property
    def activations(self) -> TableActivations:
        """The frozen part up to the cut, and its store."""
        return self.parts.before_cut(self.layers)

    @property
    def num_features(self) -> int:
        """D of the pooled row that enters the head."""
        return int(self.parts.pooled().frozen.card.shape[0])

    @property
    def numeric_mode(self) -> str:
        """Runner, version, number type and instruction set of the frozen part."""
        return self.parts.pooled().frozen.card.mode

    @property
    def group_names(self) -> tuple[str, ...]:
        """The layer groups that train."""
        return tuple(group.name for group in self.layers.trainable_groups())

    @property
    def has_moved_backbone(self) -> bool:
        """Whether the backbone is another than before it was first trained."""
        first = self.first_backbone
        return first is not None and first != backbone_fingerprint(self.model)

    @property
    def source(self) -> PixelSource:
        """The data's pixels, as networks on the device see them."""
        views = device_views(self.device)
        source = self.data.source
        if views is None:
            return source
        if source.ahead is not None:  # the processor's views are not those that are wanted
            source.ahead.forget()
        return replace(source, ahead=None, views_on=views)

    def predictor(self) -> Predictor:
        """What ``load_predictor`` would give, without saving."""
        frozen = self.parts.pooled().frozen
        network = self.network
        member = NetworkMember(lambda: network.whole, frozen, network.head, self.data.tfms.recipe)
        return Predictor([member], self.card, self.seen, self.known)

    def inputs(self, precompute: bool | int) -> TableInputs:
        """The data's rows through the frozen part, stored or not; nothing is read yet."""
        unfrozen = None
        if self.layers.cut is not None:
            unfrozen = self.parts.unfrozen(self.layers, keeps_pixels=self.keeps_pixels)
        return TableInputs(self.activations, self.source, precompute, self.holdout, unfrozen)


def new_state(
    network: LearnerNetwork,
    data: ImageClassifierData,
    card: ModelCard,
    *,
    opt: str = "sgd",
    seed: int = 0,
    cache_dir: Path,
    num_groups: int = 3,
    train_precision: str = "auto",
    quiet: bool = False,
) -> LearnerState:
    """A learner of a network that is frozen up to its head.

    Args:
        network: Backbone, pool and head.
        data: What it learns from.
        card: What the network is.
        opt: "sgd" or "adamw".
        seed: What the order of rows and dropout depend on.
        cache_dir: Where activations are kept.
        num_groups: Layer groups, the head being one of them.
        train_precision: Of steps that train some of the backbone.
        quiet: Print nothing.
    """
    current_ranks()  # from here on it has its own GPU, and its share of the cores
    return LearnerState(
        network=network,
        data=data,
        card=card,
        layers=Layers(network, data.tfms.recipe.size, num_groups),
        parts=FrozenParts(network, frozen_settings(card), network.device, cache_dir, quiet),
        device=network.device,
        snapshots=Snapshots(network.head, None),
        opt=opt,
        seed=seed,
        train_precision=train_precision,
    )


def new_card(
    data: ImageClassifierData,
    arch: Architecture,
    head: dict[str, Any] | None,
    precision: str,
    weights_from: str,
) -> ModelCard:
    """What a model says of itself before it has learned anything."""
    return ModelCard(
        arch=name_of(arch),
        classes=data.classes,
        is_multi_label=data.table.is_multi_label,
        head=head,
        mode="",
        precision=precision,
        weights_from=weights_from,
        versions=versions(),
        **seen_through(data.tfms),
    )


def seen_through(tfms: ModelTransforms) -> dict[str, Any]:
    """What a model's card says of how images become what the network sees."""
    return {
        "recipe": asdict(tfms.recipe),
        "mean": tfms.card.mean,
        "std": tfms.card.std,
        "augmentation": None if tfms.augmentation is None else asdict(tfms.augmentation),
        "view_seed": tfms.view_seed,
    }


def save_learner(learn: LearnerState, folder: Path, metrics: dict[str, float]) -> Path:
    """Write the model, with scores that its card shall show: one of several processes does."""
    card = replace(learn.card, mode=learn.numeric_mode, metrics=metrics)

    def write() -> None:
        sha256 = write_model(folder, card, learn.network.tensors(), learn.seen, learn.known)
        remember_graph(learn, card, sha256)

    write_once(current_ranks(), folder, write)
    return folder


def remember_graph(learn: LearnerState, card: ModelCard, sha256: str, number: int = 0) -> None:
    """Note whose frozen part a kept graph is, so that the saved model answers without torch.

    Args:
        learn: Whose network it is.
        card: Of the model.
        sha256: Of its file of weights.
        number: Of the network in it.
    """
    frozen = learn.parts.pooled().frozen
    folder, name = frozen.graph_folder(), model_name(card, number, sha256)
    is_published = frozen.is_library_code and is_library_arch(card.of_each[number].arch)
    if folder is not None and name is not None and is_published:
        remember_model(folder, name)


def forget_decision_rule(learn: LearnerState, why: str) -> None:
    """Answer plainly again: what was fitted was, on probabilities that are not given any more.

    Args:
        learn: The learner.
        why: What changed.
    """
    fitted = learn.card.answering.how
    if fitted:
        notify(f"{why}: forgotten is {'; '.join(fitted)}.", quiet=learn.quiet)
    learn.card, learn.known = replace(learn.card, answering=DecisionRule()), None
