"""Names of rows that lie in shards: made when they are asked for, some bytes a row."""

import operator
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Protocol, SupportsIndex, overload, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class NamesInShard(Protocol):
    """Names within one shard, sorted."""

    def __len__(self) -> int:
        """How many."""

    def __getitem__(self, place: int, /) -> str:
        """One of them."""

    def place_of(self, text: str) -> int | None:
        """Where a name is; None where it is not."""


class CellNumbers:
    """Numbers of the rows of a table as texts of equal length, such as 000017."""

    def __init__(self, number: int) -> None:
        """Say how many there are."""
        self.number, self.digits = number, len(str(max(number - 1, 0)))

    def __len__(self) -> int:
        """How many."""
        return self.number

    def __getitem__(self, place: int) -> str:
        """One of them."""
        return f"{place:0{self.digits}d}"

    def place_of(self, text: str) -> int | None:
        """Which row it names; None for none."""
        if len(text) != self.digits or not (text.isdecimal() and text.isascii()):
            return None
        return int(text) if int(text) < self.number else None


class CellNames(Sequence[str]):
    """Names such as ``photos.parquet/image/000017`` or ``photos.tar/cat.jpg``, sorted.

    A table of ten million rows would need a gigabyte for them as texts.
    """

    def __init__(
        self,
        prefixes: Sequence[str],
        shards: Sequence[int | NamesInShard],
        numbers: NDArray[np.int64] | None = None,
    ) -> None:
        """Say what they are.

        Args:
            prefixes: (S,) what the names of each shard begin with, sorted; none begins as another
                does.
            shards: (S,) how many rows it has, which are numbered; or what is in it.
            numbers: (N,) which of all these are meant, ascending; None for all.
        """
        self.prefixes = tuple(prefixes)
        self.shards = tuple(CellNumbers(one) if isinstance(one, int) else one for one in shards)
        self.starts = [0, *np.cumsum([len(one) for one in self.shards], dtype=np.int64).tolist()]
        self.numbers = numbers

    def __len__(self) -> int:
        """N."""
        return int(self.starts[-1]) if self.numbers is None else len(self.numbers)

    @overload
    def __getitem__(self, row: SupportsIndex) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> "Sequence[str]": ...

    def __getitem__(self, row: SupportsIndex | slice) -> "str | Sequence[str]":
        """The name of a row, or those of several.

        Raises:
            IndexError: there is no such row.
        """
        if isinstance(row, slice):
            return tuple(self[each] for each in range(*row.indices(len(self))))
        place = operator.index(row)
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        number = place % len(self) if self.numbers is None else int(self.numbers[place])
        shard = bisect_right(self.starts, number) - 1
        return self.prefixes[shard] + self.shards[shard][number - self.starts[shard]]

    def __iter__(self) -> Iterator[str]:
        """Every name, in order."""
        return (self[row] for row in range(len(self)))

    def __contains__(self, name: object) -> bool:
        """Whether a row has this name; no other is looked at."""
        text = str(name)
        shard = bisect_right(self.prefixes, text) - 1
        if shard < 0 or not text.startswith(self.prefixes[shard]):
            return False
        within = self.shards[shard].place_of(text[len(self.prefixes[shard]) :])
        if within is None or self.numbers is None:
            return within is not None
        wanted = self.starts[shard] + within
        place = int(np.searchsorted(self.numbers, wanted))
        return place < len(self.numbers) and int(self.numbers[place]) == wanted

    def __eq__(self, other: object) -> bool:
        """Whether another sequence has the same names in the same order."""
        if not isinstance(other, (CellNames, tuple, list)) or len(self) != len(other):
            return False
        return all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def kept(self, keep: NDArray[np.bool_]) -> "CellNames":
        """Some of these rows.

        Args:
            keep: (N,) true for those that stay.
        """
        rows = np.flatnonzero(keep)
        return CellNames(
            self.prefixes, self.shards, rows if self.numbers is None else self.numbers[rows]
        )
