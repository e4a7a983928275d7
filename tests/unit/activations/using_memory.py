"""Fills a namespace and reads it in random order; says the most memory that the process ever had.

Run as a script: ``using_memory.py FOLDER NUM_ROWS``.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from warmstart.activations.fill import fill
from warmstart.activations.inputs import StoredInputs
from warmstart.activations.namespace import CacheNamespace, NamespaceCard
from warmstart.batches.rendering import PixelBlock, stream_pixels
from warmstart.training.epoch_plan import epoch_batches

ROW_SHAPE = (2560,)
CARD = NamespaceCard("synthetic", "f" * 64, "pooled", "synthetic", "float16", ROW_SHAPE)


class Runner:
    """As wide as a large network's pooled output, and free of charge."""

    mode, stored_dtype, row_shape, batch = "synthetic", "float16", ROW_SHAPE, 64

    def run(self, blocks: Iterable[PixelBlock]) -> Iterator[tuple[PixelBlock, NDArray[np.generic]]]:
        for block in blocks:
            yield block, np.repeat(block.rows[:, None], 2560, axis=1).astype(np.float16)


def render(row: int) -> NDArray[np.uint8]:
    return np.zeros((8, 8, 3), np.uint8)


def peak_kilobytes() -> int:
    """Of this program alone; ``getrusage`` would count what the parent had when it forked."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))


class Names:
    def __init__(self, names: list[bytes]) -> None:
        self.names = names

    def keys(self, _epoch: int) -> list[bytes]:
        return self.names


def use(folder: Path, num_rows: int) -> None:
    keys = [hashlib.sha256(str(row).encode()).digest() for row in range(num_rows)]

    def stream(missing: list[int]) -> Iterator[PixelBlock]:
        return stream_pixels(render, missing, block=64)

    assert fill(CacheNamespace(folder, CARD), keys, stream, Runner) == []
    inputs = StoredInputs(
        CacheNamespace(folder, CARD), Names(keys), keys[:100], torch.device("cpu")
    )
    for epoch in range(2):
        batches = epoch_batches(num_rows, 64, 0, epoch)
        for rows, batch in zip(batches, inputs.train(batches, epoch), strict=True):
            assert np.array_equal(batch[:, 7].numpy(), rows.astype(np.float16))
    assert len(list(inputs.valid())) == 2


if __name__ == "__main__":
    use(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(f"{peak_kilobytes()}\n")
