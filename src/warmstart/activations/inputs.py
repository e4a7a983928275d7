"""Batches of activations, read from the store or computed on the way: the same bits."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.activations.runner import PrefixRunner
from warmstart.activations.space import Space
from warmstart.batches.rendering import PixelBlock, stream_pixels

RenderedRows: TypeAlias = tuple[Callable[[int], NDArray[np.uint8]], int]
VALID_ROWS = 64  # rows per judging batch: fixed, so that a row's bits depend on nothing else


class StoredInputs:
    """Rows from a space."""

    def __init__(
        self,
        space: Space,
        train_keys: Callable[[int], Sequence[bytes]],
        valid_keys: Sequence[bytes],
        device: torch.device,
        choice_keys: Sequence[bytes] = (),
    ) -> None:
        """Take the names of the training rows in each epoch (computed when first seen), and valid.

        Args:
            space: Where the rows lie.
            train_keys: Epoch → names of all training rows, every one stored.
            valid_keys: Names of the validation rows.
            device: Where batches go.
            choice_keys: Names of the rows that choose.
        """
        self.space, self.train_keys, self.device = space, train_keys, device
        self.valid_positions = space.locate(valid_keys)
        self.choice_positions = space.locate(choice_keys)

    def train(
        self,
        batches: Sequence[NDArray[np.int64]],
        epoch: int,
        draws: Sequence[NDArray[np.int64]] | None = None,
    ) -> Iterator[Tensor]:
        """Each batch as float32 (B, …)."""
        epochs = np.unique(np.concatenate(draws) if draws else [epoch])
        located = np.stack([self.space.locate(self.train_keys(int(each))) for each in epochs])
        for number, rows in enumerate(batches):
            seen = epoch if draws is None else draws[number]
            positions = located[np.searchsorted(epochs, seen), rows]
            yield to_tensor(self.space.gather(positions), self.device)

    def valid(self) -> Iterator[Tensor]:
        """All validation rows, in order."""
        yield from stored_blocks(self.space, self.valid_positions, self.device)

    def choice(self) -> Iterator[Tensor]:
        """All rows that choose, in order."""
        yield from stored_blocks(self.space, self.choice_positions, self.device)


class ComputedInputs:
    """Rows from the prefix runner, nothing stored."""

    def __init__(
        self,
        runner: PrefixRunner,
        render_train: Callable[[int], Callable[[int], NDArray[np.uint8]]],
        render_valid: RenderedRows,
        device: torch.device,
        num_threads: int,
        render_choice: RenderedRows | None = None,
    ) -> None:
        """Take functions that render.

        Args:
            runner: The frozen prefix.
            render_train: Epoch → (training position → pixels).
            render_valid: (Validation position → pixels), and how many there are.
            device: Where batches go.
            num_threads: Threads that render.
            render_choice: Like ``render_valid``, of the rows that choose.
        """
        self.runner, self.render_train = runner, render_train
        self.render_valid, self.render_choice = render_valid, render_choice
        self.device, self.num_threads = device, num_threads

    def train(
        self,
        batches: Sequence[NDArray[np.int64]],
        epoch: int,
        draws: Sequence[NDArray[np.int64]] | None = None,
    ) -> Iterator[Tensor]:
        """Each batch as float32 (B, …)."""
        rows = [int(row) for batch in batches for row in batch]
        if draws is None:
            draws = [np.full(len(batch), epoch) for batch in batches]
        renders = [self.render_train(int(e)) for part in draws for e in part]
        every = (lambda i: renders[i](rows[i]), len(rows))
        outputs = computed_rows(self.runner, every, self.num_threads)
        yield from regroup(outputs, [len(batch) for batch in batches], self.device)

    def valid(self) -> Iterator[Tensor]:
        """All validation rows, in order."""
        yield from computed_blocks(self.runner, self.render_valid, self.device, self.num_threads)

    def choice(self) -> Iterator[Tensor]:
        """All rows that choose, in order."""
        rows = self.render_choice
        if rows is not None:
            yield from computed_blocks(self.runner, rows, self.device, self.num_threads)


def computed_blocks(
    runner: PrefixRunner, rows: RenderedRows, device: torch.device, num_threads: int
) -> Iterator[Tensor]:
    """Computed rows in blocks of VALID_ROWS.

    Args:
        runner: The frozen prefix.
        rows: How each is rendered, and how many there are.
        device: Where blocks go.
        num_threads: Threads that render.
    """
    num_rows = rows[1]
    sizes = [min(VALID_ROWS, num_rows - i) for i in range(0, num_rows, VALID_ROWS)]
    yield from regroup(computed_rows(runner, rows, num_threads), sizes, device)


def computed_rows(
    runner: PrefixRunner, rows: RenderedRows, num_threads: int
) -> Iterator[NDArray[np.generic]]:
    """What a runner makes of rows, in parts of any length."""
    render, num_rows = rows
    stream = stream_pixels(
        render, range(num_rows), block=runner.batch, num_threads=num_threads, ahead=128
    )
    for _, values in runner.run(readable(stream)):
        yield values


def readable(blocks: Iterator[PixelBlock]) -> Iterator[PixelBlock]:
    """Blocks as they come; a row that was readable before and is not now stops the run."""
    for block in blocks:
        if block.failures:
            raise block.failures[0]
        yield block


def stored_blocks(
    space: Space, positions: NDArray[np.int64], device: torch.device
) -> Iterator[Tensor]:
    """Stored rows in blocks of VALID_ROWS."""
    for start in range(0, len(positions), VALID_ROWS):
        yield to_tensor(space.gather(positions[start : start + VALID_ROWS]), device)


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
