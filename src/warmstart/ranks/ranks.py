"""What several processes do together: agree, wait, gather, add up. One alone does nothing of it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError
from warmstart.ranks.launch import Launch, read_launch

if TYPE_CHECKING:
    from torch import Tensor, nn

    from warmstart.ranks.talk import Talk

T = TypeVar("T")
Array = TypeVar("Array", bound=NDArray[Any])


class Ranks:
    """This process among those that train together; ``ALONE`` has nobody to ask.

    All of them run the same program, and meet where a function of this class is called; ``what``
    says for what, so that two that meet for different things are told apart.
    """

    def __init__(self, launch: Launch, talk: "Talk | None" = None) -> None:
        """Speak through ``talk``; None where there is one process."""
        self.rank, self.size = launch.rank, launch.size
        self.local_rank = launch.local_rank
        self.talk = talk

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def share(self, rows: Array) -> Array:
        """The part of some rows (N, …) that is this process's; parts follow each other."""
        return rows if self.talk is None else np.array_split(rows, self.size)[self.rank]  # type: ignore[return-value]

    def agreed(self, what: str, value: T) -> T:
        """The first process's value, for all."""
        if self.talk is None:
            return value
        first: T = self.talk.exchange(what, value if self.is_first else None)[0]
        return first

    def gathered(self, what: str, rows: Array) -> Array:
        """The rows of all processes, in the order of their ranks."""
        if self.talk is None:
            return rows
        return np.concatenate(self.talk.exchange(what, rows))  # type: ignore[return-value]

    def gathered_blocks(
        self, what: str, blocks: Iterable[NDArray[Any]], num_blocks: int
    ) -> Iterator[NDArray[Any]]:
        """All blocks in order, of which this process makes every ``size``-th.

        Args:
            what: They are.
            blocks: Those of ``own_blocks(num_blocks)``, one after the other.
            num_blocks: Of all processes.
        """
        own = iter(blocks)
        if self.talk is None:
            yield from own
            return
        for first in range(0, num_blocks, self.size):
            mine = next(own) if first + self.rank < num_blocks else None
            for block in self.talk.exchange(what, mine):
                if block is not None:
                    yield block

    def own_blocks(self, num_blocks: int) -> range:
        """Which blocks this process makes."""
        return range(self.rank, num_blocks, self.size)

    def wait(self, what: str) -> None:
        """Until all have come here."""
        if self.talk is not None:
            self.talk.exchange(what, None)

    def check_same(self, what: str, value: object) -> None:
        """See that all have the same; ``value`` is compared by what it prints.

        Raises:
            SettingError: they do not.
        """
        if self.talk is None:
            return
        given: Sequence[str] = self.talk.exchange(what, repr(value))
        other = next((rank for rank, each in enumerate(given) if each != given[0]), None)
        if other is not None:
            raise SettingError(
                f"{what} of rank {other} differ from those of rank 0.",
                expected="the same program, arguments and data for all ranks.",
                fix="start all of them with the same command; on several computers, give each the "
                "same images and versions.",
            )

    def any(self, flag: bool) -> bool:  # noqa: FBT001 - it is all that is asked
        """Whether it is so in one of them."""
        return flag if self.talk is None else self.talk.highest(int(flag)) > 0

    def mean(self, loss: "Tensor") -> "Tensor":
        """The mean of a number () over all processes, computed where it is."""
        return loss if self.talk is None else self.talk.mean(loss)

    def begin_alike(self, module: "nn.Module") -> None:
        """Give a module the first process's parameters and buffers."""
        if self.talk is not None:
            self.talk.send_state(module)

    def errors_in_words(self) -> AbstractContextManager[None]:
        """An error that only says that a connection broke says what to do."""
        return nullcontext() if self.talk is None else self.talk.errors_in_words("a step")


ALONE = Ranks(Launch())


@cache
def current_ranks() -> Ranks:
    """This process's; the first call meets the others, if torchrun started any."""
    launch = read_launch()
    if launch.size == 1:
        return ALONE
    from warmstart.ranks.talk import Talk  # torch loads here

    return Ranks(launch, Talk(launch))
