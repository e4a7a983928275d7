"""A job: parts that become shards, on any engine, and their rows in the order of the parts.

Whoever starts a job again finds the shards that are done; a part whose shard is there is not
computed. So whoever dies, a worker or the driver, costs what was under way: at most a part each.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from warmstart.cluster.batch import Batch, BatchRows
from warmstart.cluster.shards import commit_shard, read_shard, shards_by_ticket
from warmstart.cluster.work import Rows
from warmstart.files.objects import ObjectFolder

PART_ROWS = 256  # images of a part: a second or two, which is what a death may cost


@dataclass(frozen=True, eq=False)
class Part:
    """What becomes one shard: a name of TICKET_DIGITS digits, and what gives the images."""

    ticket: str
    batch: Callable[[], Batch]
    num_images: int


@runtime_checkable
class Engine(Protocol):
    """Computes parts, commits their shards, and copes with workers that die."""

    @property
    def has_room(self) -> bool:
        """Whether it should be given another part."""

    def submit(self, part: Part) -> None:
        """Take a part, to be done at some time."""

    def next_done(self) -> tuple[str, str]:
        """Wait until some part is done: its ticket, and the name of its shard."""


class ThisProcess:
    """The engine that needs none: parts one by one, here."""

    def __init__(self, work: Rows, folder: ObjectFolder) -> None:
        """Say what is computed, and where shards go."""
        self.work, self.folder = work, folder
        self._waiting: deque[Part] = deque()

    @property
    def has_room(self) -> bool:
        """One at a time."""
        return not self._waiting

    def submit(self, part: Part) -> None:
        """Take a part."""
        self._waiting.append(part)

    def next_done(self) -> tuple[str, str]:
        """Compute the next part."""
        part = self._waiting.popleft()
        return part.ticket, commit_shard(self.folder, part.ticket, self.work(part.batch()))


def rows_in_order(
    parts: Sequence[Part], folder: ObjectFolder, engine: Engine
) -> Iterator[tuple[Part, BatchRows]]:
    """Each part with its rows, in the order of ``parts``; shards that are there are not made again.

    Args:
        parts: What is to be done; no two have the same ticket.
        folder: Where shards lie and go.
        engine: What computes those that are missing.
    """
    names = shards_by_ticket(folder)
    todo = deque(part for part in parts if part.ticket not in names)
    for part in parts:
        while True:
            while part.ticket not in names:
                while todo and engine.has_room:
                    engine.submit(todo.popleft())
                ticket, name = engine.next_done()
                names[ticket] = name
            name = names.pop(part.ticket)
            made = read_shard(folder, name)
            if made is not None:
                break
            folder.remove(name)  # damaged, or somebody removed it
            todo.appendleft(part)
        yield part, made


def remove_shards(parts: Sequence[Part], folder: ObjectFolder) -> None:
    """Delete the shards of a job whose result is kept elsewhere by now.

    Args:
        parts: Of the job.
        folder: Where its shards lie.
    """
    tickets = {part.ticket for part in parts}
    for name in folder.names():
        if name[: len(parts[0].ticket) if parts else 0] in tickets:
            folder.remove(name)
    folder.clear()
