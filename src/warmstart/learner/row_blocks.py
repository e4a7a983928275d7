"""Rows of a head that stay in the store: when they do, and how they are read."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.activations.namespace import CacheNamespace
from warmstart.arguments import bytes_told
from warmstart.training.machine import machine_bytes

SETTING = "WARMSTART_HEAD_MEMORY"
MEMORY_SHARE = 1 / 2  # of the machine's, which the solver of rows that are held may take
COPIES = 6.0  # of the rows in float32 that it takes at its peak (benchmarks/many_rows.py)


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Some rows (N, D) of a store, in any order, of which a block is held at a time."""

    namespace: CacheNamespace
    positions: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        """(N, D)."""
        return len(self.positions), math.prod(self.namespace.card.shape)

    def __len__(self) -> int:
        """N."""
        return len(self.positions)

    def block(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Some of them (B, D), by position."""
        return self.namespace.gather(self.positions[rows]).astype(np.float32)

    def taken(self, rows: NDArray[np.int64]) -> "StoredRows":
        """Some of them, by position, as rows of their own."""
        return StoredRows(self.namespace, self.positions[rows])


def blocks_of(rows: NDArray[np.float32] | StoredRows, size: int) -> Iterator[Tensor]:
    """All rows in order, at most so many at a time."""
    if isinstance(rows, np.ndarray):
        yield from torch.split(torch.from_numpy(rows), size)
        return
    for first in range(0, len(rows), size):
        yield torch.from_numpy(rows.block(np.arange(len(rows))[first : first + size]))


def is_streamed(num_rows: int, num_features: int) -> bool:
    """Whether a head's rows are too many to be held, and are read from the store in each pass."""
    return num_rows * num_features * 4 * COPIES > head_memory()


def head_memory() -> int:
    """Bytes that the solver of rows that are held may take.

    WARMSTART_HEAD_MEMORY in gigabytes, or half of what this machine, or its container, has.
    """
    given = bytes_told(SETTING, example=8, also="; 0 reads rows from the store in each pass")
    return int(MEMORY_SHARE * machine_bytes()) if given is None else given
