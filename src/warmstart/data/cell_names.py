"""Names of rows that are cells of tables: made when they are asked for, twelve bytes a row."""

import operator
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import SupportsIndex, overload

import numpy as np
from numpy.typing import NDArray


class CellNames(Sequence[str]):
    """Names such as ``photos.parquet/image/000017``, sorted as the rows are.

    A table of ten million rows would need a gigabyte for them as texts.
    """

    def __init__(
        self,
        prefixes: Sequence[str],
        counts: Sequence[int],
        numbers: NDArray[np.int64] | None = None,
    ) -> None:
        """Say what they are.

        Args:
            prefixes: (S,) what the names of each table begin with, sorted.
            counts: (S,) how many rows it has.
            numbers: (N,) which of all these rows are meant, ascending; None for all.
        """
        self.prefixes, self.counts = tuple(prefixes), tuple(counts)
        self.starts = [0, *np.cumsum(counts, dtype=np.int64).tolist()]
        self.digits = [len(str(max(count - 1, 0))) for count in counts]
        self.numbers = numbers
        self._table_of = {prefix: place for place, prefix in enumerate(self.prefixes)}

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
        table = bisect_right(self.starts, number) - 1
        within = number - self.starts[table]
        return f"{self.prefixes[table]}{within:0{self.digits[table]}d}"

    def __iter__(self) -> Iterator[str]:
        """Every name, in order."""
        return (self[row] for row in range(len(self)))

    def __contains__(self, name: object) -> bool:
        """Whether a row has this name; no other is looked at."""
        prefix, slash, number = str(name).rpartition("/")
        table = self._table_of.get(prefix + slash)
        if table is None or not number.isdecimal() or len(number) != self.digits[table]:
            return False
        if int(number) >= self.counts[table]:
            return False
        if self.numbers is None:
            return True
        wanted = self.starts[table] + int(number)
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
            self.prefixes, self.counts, rows if self.numbers is None else self.numbers[rows]
        )
