import time
from collections.abc import Callable, Iterator
from threading import Lock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from warmstart.batches.rendering import PixelBlock, stream_pixels
from warmstart.errors import UnreadableImageError


def picture(row: int) -> NDArray[np.uint8]:
    return np.random.default_rng(row).integers(0, 256, (3, 2, 3), np.uint8)


def uneven(row: int) -> NDArray[np.uint8]:
    time.sleep(0.0005 * (row % 3))  # so that a later row is often ready first
    if row % 7 == 6:
        raise UnreadableImageError(f"{row}.jpg", "broken")
    return picture(row)


class Counted:
    """Renders, and counts how many were begun."""

    def __init__(self) -> None:
        self.num_begun, self.lock = 0, Lock()

    def __call__(self, row: int) -> NDArray[np.uint8]:
        with self.lock:
            self.num_begun += 1
        return picture(row)


def flat(blocks: Iterator[PixelBlock]) -> list[tuple[list[int], bytes, list[str]]]:
    return [
        (block.rows.tolist(), block.pixels.tobytes(), [error.name for error in block.failures])
        for block in blocks
    ]


@pytest.mark.parametrize("num_threads", [1, 2, 16])
def test_the_number_of_threads_changes_nothing(num_threads: int) -> None:
    rows = [5, 3, 3, 90, *range(40)]
    found = flat(stream_pixels(uneven, rows, block=8, num_threads=num_threads, ahead=10))
    assert found == flat(stream_pixels(uneven, rows, block=8, num_threads=3, ahead=512))
    assert [row for block, _, _ in found for row in block] == [r for r in rows if r % 7 != 6]


@given(
    rows=st.lists(st.integers(0, 30), max_size=40),
    block=st.integers(1, 9),
    ahead=st.integers(0, 50),
    num_threads=st.integers(1, 16),
)
def test_every_row_comes_once_in_order_or_is_named(
    rows: list[int], block: int, ahead: int, num_threads: int
) -> None:
    def render(row: int) -> NDArray[np.uint8]:
        if row % 7 == 6:
            raise UnreadableImageError(str(row), "broken")
        return picture(row)

    blocks = list(stream_pixels(render, rows, block=block, num_threads=num_threads, ahead=ahead))
    assert [int(row) for b in blocks for row in b.rows] == [r for r in rows if r % 7 != 6]
    assert [int(e.name) for b in blocks for e in b.failures] == [r for r in rows if r % 7 == 6]
    sizes = [len(b.rows) + len(b.failures) for b in blocks]
    assert all(size == block for size in sizes[:-1])
    for found in blocks:
        for row, pixels in zip(found.rows, found.pixels, strict=True):
            assert np.array_equal(pixels, picture(int(row)))


def test_a_block_whose_every_row_failed_is_empty_and_says_so() -> None:
    (block,) = stream_pixels(uneven, [6, 13], block=8)
    assert len(block.rows) == len(block.pixels) == 0
    assert [error.name for error in block.failures] == ["6.jpg", "13.jpg"]


def test_no_row_gives_no_block() -> None:
    assert list(stream_pixels(picture, [])) == []


def test_another_error_is_not_swallowed() -> None:
    def render(row: int) -> NDArray[np.uint8]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(stream_pixels(render, range(20)))


def held_while_slow(render: Counted, ahead: int, pause: Callable[[], None]) -> int:
    """The most rows that were rendered and not yet taken."""
    most, taken = 0, 0
    for block in stream_pixels(render, range(200), block=4, num_threads=4, ahead=ahead):
        pause()
        most = max(most, render.num_begun - taken)
        taken += len(block.rows)
    assert taken == 200
    return most


@pytest.mark.parametrize("ahead", [4, 16, 50])
def test_a_slow_consumer_does_not_let_images_pile_up(ahead: int) -> None:
    render = Counted()
    assert held_while_slow(render, ahead, lambda: time.sleep(0.002)) <= ahead + 4
    assert render.num_begun == 200


def test_closing_early_leaves_the_rest_undone() -> None:
    render = Counted()
    stream = stream_pixels(render, range(1000), block=4, num_threads=2, ahead=20)
    assert next(stream).rows.tolist() == [0, 1, 2, 3]
    stream.close()  # type: ignore[attr-defined]
    begun = render.num_begun
    assert begun <= 24
    time.sleep(0.02)
    assert render.num_begun == begun  # the threads have ended


def test_closing_cancels_what_waits_for_a_thread() -> None:
    def render(row: int) -> NDArray[np.uint8]:
        time.sleep(0.005)
        counted(row)
        return picture(row)

    counted = Counted()
    stream = stream_pixels(render, range(1000), block=1, num_threads=1, ahead=400)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert counted.num_begun < 400
