import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from warmstart.activations.ahead import AHEAD, in_thread
from warmstart.batches.rendering import PixelBlock

CPU = torch.device("cpu")


def block_of(number: int) -> PixelBlock:
    return PixelBlock(np.array([number], np.int64), np.zeros((1, 2, 2, 3), np.uint8), ())


def test_the_same_blocks_by_another_thread() -> None:
    makers = set()

    def blocks() -> Iterator[PixelBlock]:
        for number in range(9):
            makers.add(threading.current_thread())
            yield block_of(number)

    assert [int(block.rows[0]) for block in in_thread(blocks(), CPU)] == list(range(9))
    assert threading.current_thread() not in makers


def test_an_error_comes_after_the_blocks_before_it() -> None:
    def blocks() -> Iterator[PixelBlock]:
        yield block_of(0)
        raise KeyboardInterrupt

    found = in_thread(blocks(), CPU)
    assert int(next(found).rows[0]) == 0
    with pytest.raises(KeyboardInterrupt):
        next(found)


def test_whoever_stops_ends_the_thread_and_closes_what_makes_blocks() -> None:
    made, closed = list[int](), threading.Event()

    def blocks() -> Iterator[PixelBlock]:
        try:
            for number in range(1000):
                made.append(number)
                yield block_of(number)
        finally:
            closed.set()

    before = threading.active_count()
    found = in_thread(blocks(), CPU)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert closed.is_set()
    assert threading.active_count() == before
    assert len(made) <= AHEAD + 3
