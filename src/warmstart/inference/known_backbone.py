"""A backbone that an earlier run has built: what a learner needs of it, without building it.

It lies with the graph of its frozen part, in the store: its tensors, and for each plan that leads
to it a file of notes. A plan is named by architecture, weights' sha256, seed, size, mean and
deviation, numeric mode and versions, so that nothing else is ever taken for it.
"""

import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor

from warmstart.activations.frozen_part import POOLED, FrozenPart, FrozenSettings, pooled_prefix
from warmstart.activations.kept_graph import UNREADABLE, GraphCard, model_key, read_graph_card
from warmstart.activations.processor import cpu_precision, openvino_mode
from warmstart.activations.quota import GRAPH_FOLDER, cache_limit, shrink
from warmstart.backbones.fingerprint import fingerprint
from warmstart.backbones.known_cards import is_timms_own
from warmstart.backbones.network import ClassifierNetwork
from warmstart.backbones.pooling import pooled_parts
from warmstart.backbones.weights import weights_identity
from warmstart.errors import CacheError, WarmstartError
from warmstart.files.committing import sha256_of
from warmstart.files.summed import write_summed
from warmstart.files.writing import write_whole
from warmstart.inference.assembly import NetworkPlan, new_network
from warmstart.inference.backbone_notes import (
    NOTES,
    TENSORS,
    BackboneNotes,
    read_notes,
    read_tensors,
)
from warmstart.inference.graph_memory import builder_versions


@dataclass(frozen=True, eq=False)
class KnownBackbone:
    """A plan's backbone and pool, frozen, as an earlier run has noted them in ``place``."""

    plan: NetworkPlan
    settings: FrozenSettings
    place: Path
    graph: GraphCard
    notes: BackboneNotes

    @property
    def num_features(self) -> int:
        """D of the pooled row that enters the head."""
        return self.graph.shape[0]

    def tensors(self) -> dict[str, Tensor]:
        """The state dict of backbone and pool, as the whole network names them.

        Errors are ``UNREADABLE``: somebody may have emptied the store.
        """
        return load(read_tensors(self.place.parent, self.notes))

    def forget(self) -> None:
        """Let the next run note anew what cannot be read."""
        with suppress(OSError):
            self.place.unlink(missing_ok=True)

    def build(self) -> ClassifierNetwork:
        """The network of the plan after all.

        Raises:
            CacheError: it is another one than was remembered.
        """
        network, _, _ = new_network(self.plan)
        prefix = pooled_prefix(network, self.settings)
        if fingerprint(prefix.train().eval()) != self.graph.fingerprint:
            raise CacheError(
                f"{self.settings.backbone} is another network here than when it was kept in "
                f"{self.place.parent}, and its versions are the same.",
                expected="code and weights that change only with their versions.",
                fix="warmstart cache gc --keep 0",
            )
        return network


def backbone_key(plan: NetworkPlan, settings: FrozenSettings) -> str | None:
    """What the notes of a plan are called.

    Args:
        plan: Of a network whose frozen part runs on a CPU.
        settings: Of the frozen part.

    Returns:
        None where versions and sums do not name the backbone: it is a function, its weights are
        known to timm's hub alone, or OpenVINO is not installed.
    """
    if not isinstance(plan.arch, str) or ("timm" in sys.modules and not is_timms_own(plan.arch)):
        return None
    weights = weights_identity(plan.arch, plan.weights) if plan.is_pretrained else ("none",)
    if weights is None:
        return None
    try:
        mode = openvino_mode(cpu_precision(settings.precision))
    except ImportError:
        return None
    return model_key({
        "arch": plan.arch,
        "weights": weights,
        "seed": None if plan.is_pretrained else plan.seed,  # of a backbone made by chance
        "size": plan.size,
        "mean": settings.mean,
        "std": settings.std,
        "mode": mode,
        "versions": builder_versions(),
    })  # fmt: skip


def known_backbone(
    key: str, plan: NetworkPlan, settings: FrozenSettings, store: Path
) -> KnownBackbone | None:
    """The backbone of a plan, if it was remembered, and its graph is there.

    Args:
        key: From ``backbone_key``.
        plan: Of the network.
        settings: Of its frozen part, on a CPU.
        store: Where rows and graphs lie.
    """
    found = sorted(store.glob(f"{GRAPH_FOLDER}*/{NOTES}{key}"))
    if not found:
        return None
    try:
        graph = read_graph_card(found[0].parent)
        notes = read_notes(found[0])
    except UNREADABLE:
        return None
    if (graph.cut, graph.size, len(graph.shape)) != (POOLED, plan.size, 1):
        return None
    return KnownBackbone(plan, settings, found[0], graph, notes)


def remember_backbone(
    key: str, frozen: FrozenPart, network: ClassifierNetwork, source: str
) -> None:
    """Note that a kept graph is the frozen part of a plan; nothing where it was not kept.

    Args:
        key: From ``backbone_key``, before timm was loaded.
        frozen: The frozen part, in the store, with the weights that the plan gives.
        network: As the plan gives it.
        source: Where its weights came from, in words.
    """
    folder = frozen.graph_folder()
    if folder is None or not (frozen.is_library_code and is_timms_own(frozen.backbone)):
        return
    state = {name: t for name, t in network.state_dict().items() if not name.startswith("head.")}
    content = save({name: t.detach().contiguous().clone() for name, t in state.items()})
    if not is_graph(folder) or len(content) > cache_limit() // 2:
        return
    parts = pooled_parts(network.pool, frozen.row_shape[0])
    entry = asdict(BackboneNotes(source, parts, sha256_of(content)))
    with suppress(OSError, WarmstartError):
        write_whole(folder / TENSORS, content)
        write_summed(folder / f"{NOTES}{key}", entry)
        shrink(folder.parent, cache_limit(), spare=folder.name)


def is_graph(folder: Path) -> bool:
    """Whether a graph lies there."""
    try:
        read_graph_card(folder)
    except UNREADABLE:
        return False
    return True
