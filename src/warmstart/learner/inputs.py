"""Where a learner's batches come from: which rows, and through which frozen part."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.activations.frozen_part import FrozenPart, FrozenSettings, frozen_backbone
from warmstart.activations.inputs import (
    VALID_ROWS,
    ComputedInputs,
    RenderedRows,
    RowParts,
    RowPixels,
    SomePixels,
    StoredInputs,
    StoredPixels,
    computed_blocks,
    view_of_epoch,
)
from warmstart.activations.table_activations import StoredViews, TableActivations
from warmstart.backbones.network import ClassifierNetwork
from warmstart.batches.source import PixelSource, num_cores
from warmstart.data.table import ImageTable
from warmstart.errors import UnreadableImageError
from warmstart.images.view import DECODER, SAME_PIXELS_AS
from warmstart.learner.holdout import NO_HOLDOUT, Holdout
from warmstart.learner.resident_rows import ResidentInputs
from warmstart.learner.row_blocks import StoredRows, is_streamed
from warmstart.ranks.modes import kept_modes
from warmstart.ranks.ranks import current_ranks
from warmstart.training.objective import Inputs, Targets


def targets_of(
    table: ImageTable, holdout: Holdout = NO_HOLDOUT, *, chooses: bool = False
) -> Targets:
    """What the loss compares with.

    Args:
        table: Whose labels.
        holdout: Training rows that do not train.
        chooses: Whether those choose.
    """
    train, choice = holdout.split(table)
    parts = [torch.from_numpy(table.labels[rows]) for rows in (train, table.rows("valid"), choice)]
    if table.is_multi_label:
        parts = [part.float() for part in parts]
    return Targets(parts[0], parts[1], parts[2] if chooses else None)


@dataclass(eq=False)
class UnfrozenBackbone:
    """A backbone that trains, as the frozen part that it is between two epochs.

    ``network`` is what it is a part of; ``plain`` keeps the pixels of rows that are evaluated, None
    decodes them each time. ``mode`` is the numeric mode in which it was evaluated, "" until then.
    """

    network: ClassifierNetwork
    settings: FrozenSettings
    device: torch.device
    torch_cuts: dict[str, str]
    plain: TableActivations | None
    mode: str = ""

    def frozen_now(self) -> FrozenPart:
        """With the weights of now."""
        return frozen_backbone(self.network, self.settings, self.device, self.torch_cuts)


@dataclass(frozen=True, eq=False)
class UnfrozenInputs:
    """Inputs of a fit whose validation rows are what enters the head.

    They pass all of the backbone, as images do of which a saved model is asked. ``training`` gives
    the batches of rows that train.
    """

    backbone: UnfrozenBackbone
    training: Inputs
    valid_rows: RowPixels
    choice_rows: RowPixels

    @property
    def mode(self) -> str:
        """The numeric mode in which rows were evaluated last."""
        return self.backbone.mode

    def train(
        self,
        batches: Sequence[NDArray[np.int64]],
        epoch: int,
        draws: Sequence[NDArray[np.int64]] | None = None,
    ) -> Iterator[Tensor]:
        """What crosses the cut, of each batch."""
        return self.training.train(batches, epoch, draws)

    def valid(self) -> Iterator[Tensor]:
        """Pooled rows (B, D) of all validation rows, through the backbone of now."""
        return self._pooled(self.valid_rows)

    def choice(self) -> Iterator[Tensor]:
        """Likewise of all rows that choose."""
        return self._pooled(self.choice_rows)

    def _pooled(self, rows: RowPixels) -> Iterator[Tensor]:
        with kept_modes(self.backbone.network):
            frozen = self.backbone.frozen_now()
            self.backbone.mode = frozen.runner.mode
            ranks, num_blocks = current_ranks(), -(-len(rows) // VALID_ROWS)
            own = SomePixels(rows, blocks_of_rows(len(rows), ranks.own_blocks(num_blocks)))
            blocks = computed_blocks(frozen.runner, own, frozen.device, num_cores())
            if ranks.size == 1:
                yield from blocks
                return
            values = (block.cpu().numpy() for block in blocks)
            for each in ranks.gathered_blocks("evaluated rows", values, num_blocks):
                yield torch.from_numpy(each).to(frozen.device)


def blocks_of_rows(num_rows: int, blocks: Iterable[int]) -> NDArray[np.int64]:
    """Positions of the rows of some blocks of VALID_ROWS, one after the other."""
    every = np.arange(num_rows)
    found = [every[number * VALID_ROWS : (number + 1) * VALID_ROWS] for number in blocks]
    return np.concatenate([every[:0], *found])


FitInputs = StoredInputs | ComputedInputs | UnfrozenInputs


@dataclass(frozen=True, eq=False)
class TableInputs:
    """The rows of one table through one frozen part.

    ``precompute`` says whether its outputs are stored, or how many views of them; ``holdout`` which
    training rows do not train; ``unfrozen`` is given where some of the backbone trains: then rows
    are evaluated by it, as it is after each epoch.
    """

    activations: TableActivations
    source: PixelSource
    precompute: bool | int
    holdout: Holdout = field(default=NO_HOLDOUT)
    unfrozen: UnfrozenBackbone | None = None

    def scan(self, splits: Sequence[str]) -> list[UnreadableImageError]:
        """Read every image of some splits once, which with ``precompute`` stores what must be.

        Returns:
            The images that cannot be read.
        """
        wanted: dict[tuple[TableActivations | None, int], list[NDArray[np.int64]]] = {}
        for split in splits:
            where = self._kept_as(trains=split == "train")
            wanted.setdefault(where, []).append(self.source.table.rows(split))
        failures = []
        for (place, view), parts in wanted.items():
            rows = np.concatenate(parts)
            if place is None:
                failures += self.activations.unreadable(self.source, rows)
            else:
                failures += place.store(self.source, rows, view)[2]
        return failures

    def _kept_as(self, *, trains: bool) -> tuple[TableActivations | None, int]:
        """Where rows are stored, None where they are not, and which view of them first.

        The plain view of training rows is stored only when something asks for it.
        """
        if self.unfrozen is not None and not trains:
            return self.unfrozen.plain, 0
        if self.precompute is False:
            return None, 0
        return self.activations, view_of_epoch(0, precompute=self.precompute) if trains else 0

    def rows(self, rows: NDArray[np.int64], view: int = 0) -> NDArray[np.float32]:
        """One view of some rows as an array (N, …), stored if it was not."""
        return self.activations.rows(self.source, rows, view)

    @property
    def head_views(self) -> tuple[int, ...]:
        """Which views of a training row a fit without epochs is made of: all that are stored."""
        if isinstance(self.precompute, bool):
            return (0,)
        return tuple(range(1, self.precompute + 1))

    def head_rows(self, rows: NDArray[np.int64], device: torch.device) -> NDArray[np.float32]:
        """All those views of some rows (V · N, …), view after view; stored only if others are."""
        if self.precompute is not False:
            return np.concatenate([self.rows(rows, view) for view in self.head_views])
        runner = self.activations.frozen.runner
        rendered = RenderedRows(self.source.for_networks, rows)
        blocks = computed_blocks(runner, rendered, device, num_cores())
        return np.concatenate([block.cpu().numpy() for block in blocks])

    def stored_rows(self, rows: NDArray[np.int64], views: Sequence[int]) -> StoredRows:
        """Some views of some rows (V · N, D), view after view, which stay in the store."""
        found = [self.activations.stored(self.source, rows, view) for view in views]
        places = [namespace.locate(keys) for namespace, keys in found]
        return StoredRows(found[0][0], np.concatenate(places))

    def streams(self, num_rows: int) -> bool:
        """Whether a head's rows, all their views, stay in the store."""
        num_features = prod(self.activations.frozen.card.shape)
        return is_streamed(num_rows * len(self.head_views), num_features)

    def batches(self, device: torch.device) -> FitInputs:
        """Batches of training and validation rows.

        Args:
            device: Where they go.
        """
        train, choice = self.holdout.split(self.source.table)
        rows = RowParts(train, self.source.table.rows("valid"), choice)
        if self.unfrozen is None:
            return self._to_the_cut(rows, device)
        only_train = RowParts(rows.train, rows.valid[:0], rows.choice[:0])
        training = self._to_the_cut(only_train, device)
        valid, choosing = self._plain(rows.valid), self._plain(rows.choice)
        return UnfrozenInputs(self.unfrozen, training, valid, choosing)

    def _plain(self, rows: NDArray[np.int64]) -> RowPixels:
        """The plain view of some rows, out of the store where it is kept."""
        if self.unfrozen is None or self.unfrozen.plain is None:
            return RenderedRows(self.source.for_networks, rows)
        namespace, keys = self.unfrozen.plain.stored(self.source, rows)
        return StoredPixels(namespace, namespace.locate(keys))

    def _to_the_cut(self, rows: RowParts, device: torch.device) -> StoredInputs | ComputedInputs:
        """Batches of what comes out of the frozen part."""
        activations, source = self.activations, self.source
        if self.precompute is False:
            return ComputedInputs(
                activations.frozen.runner, source.for_networks, rows, device, num_cores()
            )
        namespace, valid = activations.stored(source, rows.valid)
        inputs = StoredInputs(
            namespace,
            StoredViews(activations, source, rows.train, self.precompute),
            valid,
            device,
            activations.stored(source, rows.choice)[1],
        )
        if device.type != "cuda":
            return inputs
        return ResidentInputs(inputs, len(rows.train) * len(self.head_views))

    def name(self) -> str:
        """What a checkpoint remembers of its inputs: frozen part, views and images."""
        table = self.source.table
        rows = np.concatenate([table.rows(split) for split in ("train", "valid")])
        digest = hashlib.sha256()
        for content in self.source.content_hashes(rows, self.activations.hashes):
            digest.update(content)
        frozen = self.activations.frozen.card.identity
        view = self.source.view_name(1).replace(DECODER, SAME_PIXELS_AS)
        damaged = sorted(item.name for item in table.damaged)
        used = f" damaged {damaged}" if damaged else ""
        held = self.holdout.name()
        return f"{frozen} {view} {self.precompute!r} {held} {digest.hexdigest()}{used}"
