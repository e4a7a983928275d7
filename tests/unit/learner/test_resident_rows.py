"""Rows that stay on a device are those of the store; where there is room, each is read once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from warmstart.activations.inputs import StoredInputs
from warmstart.activations.namespace import CacheNamespace, NamespaceCard
from warmstart.learner.resident_rows import ResidentInputs, ResidentRows

NUM_ROWS, SHAPE = 12, (3, 2)
CPU = torch.device("cpu")


class Store(CacheNamespace):
    """Rows of two views in memory, and how often each was read."""

    def __init__(self, dtype: str) -> None:
        rng = np.random.default_rng(0)
        self.rows = (rng.normal(size=(2 * NUM_ROWS, *SHAPE)) * 50).astype(dtype)
        self.card = NamespaceCard("toy", "0" * 64, "pooled", "toy", dtype, SHAPE)
        self.num_reads = np.zeros(len(self.rows), int)

    def gather(self, positions: NDArray[np.int64]) -> NDArray[np.generic]:
        np.add.at(self.num_reads, positions, 1)
        rows: NDArray[np.generic] = self.rows[positions]
        return rows

    def locate(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        return np.array([int(key) for key in keys], np.int64)


@dataclass
class TwoViews:
    """Epochs see one view and the other in turn; the store has their rows in another order."""

    def keys(self, epoch: int) -> Sequence[bytes]:
        return [b"%d" % (NUM_ROWS * (epoch % 2) + NUM_ROWS - 1 - i) for i in range(NUM_ROWS)]


def inputs_of(store: Store) -> StoredInputs:
    return StoredInputs(store, TwoViews(), (), CPU)


BATCHES = [np.array([3, 1, 4, 1]), np.array([11, 0, 9]), np.array([4, 3, 2, 1, 0])]
DRAWS = [np.array([0, 1, 0, 0]), np.array([2, 1, 0]), np.array([1, 1, 1, 0, 0])]


@pytest.mark.parametrize("dtype", ["float16", "float32", "uint8"])
@pytest.mark.parametrize("room", [0, 5, 100])
@pytest.mark.parametrize("draws", [None, DRAWS])
def test_batches_are_those_of_the_store(
    dtype: str, room: int, draws: Sequence[NDArray[np.int64]] | None
) -> None:
    store = Store(dtype)
    stored = inputs_of(store)
    budget = room * store.rows[0].nbytes
    resident = ResidentInputs(inputs_of(store), 2 * NUM_ROWS, budget)
    for epoch in range(4):
        for found, expected in zip(
            resident.train(BATCHES, epoch, draws), stored.train(BATCHES, epoch, draws), strict=True
        ):
            assert found.dtype == expected.dtype
            assert torch.equal(found, expected)


def test_each_row_is_read_once() -> None:
    store = Store("float16")
    resident = ResidentInputs(inputs_of(store), 2 * NUM_ROWS, 1 << 20)
    for epoch in range(4):
        list(resident.train(BATCHES, epoch))
    assert store.num_reads.max() == 1
    assert store.num_reads.sum() == 2 * len(set(np.concatenate(BATCHES).tolist()))


def test_no_more_than_the_budget_is_taken() -> None:
    store = Store("float32")
    rows = ResidentRows(store, CPU, 100, 5 * store.rows[0].nbytes + 1)
    assert len(rows.table) == 5
    rows.take(np.arange(4))
    rows.take(np.arange(4, 8))  # no room: these are sent, and the others stay
    rows.take(np.arange(4))
    assert store.num_reads.tolist() == [1] * 8 + [0] * 16
    assert rows.take(np.arange(4, 8)).shape == (4, *SHAPE)
    assert store.num_reads.tolist() == [1] * 4 + [2] * 4 + [0] * 16
