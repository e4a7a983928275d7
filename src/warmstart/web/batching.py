"""One thread that computes, and takes what waits meanwhile together."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class QueueFullError(Exception):
    """As much waits as may."""


@dataclass(frozen=True, eq=False)
class Job:
    """What is asked, and where the answer goes: an item of a batch, or a call of its own."""

    item: Any
    call: Callable[[], Any] | None = None
    future: "Future[Any]" = field(default_factory=Future)


class BatchWorker(Generic[Item, Result]):
    """Items in, results out, in order; whoever asks has a future.

    Nothing waits for company: the first item is computed at once, and those that came meanwhile
    are the next batch. So one client waits as briefly as can be, and many share the network's
    batches. An error of a batch is not everybody's: its items are then computed one by one.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        most_at_once: int,
        most_waiting: int,
    ) -> None:
        """Start the thread.

        Args:
            compute: Results of some items, in their order; called by this thread alone.
            most_at_once: Items of one batch.
            most_waiting: Jobs that are not answered; more are refused.
        """
        self._compute, self._most_at_once, self._most_waiting = compute, most_at_once, most_waiting
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._num_waiting = self.num_batches = self.num_items = 0
        self._thread = threading.Thread(target=self._run, name="warmstart-model", daemon=True)
        self._thread.start()

    @property
    def num_waiting(self) -> int:
        """Jobs that are not answered."""
        return self._num_waiting

    def submit(self, item: Item) -> "Future[Result]":
        """Ask for an item's result."""
        return self._enqueue(Job(item))

    def submit_call(self, call: Callable[[], Any]) -> "Future[Any]":
        """Ask for a call by the same thread, alone."""
        return self._enqueue(Job(None, call))

    def close(self) -> None:
        """End the thread after what waits."""
        self._jobs.put(None)
        self._thread.join()

    def _enqueue(self, job: Job) -> "Future[Any]":
        with self._lock:
            if self._num_waiting >= self._most_waiting:
                raise QueueFullError
            self._num_waiting += 1
        job.future.add_done_callback(self._leave)
        self._jobs.put(job)
        return job.future

    def _leave(self, _future: "Future[Any]") -> None:
        with self._lock:
            self._num_waiting -= 1

    def _run(self) -> None:
        next_job: Job | None = None
        while True:
            job = next_job or self._jobs.get()
            next_job = None
            if job is None:
                return
            if job.call is not None:
                settle(job, job.call)
                continue
            batch, next_job, is_last = self._gather(job)
            self._answer(batch)
            if is_last:
                return

    def _gather(self, first: Job) -> tuple[list[Job], Job | None, bool]:
        """Items that wait already; the call behind them, if that ends them; whether all ends."""
        batch = [first]
        while len(batch) < self._most_at_once:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return batch, None, True
            if job.call is not None:
                return batch, job, False
            batch.append(job)
        return batch, None, False

    def _answer(self, batch: Sequence[Job]) -> None:
        wanted = [job for job in batch if job.future.set_running_or_notify_cancel()]
        if not wanted:
            return
        self.num_batches += 1
        self.num_items += len(wanted)
        try:
            results = self._compute([job.item for job in wanted])
        except Exception as error:  # noqa: BLE001 - it is whoever asked who is told
            if len(wanted) == 1:
                wanted[0].future.set_exception(error)
                return
            for job in wanted:
                self._answer_alone(job)
            return
        for job, result in zip(wanted, results, strict=True):
            job.future.set_result(result)

    def _answer_alone(self, job: Job) -> None:
        try:
            (result,) = self._compute([job.item])
        except Exception as error:  # noqa: BLE001
            job.future.set_exception(error)
        else:
            job.future.set_result(result)


def settle(job: Job, call: Callable[[], Any]) -> None:
    """Call for a job, and give its future what comes of it."""
    if not job.future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except Exception as error:  # noqa: BLE001
        job.future.set_exception(error)
    else:
        job.future.set_result(result)
