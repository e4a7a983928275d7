"""Blocks made by another thread, a few ahead of whoever takes them, on a stream of their own."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any

import torch

from warmstart.batches.rendering import PixelBlock

AHEAD = 2  # blocks that wait at most
PATIENCE_SECONDS = 0.1  # after which a thread looks whether anybody still wants its blocks


@dataclass(frozen=True, eq=False)
class Made:
    """A block; or why there is none: the error that came, or None where all were made."""

    block: PixelBlock | None
    error: BaseException | None = None


def in_thread(blocks: Iterable[PixelBlock], device: torch.device) -> Iterator[PixelBlock]:
    """The same blocks in the same order; an error comes where it would have come.

    Args:
        blocks: Made on a thread that ends when no more are wanted.
        device: On CUDA the thread has a stream of its own.
    """
    queue: Queue[Made] = Queue(AHEAD)
    stopped = Event()
    thread = Thread(target=make, args=(blocks, device, queue, stopped), daemon=True, name="blocks")
    thread.start()
    try:
        while (made := taken(queue, thread)).block is not None:
            yield made.block
        if made.error is not None:
            raise made.error
    finally:
        stopped.set()
        thread.join()


def taken(queue: "Queue[Made]", thread: Thread) -> Made:
    """The next that was made; waits in parts, so that Ctrl-C is heard."""
    while True:
        try:
            return queue.get(timeout=PATIENCE_SECONDS)
        except Empty:
            if not thread.is_alive() and queue.empty():
                return Made(None, RuntimeError("the thread that makes blocks has ended"))


def make(
    blocks: Iterable[PixelBlock], device: torch.device, queue: "Queue[Made]", stopped: Event
) -> None:
    """Fill the queue until all are made, or nobody wants them."""
    end = Made(None)
    found = iter(blocks)
    try:
        with stream_of_its_own(device):
            for block in found:
                if not put(Made(block), queue, stopped):
                    break
    except BaseException as error:  # noqa: BLE001 (whoever takes the blocks raises it)
        end = Made(None, error)
    finally:
        close: Any = getattr(found, "close", None)
        if close is not None:
            close()
        put(end, queue, stopped)


def put(made: Made, queue: "Queue[Made]", stopped: Event) -> bool:
    """Put one into the queue; False where nobody wants it any more."""
    while not stopped.is_set():
        try:
            queue.put(made, timeout=PATIENCE_SECONDS)
        except Full:
            continue
        return True
    return False


def stream_of_its_own(device: torch.device) -> AbstractContextManager[Any]:
    """A CUDA stream for what this thread does; nothing elsewhere."""
    if device.type != "cuda":
        return nullcontext()
    return torch.cuda.stream(torch.cuda.Stream(device))  # type: ignore[no-untyped-call]
