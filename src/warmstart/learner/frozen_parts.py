"""The frozen parts that a learner has: the one up to its cut, and the one that predicts."""

from collections.abc import Callable
from pathlib import Path

import torch

from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.inference.frozen_part import FrozenPart, frozen_part
from warmstart.inference.model_folder import ModelCard
from warmstart.inference.table_activations import Progress, TableActivations
from warmstart.learner.layers import Layers


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

    def forget(self, *, body_moved: bool) -> None:
        """The cut is another; with ``body_moved``, so are the body's weights or its data."""
        self._before_cut = None
        if body_moved:
            self._pooled = None

    def pooled(self, card: ModelCard) -> TableActivations:
        """Everything before the head, with the weights of now: what predicts."""
        if self._pooled is None:
            frozen = frozen_part(self.network, card, self.device, self._torch_cuts)
            self._pooled = self._with_store(frozen)
        return self._pooled

    def before_cut(self, card: ModelCard, layers: Layers) -> TableActivations:
        """Everything before the cut: what training starts from."""
        if layers.cut is None:
            return self.pooled(card)
        if self._before_cut is None:
            normalise = Normalise(card.mean, card.std).to(self.device)
            frozen = FrozenPart(
                layers.prefix(normalise),
                backbone=card.arch,
                cut=layers.cut_name(),
                size=card.recipe["size"],
                device=self.device,
                precision=card.precision,
                torch_cuts=self._torch_cuts,
            )
            self._before_cut = self._with_store(frozen)
        return self._before_cut

    def _with_store(self, frozen: FrozenPart) -> TableActivations:
        return TableActivations(frozen, self.cache_dir, self.progress())
