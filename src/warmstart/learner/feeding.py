"""Where a learner's batches come from: which view each epoch sees, stored or computed."""

import hashlib
from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import torch
from numpy.typing import NDArray

from warmstart.activations.inputs import (
    ComputedInputs,
    RenderedRows,
    StoredInputs,
    computed_blocks,
)
from warmstart.activations.namespace import CacheNamespace
from warmstart.batches.source import PixelSource, num_cores
from warmstart.data.table import ImageTable
from warmstart.errors import SettingError, UnreadableImageError
from warmstart.images.view import DECODER, SAME_PIXELS_AS
from warmstart.inference.table_activations import TableActivations
from warmstart.learner.held_back import HeldBack
from warmstart.learner.whole_body import WholeBody, WholeBodyInputs
from warmstart.training.objective import Targets

NOTHING = HeldBack()  # is held back


def checked_precompute(value: object) -> bool | int:
    """False, True, or a number of views.

    Raises:
        SettingError: it is something else.
    """
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)) and value >= 1:
        return int(value)
    raise SettingError(
        f"precompute={value!r} has no meaning.",
        expected="False, True (the plain view of each image), or a number of augmented views.",
        fix="pass precompute=True.",
        flags=("--precompute",),
    )


def view_of_epoch(precompute: bool | int, epoch: int) -> int:
    """Which view of the training rows an epoch sees.

    Args:
        precompute: Whether and how many views are stored.
        epoch: Counted over all fits.
    """
    if precompute is True:
        return 0
    return epoch + 1 if precompute is False else 1 + epoch % precompute


def targets_of(table: ImageTable, held: HeldBack = NOTHING, *, chooses: bool = False) -> Targets:
    """What the loss compares with.

    Args:
        table: Whose labels.
        held: Training rows that do not train.
        chooses: Whether those choose.
    """
    train, choice = held.parted(table)
    parts = [torch.from_numpy(table.labels[rows]) for rows in (train, table.rows("valid"), choice)]
    if table.is_multi_label:
        parts = [part.float() for part in parts]
    return Targets(parts[0], parts[1], parts[2] if chooses else None)


class Feeding:
    """The rows of one table through one frozen part."""

    def __init__(
        self,
        activations: TableActivations,
        source: PixelSource,
        precompute: bool | int,
        held: HeldBack = NOTHING,
        body: WholeBody | None = None,
    ) -> None:
        """Say which rows, which frozen part, and whether its outputs are stored.

        Args:
            activations: The frozen part, and its store.
            source: Whose rows.
            precompute: Whether its outputs are stored, or how many views of them.
            held: Training rows that do not train.
            body: Given where some of the body trains: then it judges, as it is after each epoch.
        """
        self.activations, self.source, self.precompute = activations, source, precompute
        self.held, self.body = held, body

    def see(self, splits: Sequence[str]) -> list[UnreadableImageError]:
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
        if self.body is not None and not trains:
            return self.body.plain, 0
        if self.precompute is False:
            return None, 0
        return self.activations, view_of_epoch(self.precompute, 0) if trains else 0

    def stored(self, rows: NDArray[np.int64], view: int = 0) -> tuple[CacheNamespace, list[bytes]]:
        """Namespace and names of one view of some rows, computed where they are not stored yet.

        A row that could be read before and cannot any more raises its UnreadableImageError.
        """
        space, keys, failures = self.activations.store(self.source, rows, view)
        if failures:
            raise failures[0]
        return space, keys

    def rows(self, rows: NDArray[np.int64], view: int = 0) -> NDArray[np.float32]:
        """One view of some rows as an array (N, …), stored like ``stored`` does."""
        space, keys = self.stored(rows, view)
        return space.gather(space.locate(keys)).astype(np.float32)

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
        rendered = partial(self._render, 0, rows), len(rows)
        runner = self.activations.frozen.runner
        blocks = computed_blocks(runner, rendered, device, num_cores())
        return np.concatenate([block.cpu().numpy() for block in blocks])

    def _render(self, view: int, rows: NDArray[np.int64], position: int) -> NDArray[np.uint8]:
        return self.source.render(int(rows[position]), view)

    def _plain(self, rows: NDArray[np.int64]) -> RenderedRows:
        """The plain view of some rows, out of the store where it is kept."""
        if self.body is None or self.body.plain is None:
            return partial(self._render, 0, rows), len(rows)
        space, keys, failures = self.body.plain.store(self.source, rows)
        if failures:
            raise failures[0]
        positions = space.locate(keys)
        return lambda position: space.gather(positions[position : position + 1])[0], len(rows)

    def inputs(self, device: torch.device) -> StoredInputs | ComputedInputs | WholeBodyInputs:
        """Batches of training and validation rows.

        Args:
            device: Where they go.
        """
        valid, (train, choice) = (
            self.source.table.rows("valid"),
            self.held.parted(self.source.table),
        )
        if self.body is None:
            return self._to_the_cut(train, valid, choice, device)
        training = self._to_the_cut(train, valid[:0], choice[:0], device)
        return WholeBodyInputs(self.body, training, self._plain(valid), self._plain(choice))

    def _to_the_cut(
        self,
        train: NDArray[np.int64],
        valid: NDArray[np.int64],
        choice: NDArray[np.int64],
        device: torch.device,
    ) -> StoredInputs | ComputedInputs:
        """Batches of what comes out of the frozen part."""
        if self.precompute is False:
            return ComputedInputs(
                self.activations.frozen.runner,
                lambda epoch: partial(self._render, view_of_epoch(self.precompute, epoch), train),
                (partial(self._render, 0, valid), len(valid)),
                device,
                num_cores(),
                (partial(self._render, 0, choice), len(choice)),
            )

        @cache  # asking for names looks every file up: a third of an epoch's time
        def train_keys(view: int) -> list[bytes]:
            return self.stored(train, view)[1]

        space, keys = self.stored(valid)
        return StoredInputs(
            space,
            lambda epoch: train_keys(view_of_epoch(self.precompute, epoch)),
            keys,
            device,
            self.stored(choice)[1],
        )

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
        return f"{frozen} {view} {self.precompute!r} {self.held} {digest.hexdigest()}{used}"
