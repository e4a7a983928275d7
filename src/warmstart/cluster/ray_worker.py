"""What runs in each of Ray's processes: the unit of work, and the commit of its shards."""

import os
import time
from dataclasses import dataclass

from filelock import FileLock, Timeout

from warmstart.batches.source import num_cores
from warmstart.cluster.batch import Batch
from warmstart.cluster.shards import commit_shard
from warmstart.cluster.work import ImageWork
from warmstart.errors import FileError, WarmstartError
from warmstart.files.objects import object_folder
from warmstart.files.quiet import temporary_folder


@dataclass(frozen=True)
class Answer:
    """What a worker says: the shard's name, and how long it took.

    ``refusal`` is (what, expected, fix) of an error that no other worker would do without.
    """

    name: str = ""
    seconds: float = 0.0
    refusal: tuple[str, str, str] | None = None


class RayWorker:
    """Holds the network."""

    def __init__(self, work: ImageWork, place: str, cores: int) -> None:
        """Take its cores; the network is loaded by ``load``.

        Args:
            work: What it computes.
            place: Where shards go.
            cores: How many it may use.
        """
        self.work, self.folder = work, object_folder(place)
        self.slot = take_cores(cores)

    def load(self) -> Answer:
        """Load and compile the network."""
        began = time.perf_counter()
        try:
            self.work.load()
        except WarmstartError as error:
            return refusal_of(error)
        return Answer(seconds=time.perf_counter() - began)

    def commit(self, ticket: str, batch: Batch) -> Answer:
        """Compute a part, and commit its shard.

        Args:
            ticket: Of the part.
            batch: Its images.

        Raises:
            OSError: its shard cannot be written now.
        """
        began = time.perf_counter()
        try:
            name = commit_shard(self.folder, ticket, self.work(batch))
        except FileError as error:  # a store may answer the next time
            raise OSError(error.what) from None
        except WarmstartError as error:
            return refusal_of(error)
        return Answer(name, time.perf_counter() - began)


def refusal_of(error: WarmstartError) -> Answer:
    """An error as plain data: its class need not survive the way."""
    return Answer(refusal=(error.what, error.expected, error.fix))


def take_cores(number: int) -> FileLock | None:
    """Run on so many cores that no other worker of this computer runs on, as far as there are some.

    What decodes and what compiles ask how many cores the process may use.

    Args:
        number: How many.

    Returns:
        The lock that keeps others off them, for as long as the process lives; None of no use.
    """
    if not hasattr(os, "sched_setaffinity") or number >= num_cores():
        return None
    cores = sorted(os.sched_getaffinity(0))
    for first in range(0, len(cores) - number + 1, number):
        lock = FileLock(temporary_folder() / f"cores-{number}-{cores[first]}")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        os.sched_setaffinity(0, cores[first : first + number])
        return lock
    return None
