"""A learner's network: the head, and a backbone that is built when something needs it."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from warmstart.activations.frozen_part import (
    POOLED,
    FrozenPart,
    FrozenSettings,
    KnownPrefix,
    frozen_backbone,
    part_before,
    pooled_prefix,
)
from warmstart.activations.kept_graph import UNREADABLE
from warmstart.backbones.network import ClassifierNetwork
from warmstart.backbones.pooling import pooled_parts
from warmstart.inference.assembly import NetworkPlan, new_head, new_network
from warmstart.inference.known_backbone import KnownBackbone, backbone_key, known_backbone
from warmstart.training.head_card import Parts


class LearnerNetwork:
    """Backbone, pool and head; of the first two, what an earlier run has described may do."""

    def __init__(
        self,
        head: nn.Module,
        backbone: ClassifierNetwork | KnownBackbone,
        device: torch.device,
        key: str | None = None,
    ) -> None:
        """Put everything that is there where it trains.

        Args:
            head: (N, D) → (N, K).
            backbone: The whole network, that head included; or what is known of the rest.
            device: Where it trains.
            key: What its plan is called, if it has such a name: from ``backbone_key``.
        """
        self.key, self.device, self._head, self._backbone = (
            key,
            device,
            head.to(device).eval(),
            backbone,
        )
        if isinstance(backbone, ClassifierNetwork):
            backbone.to(device).eval()

    @property
    def whole(self) -> ClassifierNetwork:
        """All of it as an ordinary module; built now, if it was not."""
        if isinstance(self._backbone, KnownBackbone):
            network = self._backbone.build()
            network.head = self._head
            self._backbone = network.to(self.device).eval()
        return self._backbone

    @property
    def known(self) -> KnownBackbone | None:
        """What is known of a backbone that was not built; None of one that was."""
        return self._backbone if isinstance(self._backbone, KnownBackbone) else None

    @property
    def head(self) -> nn.Module:
        """The part that is new; may be set."""
        return self._head if self.known is not None else self.whole.head

    @head.setter
    def head(self, head: nn.Module) -> None:
        self._head = head
        if self.known is None:
            self.whole.head = head

    def feature_parts(self, num_features: int) -> dict[str, Parts]:
        """What a pooled row of so many features consists of, as ``pooled_parts`` says."""
        if self.known is not None:
            return self.known.notes.feature_parts
        return pooled_parts(self.whole.pool, num_features)

    def frozen(self, settings: FrozenSettings, torch_cuts: dict[str, str]) -> FrozenPart:
        """Everything before the head, with the weights of now.

        Args:
            settings: How images are seen.
            torch_cuts: As in ``FrozenPart``.
        """
        known = self.known
        if known is None or known.settings != settings:
            return frozen_backbone(self.whole, settings, self.device, torch_cuts)
        prefix = KnownPrefix(
            known.graph.fingerprint,
            known.graph.shape,
            lambda: pooled_prefix(self.whole, settings),
        )
        return part_before(POOLED, prefix, settings, self.device, torch_cuts)

    def tensors(self) -> dict[str, Tensor]:
        """The state dict of all of it."""
        if self.known is not None:
            try:
                found = self.known.tensors()
            except UNREADABLE:  # the store was emptied meanwhile
                self.known.forget()
                return dict(self.whole.state_dict())
            return found | {f"head.{name}": t for name, t in self._head.state_dict().items()}
        return dict(self.whole.state_dict())


def planned_network(
    plan: NetworkPlan, settings: FrozenSettings, store: Path, device: torch.device
) -> tuple[LearnerNetwork, dict[str, Any] | None, str]:
    """A new network, whose backbone is not built where an earlier run has described it.

    Args:
        plan: What it is made of.
        settings: Of its frozen part.
        store: Where rows and graphs lie.
        device: Where it trains.

    Returns:
        The network, the head's card (None for a custom one), and where the weights came from.
    """
    key = backbone_key(plan, settings) if device.type == "cpu" else None
    known = None if key is None else known_backbone(key, plan, settings, store)
    if known is None:
        network, card, source = new_network(plan)
        return LearnerNetwork(network.head, network, device, key), card, source
    head, card = new_head(plan, known.num_features)
    return LearnerNetwork(head, known, device, key), card, known.notes.source
