"""Very many texts in one buffer: their bytes and eight more each, where an object takes sixty."""

import operator
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import SupportsIndex, overload


class PackedTexts(Sequence[str]):
    """Texts (N,) that do not change; sorted, if they are to be found."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Take them, in their order."""
        content = bytearray()
        self.ends = array("Q", (0,))
        for text in texts:
            content += text.encode("utf-8", "surrogatepass")
            self.ends.append(len(content))
        self.content = bytes(content)

    def __len__(self) -> int:
        """N."""
        return len(self.ends) - 1

    @overload
    def __getitem__(self, place: SupportsIndex) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> "Sequence[str]": ...

    def __getitem__(self, place: SupportsIndex | slice) -> "str | Sequence[str]":
        """One text, or several.

        Raises:
            IndexError: there are not so many.
        """
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(len(self))))
        number = operator.index(place)
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        number %= len(self)
        found = self.content[self.ends[number] : self.ends[number + 1]]
        return found.decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        """Each, in order."""
        return (self[place] for place in range(len(self)))

    def place_of(self, text: str) -> int | None:
        """Where a text is among these, which are sorted; None where it is not."""
        place = bisect_left(self, text)
        return place if place < len(self) and self[place] == text else None

    def __contains__(self, text: object) -> bool:
        """Whether it is among these, which are sorted."""
        return isinstance(text, str) and self.place_of(text) is not None

    def __eq__(self, other: object) -> bool:
        """Whether another sequence has the same texts in the same order."""
        if not isinstance(other, (PackedTexts, tuple, list)) or len(self) != len(other):
            return False
        return all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]
