"""Work that each process takes parts of, as it is free: nobody need come, nothing is done twice.

A part is claimed in the store of torch.distributed; who finds all of them claimed waits for those
who claimed. A process that asks alone gets every part.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from warmstart.ranks.ranks import Ranks
from warmstart.ranks.talk import seconds_to_wait

FEWEST_ROWS, MOST_ROWS = 32, 2048  # of a part: less is not worth a claim, more a kill would cost
PARTS_EACH = 4  # so that a fast process takes more of them


class Marks:
    """A mark that one process sets, and for which others wait."""

    def __init__(self, ranks: Ranks, *names: object) -> None:
        """Name it, alike in all processes."""
        from torch.distributed.distributed_c10d import PrefixStore, _get_default_store

        name = hashlib.sha256(repr(names).encode()).hexdigest()[:32]
        self.ranks, self.store = ranks, PrefixStore(f"warmstart/{name}", _get_default_store())

    def set(self) -> None:
        """Set it."""
        self.store.set("mark", "1")

    def wait(self, what: str) -> None:
        """Until it is set.

        Args:
            what: For which it is waited.
        """
        if self.ranks.talk is not None:
            with self.ranks.talk.errors_in_words(what):
                self.store.wait(["mark"], timedelta(seconds=seconds_to_wait()))


class Claims:
    """Who does which part of one work, among all processes."""

    def __init__(self, ranks: Ranks, work: Sequence[bytes]) -> None:
        """Name the work by its rows: the same rows are the same work."""
        from torch.distributed.distributed_c10d import PrefixStore, _get_default_store

        name = hashlib.sha256(b"".join(work)).hexdigest()[:32]
        self.ranks, self.num_rows = ranks, len(work)
        self.store = PrefixStore(f"warmstart/{name}", _get_default_store())

    def parts(self) -> list[slice]:
        """The parts, alike in all processes."""
        wanted = -(-self.num_rows // (PARTS_EACH * self.ranks.size))
        rows = min(MOST_ROWS, max(FEWEST_ROWS, wanted))
        return [slice(start, start + rows) for start in range(0, self.num_rows, rows)]

    def claim(self, part: int) -> bool:
        """Whether this process is the first to ask for a part, which is its own then."""
        return int(self.store.add(f"claimed/{part}", 1)) == 1

    def finish(self, part: int) -> None:
        """Say that a part is done."""
        self.store.set(f"done/{part}", "1")

    def wait(self, parts: Sequence[int]) -> None:
        """Until others have done these."""
        if parts and self.ranks.talk is not None:
            with self.ranks.talk.errors_in_words("rows that others compute"):
                keys = [f"done/{part}" for part in parts]
                self.store.wait(keys, timedelta(seconds=seconds_to_wait()))
