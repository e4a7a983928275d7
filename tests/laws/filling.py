"""A process that fills a namespace, for tests that kill it and tests that let two race.

Run as a script: ``filling.py kill FOLDER SEED NUM_KILLS`` or ``filling.py race FOLDER``.
"""

import hashlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.activations import fill as fill_module
from warmstart.activations.fill import fill
from warmstart.activations.namespace import CacheNamespace, NamespaceCard
from warmstart.batches.rendering import PixelBlock

NUM_ROWS, SHARD_ROWS, ROW_SHAPE = 400, 16, (64,)
CARD = NamespaceCard("tiny", "f" * 64, "pooled", "numpy", "float16", ROW_SHAPE)
KEYS = [hashlib.sha256(str(number).encode()).digest() for number in range(NUM_ROWS)]
WANTED = np.random.default_rng(0).normal(size=(NUM_ROWS, *ROW_SHAPE)).astype(np.float16)


class NumpyRunner:
    """Pixels → the row whose number is in them."""

    mode, stored_dtype, row_shape, batch = "numpy", "float16", ROW_SHAPE, 4

    def run(self, blocks: Iterable[PixelBlock]) -> Iterator[tuple[PixelBlock, NDArray[np.generic]]]:
        for block in blocks:
            numbers = block.pixels[:, 0, 0, 0].astype(np.int64) * 256 + block.pixels[:, 0, 0, 1]
            yield block, WANTED[numbers]


def stream_of(numbers: Sequence[int]) -> Callable[[list[int]], Iterator[PixelBlock]]:
    """Positions in ``numbers`` → pixels that hold these."""

    def stream(missing: list[int]) -> Iterator[PixelBlock]:
        for start in range(0, len(missing), 4):
            rows = np.array(missing[start : start + 4], np.int64)
            pixels = np.zeros((len(rows), 1, 1, 3), np.uint8)
            chosen = np.array(numbers)[rows]
            pixels[:, 0, 0, 0], pixels[:, 0, 0, 1] = chosen // 256, chosen % 256
            yield PixelBlock(rows, pixels, ())

    return stream


def fill_all(folder: Path, numbers: Sequence[int] = range(NUM_ROWS)) -> CacheNamespace:
    """Fill a namespace in small shards, so that there are many moments to be killed at."""
    fill_module.SHARD_ROWS = SHARD_ROWS
    namespace = CacheNamespace(folder, CARD)
    assert fill(namespace, [KEYS[i] for i in numbers], stream_of(numbers), NumpyRunner) == []
    return namespace


def check(folder: Path) -> tuple[int, int, int]:
    """Compare every row that is there with what it should be.

    Returns:
        The number of rows, of shards and of leftovers.
    """
    namespace = CacheNamespace(folder, CARD)
    assert namespace.damaged == []
    gone = set(namespace.missing(KEYS))
    there = [number for number in range(NUM_ROWS) if number not in gone]
    found = namespace.gather(namespace.locate([KEYS[number] for number in there]))
    assert found.tobytes() == WANTED[there].tobytes()
    shards = [path for path in namespace.folder.glob("*.safetensors") if path.name[0] != "."]
    return len(there), len(shards), len(list(namespace.folder.glob(".writing-*")))


def begin(action: Callable[[], object]) -> int:
    """Do something in a child of this process; returns its id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            action()
            code = 0
        finally:
            os._exit(code)
    return child


def kill_again_and_again(folder: Path, seed: int, num_kills: int) -> None:
    """Print what ``check`` finds after each kill, and after a filling that nobody stops."""
    generator = random.Random(seed)
    num_shards = 0
    for _ in range(num_kills):
        child = begin(lambda: fill_all(folder))
        wait_for(folder, num_shards + generator.choice([0, 0, 1, 2]))
        time.sleep(generator.uniform(0.0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = check(folder)
        num_shards = found[1]
        print_styled(found)
    fill_all(folder)
    print_styled(check(folder))


def wait_for(folder: Path, num_shards: int) -> None:
    """Until so many shards are there (never the last ones), or a second has passed."""
    num_shards = min(num_shards, NUM_ROWS // SHARD_ROWS - 1)
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if len(list(folder.glob("*/[!.]*.safetensors"))) >= num_shards:
            return
        time.sleep(0.001)


def race(folder: Path) -> None:
    """Two processes fill the same namespace at once, from both ends."""
    orders = range(NUM_ROWS), range(NUM_ROWS)[::-1]
    children = [begin(partial(fill_all, folder, order)) for order in orders]
    print_styled([os.waitpid(child, 0)[1] for child in children])
    print_styled(check(folder))


def print_styled(numbers: Sequence[int]) -> None:
    sys.stdout.write(" ".join(map(str, numbers)) + "\n")
    sys.stdout.flush()  # before the next fork, which would copy what waits


if __name__ == "__main__":
    place = Path(sys.argv[2])
    if sys.argv[1] == "kill":
        kill_again_and_again(place, int(sys.argv[3]), int(sys.argv[4]))
    else:
        race(place)
