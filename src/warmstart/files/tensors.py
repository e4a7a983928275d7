"""Headers of safetensors files: names, types and shapes, before any content is read.

Reference: the format of safetensors, eight bytes of length, JSON, then the numbers.
"""

import os
import struct
from dataclasses import dataclass, field
from io import BufferedIOBase
from math import prod
from pathlib import Path
from typing import NoReturn

from warmstart.errors import FileError
from warmstart.files.reading import is_pickle, open_regular
from warmstart.files.strict import convert, json_table

ITEM_BYTES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "I16": 2, "F16": 2,
    "BF16": 2, "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8,
}  # fmt: skip
MOST_HEADER_BYTES = 8 << 20  # a network of 1,000 layers has a header of half a megabyte
LENGTH_BYTES = 8
MOST_AXES, LONGEST_AXIS = 16, 1 << 40


@dataclass(frozen=True)
class Entry:
    """What a header says of one tensor."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]

    @property
    def num_bytes(self) -> int:
        """What its numbers take."""
        return self.data_offsets[1] - self.data_offsets[0]


@dataclass(frozen=True)
class Header:
    """All tensors of a file, the card that it carries, and where the numbers start."""

    tensors: dict[str, Entry]
    start: int
    card: dict[str, str] = field(default_factory=dict)

    @property
    def num_values(self) -> int:
        """Of all tensors together."""
        return sum(prod(shape) for shape in self.shapes.values())

    @property
    def num_bytes(self) -> int:
        """The whole file's."""
        ends = [entry.data_offsets[1] for entry in self.tensors.values()]
        return self.start + max(ends, default=0)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each tensor."""
        return {name: entry.shape for name, entry in self.tensors.items()}


def read_header(path: Path) -> Header:
    """The header of a file whose size is as the header says."""
    with open_regular(path) as file:
        return header_of(file, os.fstat(file.fileno()).st_size, str(path))


def header_of(file: BufferedIOBase, num_bytes: int, name: str) -> Header:
    """Likewise, of an open file at its beginning.

    Args:
        file: At its beginning.
        num_bytes: The whole file's.
        name: What errors call it.
    """
    opening = file.read(LENGTH_BYTES)
    (length,) = struct.unpack("<Q", opening.ljust(LENGTH_BYTES, b"\xff"))
    start = LENGTH_BYTES + length
    if length > MOST_HEADER_BYTES or start > num_bytes:
        is_one = is_pickle(opening)
        reason = "it is a pickle, which is not read" if is_one else "it is cut short, or none"
        refuse_tensors(name, reason)
    entries = json_table(file.read(length), name)
    card = entries.pop("__metadata__", {})
    if not isinstance(card, dict) or not all(isinstance(text, str) for text in card.values()):
        refuse_tensors(name, "its card is no table of texts")
    tensors = {
        title: convert(entry, Entry, f"{name}, {title!r},") for title, entry in entries.items()
    }
    check_entries(tensors, num_bytes - start, name)
    return Header(tensors, start, card)


def check_entries(tensors: dict[str, Entry], num_bytes: int, name: str) -> None:
    """See that tensors fill a file, each where its shape says."""
    end = 0
    for title, entry in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        size = ITEM_BYTES.get(entry.dtype)
        if size is None or not is_sensible(entry.shape):
            refuse_tensors(name, f"{title!r} is of no known type or shape")
        if entry.data_offsets != (end, end + size * prod(entry.shape)):
            refuse_tensors(name, f"{title!r} does not lie where its shape says")
        end = entry.data_offsets[1]
    if end != num_bytes:
        refuse_tensors(name, f"it has {num_bytes:,} bytes of numbers, and its header {end:,}")


def is_sensible(shape: tuple[int, ...]) -> bool:
    """Whether a tensor can have this shape."""
    return len(shape) <= MOST_AXES and all(0 <= length <= LONGEST_AXIS for length in shape)


def refuse_tensors(name: str, reason: str) -> NoReturn:
    """Say why a file is none of tensors.

    Raises:
        FileError: always.
    """
    raise FileError(
        f"{name} is no whole safetensors file: {reason}.",
        expected="a file of tensors as warmstart or safetensors wrote it.",
        fix="copy it again from where it was made.",
    )
