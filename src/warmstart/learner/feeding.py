"""Where a learner's batches come from: which view each epoch sees, stored or computed."""

import hashlib
from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import torch
from numpy.typing import NDArray

from warmstart.activations.inputs import ComputedInputs, StoredInputs
from warmstart.activations.space import Space
from warmstart.batches.source import PixelSource, num_cores
from warmstart.data.table import ImageTable
from warmstart.errors import SettingError, UnreadableImageError
from warmstart.inference.table_activations import TableActivations
from warmstart.learner.held_back import HeldBack
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
    ) -> None:
        """Say which rows, which frozen part, and whether its outputs are stored."""
        self.activations, self.source, self.precompute = activations, source, precompute
        self.held = held

    def see(self, splits: Sequence[str]) -> list[UnreadableImageError]:
        """Read every image of some splits once, which with ``precompute`` stores what must be.

        Returns:
            The images that cannot be read.
        """
        table = self.source.table
        if self.precompute is True:
            rows = np.concatenate([table.rows(split) for split in splits])
            return self.activations.store(self.source, rows)[2]
        train = [table.rows(split) for split in splits if split == "train"]
        others = [table.rows(split) for split in splits if split != "train"]
        if self.precompute is False:
            return self.activations.unreadable(self.source, np.concatenate([*train, *others]))
        failures = []
        if others:  # the plain view of training rows is stored only when something asks for it
            failures += self.activations.store(self.source, np.concatenate(others))[2]
        if train:
            failures += self.activations.store(self.source, train[0], 1)[2]
        return failures

    def stored(self, rows: NDArray[np.int64], view: int = 0) -> tuple[Space, list[bytes]]:
        """Space and names of one view of some rows, computed where they are not stored yet.

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
        render = partial(self._render, 0, rows)
        computed = ComputedInputs(
            self.activations.frozen.runner, lambda _: render, (render, len(rows)), device,
            num_cores(),
        )  # fmt: skip
        return np.concatenate([block.cpu().numpy() for block in computed.valid()])

    def _render(self, view: int, rows: NDArray[np.int64], position: int) -> NDArray[np.uint8]:
        return self.source.render(int(rows[position]), view)

    def inputs(self, device: torch.device) -> StoredInputs | ComputedInputs:
        """Batches of training and validation rows.

        Args:
            device: Where they go.
        """
        table, render = self.source.table, self._render
        valid, (train, choice) = table.rows("valid"), self.held.parted(table)

        @cache  # asking for names looks every file up: a third of an epoch's time
        def train_keys(view: int) -> list[bytes]:
            return self.stored(train, view)[1]

        if self.precompute is not False:
            space, keys = self.stored(valid)
            return StoredInputs(
                space,
                lambda epoch: train_keys(view_of_epoch(self.precompute, epoch)),
                keys,
                device,
                self.stored(choice)[1],
            )
        return ComputedInputs(
            self.activations.frozen.runner,
            lambda epoch: partial(render, view_of_epoch(self.precompute, epoch), train),
            (partial(render, 0, valid), len(valid)),
            device,
            num_cores(),
            (partial(render, 0, choice), len(choice)),
        )

    def name(self) -> str:
        """What a checkpoint remembers of its inputs: frozen part, views and images."""
        table = self.source.table
        rows = np.concatenate([table.rows(split) for split in ("train", "valid")])
        digest = hashlib.sha256()
        for content in self.source.content_hashes(rows, self.activations.hashes):
            digest.update(content)
        frozen, view = self.activations.frozen.card.identity, self.source.view_name(1)
        return f"{frozen} {view} {self.precompute!r} {self.held} {digest.hexdigest()}"
