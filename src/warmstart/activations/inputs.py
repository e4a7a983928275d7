"""Batches of activations, read from the store or computed on the way: the same bits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.activations.device_pixels import MADE_TOGETHER, batches_on_device
from warmstart.activations.namespace import CacheNamespace
from warmstart.activations.runner import PixelRunner, PrefixRunner
from warmstart.batches.rendering import PixelBlock, View, stream_pixels
from warmstart.batches.source import NetworkSource

VALID_ROWS = 64  # rows per judging batch: fixed, so that a row's bits depend on nothing else


@runtime_checkable
class Renders(Protocol):
    """What makes pixels of a table's rows, such as a PixelSource."""

    def render(self, row: int, view: int = 0) -> View:
        """One view of one row: (size, size, 3) uint8, or one that a device finishes."""


@runtime_checkable
class RowPixels(Protocol):
    """Pixels of some rows, by position."""

    def __len__(self) -> int:
        """How many rows."""

    def render(self, position: int) -> View:
        """(size, size, 3) uint8, or what a device makes such of."""


@runtime_checkable
class EpochKeys(Protocol):
    """Names of the rows that train."""

    def keys(self, epoch: int) -> Sequence[bytes]:
        """Of each row, as an epoch sees it; every one is stored."""


@dataclass(frozen=True, eq=False)
class RowParts:
    """Positions in a table: of rows that train, that judge, and that choose."""

    train: NDArray[np.int64]
    valid: NDArray[np.int64]
    choice: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RenderedRows:
    """One view of some rows, rendered when it is asked for."""

    source: Renders
    rows: NDArray[np.int64]
    view: int = 0

    def __len__(self) -> int:
        """How many rows."""
        return len(self.rows)

    def render(self, position: int) -> View:
        """(size, size, 3) uint8, or what a device makes such of."""
        return self.source.render(int(self.rows[position]), self.view)


@dataclass(frozen=True, eq=False)
class StoredPixels:
    """Stored rows whose activations are the pixels themselves."""

    namespace: CacheNamespace
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        """How many rows."""
        return len(self.positions)

    def render(self, position: int) -> NDArray[np.uint8]:
        """(size, size, 3) uint8."""
        pixels: NDArray[np.uint8] = self.namespace.gather(self.positions[position : position + 1])[
            0
        ]
        return pixels


@dataclass(frozen=True, eq=False)
class SomePixels:
    """Some of the rows of others, by position (M,)."""

    rows: RowPixels
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        """How many rows."""
        return len(self.positions)

    def render(self, position: int) -> View:
        """(size, size, 3) uint8, or what a device makes such of."""
        return self.rows.render(int(self.positions[position]))


def view_of_epoch(epoch: int, *, precompute: bool | int) -> int:
    """Which view of the training rows an epoch sees.

    Args:
        epoch: Counted over all fits.
        precompute: Whether and how many views are stored.
    """
    if precompute is True:
        return 0
    return epoch + 1 if precompute is False else 1 + epoch % precompute


class StoredInputs:
    """Rows from a space."""

    def __init__(
        self,
        namespace: CacheNamespace,
        train_rows: EpochKeys,
        valid_keys: Sequence[bytes],
        device: torch.device,
        choice_keys: Sequence[bytes] = (),
    ) -> None:
        """Take the names of rows.

        Args:
            namespace: Where the rows lie.
            train_rows: Names of the training rows in each epoch.
            valid_keys: Names of the validation rows.
            device: Where batches go.
            choice_keys: Names of the rows that choose.
        """
        self.namespace, self.train_rows, self.device = namespace, train_rows, device
        self.valid_positions = namespace.locate(valid_keys)
        self.choice_positions = namespace.locate(choice_keys)

    @property
    def mode(self) -> str:
        """The numeric mode in which rows were computed."""
        return self.namespace.card.mode

    def train(
        self,
        batches: Sequence[NDArray[np.int64]],
        epoch: int,
        draws: Sequence[NDArray[np.int64]] | None = None,
    ) -> Iterator[Tensor]:
        """Each batch as float32 (B, …)."""
        epochs = np.unique(np.concatenate(draws) if draws else [epoch])
        located = np.stack([self.namespace.locate(self.train_rows.keys(int(e))) for e in epochs])
        for number, rows in enumerate(batches):
            seen = epoch if draws is None else draws[number]
            yield self.taken(located[np.searchsorted(epochs, seen), rows])

    def taken(self, positions: NDArray[np.int64]) -> Tensor:
        """Training rows at these places of the store, as ``train`` gives them."""
        return to_tensor(self.namespace.gather(positions), self.device)

    def valid(self) -> Iterator[Tensor]:
        """All validation rows, in order."""
        yield from stored_blocks(self.namespace, self.valid_positions, self.device)

    def choice(self) -> Iterator[Tensor]:
        """All rows that choose, in order."""
        yield from stored_blocks(self.namespace, self.choice_positions, self.device)


