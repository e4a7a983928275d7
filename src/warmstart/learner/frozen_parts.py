"""The frozen parts that a learner has: the one up to its cut, and the one that predicts."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import torch

from warmstart.activations.frozen_part import (
    FrozenPart,
    FrozenSettings,
    part_before,
)
from warmstart.activations.table_activations import Progress, TableActivations
from warmstart.backbones.network import ClassifierNetwork
from warmstart.learner.inputs import UnfrozenBackbone
from warmstart.learner.layers import Layers
from warmstart.learner.network import LearnerNetwork
from warmstart.terminal.progress import no_progress, show_progress


@dataclass(eq=False)
class FrozenParts:
    """Made when first needed, and made anew when the weights or the cut have moved.

    ``settings`` are replaced when the images are seen otherwise; what is stored lies in
    ``cache_dir``. ``readable`` are the names of images that were read once. ``watch`` makes, of
    what shows progress, what also ends a computation that takes too long.
    """

    owner: LearnerNetwork
    settings: FrozenSettings
    device: torch.device
    cache_dir: Path
    quiet: bool = False
    readable: set[str] = field(default_factory=set)
    torch_cuts: dict[str, str] = field(default_factory=dict)
    watch: Callable[[Progress], Progress] = field(default=lambda progress: progress)
    _pooled: TableActivations | None = None
    _before_cut: TableActivations | None = None
    _plain: TableActivations | None = None

    @property
    def network(self) -> ClassifierNetwork:
        """The whole network; built now, if it was not."""
        return self.owner.whole

    def forget(self, *, backbone_moved: bool) -> None:
        """The cut is another; with ``backbone_moved``, so are the backbone's weights."""
        self._before_cut = None
        if backbone_moved:
            self._pooled = self._plain = None

    def see_otherwise(self, settings: FrozenSettings) -> None:
        """Images are other ones, or seen otherwise."""
        self.settings = settings
        self.readable = set()
        self.forget(backbone_moved=True)

    def pooled(self) -> TableActivations:
        """Everything before the head, with the weights of now: what predicts."""
        if self._pooled is None:
            self._pooled = self._with_store(self.owner.frozen(self.settings, self.torch_cuts))
        return self._pooled

    def plain(self, layers: Layers) -> TableActivations:
        """Plain views as pixels: what rows that evaluate a backbone in training are kept as."""
        if layers.cut == 0:
            return self.before_cut(layers)
        if self._plain is None:
            pixels = part_before("pixels", None, self.settings, self.device, self.torch_cuts)
            self._plain = self._with_store(pixels)
        return self._plain

    def before_cut(self, layers: Layers) -> TableActivations:
        """Everything before the cut: what training starts from."""
        if layers.cut is None:
            return self.pooled()
        if self._before_cut is None:
            prefix = layers.prefix(self.settings.normalise().to(self.device))
            name = layers.cut_name()
            frozen = part_before(name, prefix, self.settings, self.device, self.torch_cuts)
            self._before_cut = self._with_store(frozen)
        return self._before_cut

    def unfrozen(self, layers: Layers, *, keeps_pixels: bool) -> UnfrozenBackbone:
        """What is evaluated while the backbone trains: it answers as ``pooled`` would."""
        plain = self.plain(layers) if keeps_pixels else None
        return UnfrozenBackbone(self.network, self.settings, self.device, self.torch_cuts, plain)

    def _with_store(self, frozen: FrozenPart) -> TableActivations:
        return TableActivations(frozen, self.cache_dir, self.watch(self._progress), self.readable)

    def _progress(self, total: int, what: str) -> AbstractContextManager[Callable[[int], None]]:
        """Shown, unless it is to be quiet by then."""
        return (no_progress if self.quiet else show_progress)(total, what)
