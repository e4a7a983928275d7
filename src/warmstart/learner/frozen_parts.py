"""The frozen parts that a learner has: the one up to its cut, and the one that predicts."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.inference.frozen_part import FrozenPart, frozen_part
from warmstart.inference.model_folder import ModelCard
from warmstart.inference.table_activations import Progress, TableActivations
from warmstart.learner.layers import Layers
from warmstart.learner.whole_body import WholeBody


class FrozenParts:
    """Made when first needed, and made anew when the weights or the cut have moved."""

    def __init__(
        self,
        network: ClassifierNetwork,
        device: torch.device,
        cache_dir: Path,
        progress: Callable[[], Progress],
    ) -> None:
        """Keep what is stored under ``cache_dir``."""
        self.network, self.device, self.cache_dir = network, device, cache_dir
        self.progress = progress
        self._torch_cuts: dict[str, str] = {}
        self._pooled: TableActivations | None = None
        self._before_cut: TableActivations | None = None
        self._plain: TableActivations | None = None

    def forget(self, *, body_moved: bool) -> None:
        """The cut is another; with ``body_moved``, so are the body's weights or its data."""
        self._before_cut = None
        if body_moved:
            self._pooled = self._plain = None

    def pooled(self, card: ModelCard) -> TableActivations:
        """Everything before the head, with the weights of now: what predicts."""
        if self._pooled is None:
            frozen = frozen_part(self.network, card, self.device, self._torch_cuts)
            self._pooled = self._with_store(frozen)
        return self._pooled

    def plain(self, card: ModelCard, layers: Layers) -> TableActivations:
        """Plain views as pixels: what rows that judge a body in training are kept as."""
        if layers.cut == 0:
            return self.before_cut(card, layers)
        if self._plain is None:
            self._plain = self._with_store(self._part(None, "pixels", card))
        return self._plain

    def before_cut(self, card: ModelCard, layers: Layers) -> TableActivations:
        """Everything before the cut: what training starts from."""
        if layers.cut is None:
            return self.pooled(card)
        if self._before_cut is None:
            normalise = Normalise(card.mean, card.std).to(self.device)
            frozen = self._part(layers.prefix(normalise), layers.cut_name(), card)
            self._before_cut = self._with_store(frozen)
        return self._before_cut

    def whole_body(self, card: ModelCard, layers: Layers, *, keeps_pixels: bool) -> WholeBody:
        """What judges while the body trains: it answers as ``pooled`` would with those weights."""
        return WholeBody(
            self.network,
            lambda: frozen_part(self.network, card, self.device, self._torch_cuts),
            self.plain(card, layers) if keeps_pixels else None,
        )

    def _part(self, prefix: nn.Module | None, cut: str, card: ModelCard) -> FrozenPart:
        return FrozenPart(
            prefix,
            backbone=card.arch,
            cut=cut,
            size=card.recipe["size"],
            device=self.device,
            precision=card.precision,
            torch_cuts=self._torch_cuts,
        )

    def _with_store(self, frozen: FrozenPart) -> TableActivations:
        return TableActivations(frozen, self.cache_dir, self.progress())