class ComputedInputs:
    """Rows from the prefix runner, nothing stored: epoch e sees view e + 1."""

    def __init__(
        self,
        runner: PrefixRunner,
        source: Renders,
        rows: RowParts,
        device: torch.device,
        num_threads: int,
    ) -> None:
        """Say which rows.

        Args:
            runner: The frozen prefix.
            source: What renders them.
            rows: Positions in its table.
            device: Where batches go.
            num_threads: Threads that render.
        """
        self.runner, self.source, self.rows = runner, source, rows
        self.device, self.num_threads = device, num_threads

    @property
    def mode(self) -> str:
        """The numeric mode in which rows are computed."""
        return self.runner.mode

    def train(
        self,
        batches: Sequence[NDArray[np.int64]],
        epoch: int,
        draws: Sequence[NDArray[np.int64]] | None = None,
    ) -> Iterator[Tensor]:
        """Each batch as float32 (B, …)."""
        positions = np.concatenate(batches) if batches else np.zeros(0, np.int64)
        epochs = np.concatenate(draws) if draws else np.full(len(positions), epoch)
        rows = DrawnRows(self.source, self.rows.train[positions], epochs)
        sizes = [len(batch) for batch in batches]
        if isinstance(self.runner, PixelRunner) and isinstance(self.source, NetworkSource):
            stream = stream_pixels(
                rows.render, range(len(rows)),
                block=MADE_TOGETHER, num_threads=self.num_threads, ahead=4 * MADE_TOGETHER,
            )  # fmt: skip
            yield from batches_on_device(all_readable(stream), sizes, self.device)
            return
        yield from regroup(computed_rows(self.runner, rows, self.num_threads), sizes, self.device)

    def valid(self) -> Iterator[Tensor]:
        """All validation rows, in order."""
        return self._plain(self.rows.valid)

    def choice(self) -> Iterator[Tensor]:
        """All rows that choose, in order."""
        return self._plain(self.rows.choice)

    def _plain(self, rows: NDArray[np.int64]) -> Iterator[Tensor]:
        plain = RenderedRows(self.source, rows)
        return computed_blocks(self.runner, plain, self.device, self.num_threads)


@dataclass(frozen=True, eq=False)
class DrawnRows:
    """Rows (N,), each as its own epoch (N,) sees it."""

    source: Renders
    rows: NDArray[np.int64]
    epochs: NDArray[np.int64]

    def __len__(self) -> int:
        """How many rows."""
        return len(self.rows)

    def render(self, position: int) -> View:
        """(size, size, 3) uint8, or what a device makes such of."""
        view = view_of_epoch(int(self.epochs[position]), precompute=False)
        return self.source.render(int(self.rows[position]), view)


def computed_blocks(
    runner: PrefixRunner, rows: RowPixels, device: torch.device, num_threads: int
) -> Iterator[Tensor]:
    """Computed rows in blocks of VALID_ROWS.

    Args:
        runner: The frozen prefix.
        rows: What renders them.
        device: Where blocks go.
        num_threads: Threads that render.
    """
    sizes = [min(VALID_ROWS, len(rows) - i) for i in range(0, len(rows), VALID_ROWS)]
    yield from regroup(computed_rows(runner, rows, num_threads), sizes, device)


def computed_rows(
    runner: PrefixRunner, rows: RowPixels, num_threads: int
) -> Iterator[NDArray[np.generic]]:
    """What a runner makes of rows, in parts of any length."""
    stream = stream_pixels(
        rows.render, range(len(rows)), block=runner.batch, num_threads=num_threads, ahead=128
    )
    for _, values in runner.run(all_readable(stream)):
        yield values


def all_readable(blocks: Iterator[PixelBlock]) -> Iterator[PixelBlock]:
    """Blocks as they come; a row that was readable before and is not now stops the run."""
    for block in blocks:
        if block.failures:
            raise block.failures[0]
        yield block


def stored_blocks(
    namespace: CacheNamespace, positions: NDArray[np.int64], device: torch.device
) -> Iterator[Tensor]:
    """Stored rows in blocks of VALID_ROWS."""
    for start in range(0, len(positions), VALID_ROWS):
        yield to_tensor(namespace.gather(positions[start : start + VALID_ROWS]), device)


def regroup(
    outputs: Iterator[NDArray[np.generic]], sizes: Sequence[int], device: torch.device
) -> Iterator[Tensor]:
    """Parts of any length → batches of the sizes asked for."""
    waiting: list[NDArray[np.generic]] = []
    have = 0
    for size in sizes:
        while have < size:
            part = next(outputs)
            waiting.append(part)
            have += len(part)
        joined = np.concatenate(waiting)
        yield to_tensor(joined[:size], device)
        waiting, have = [joined[size:]], have - size


def to_tensor(values: NDArray[np.generic], device: torch.device) -> Tensor:
    """Stored values as float32 on a device, pixels as they are."""
    if values.dtype == np.uint8:
        return torch.from_numpy(values).to(device)
    return torch.from_numpy(values.astype(np.float32)).to(device)
