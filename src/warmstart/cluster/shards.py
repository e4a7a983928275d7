"""A shard: the rows of one batch as an object, named by what was asked for, and its checksum.

The same batch makes the same bytes, so the same name: whoever is second changes nothing. The first
part of the name is known before anything is computed, so whoever starts again finds what is done.
"""

import io
import json
import re
import zlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from warmstart.cluster.batch import BatchRows
from warmstart.errors import FileError
from warmstart.files.objects import ObjectFolder
from warmstart.files.strict import parse_json, refuse_file
from warmstart.files.tensors import header_of

ABOUT = "about"  # what a shard's card says besides numbers
TICKET_DIGITS = 32
MOST_SHARD_BYTES = 4 << 30
NAME = re.compile(rf"([0-9a-f]{{{TICKET_DIGITS}}})-([0-9a-f]{{8}})\.safetensors")
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "U8": "u1", "I64": "<i8"}


@dataclass(frozen=True)
class ShardCard:
    """What a shard says besides numbers: (name, reason) of what is not in it, and notes."""

    failures: list[tuple[str, str]]
    notes: list[str]


def shard_bytes(made: BatchRows) -> bytes:
    """A safetensors file: the same rows give the same bytes."""
    arrays = {"keys": made.keys, "positions": made.positions, "rows": made.rows}
    if made.scores is not None:
        arrays["scores"] = made.scores
    about = ShardCard([*made.failures], [*made.notes])
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return save(contiguous, {ABOUT: json.dumps(asdict(about))})


def rows_of_shard(content: bytes, name: str) -> BatchRows:
    """What ``shard_bytes`` was given.

    Args:
        content: A shard's.
        name: What errors call it; a FileError where it is no shard.
    """
    header = header_of(io.BytesIO(content), len(content), name)
    found: dict[str, NDArray[Any]] = {}
    for title, entry in header.tensors.items():
        first, last = (header.start + offset for offset in entry.data_offsets)
        if entry.dtype not in DTYPES:
            break
        array = np.frombuffer(content[first:last], DTYPES[entry.dtype])
        found[title] = array.reshape(entry.shape)
    try:
        about = parse_json(header.card[ABOUT], ShardCard, name)
        made = BatchRows(
            found["positions"], found["keys"], found["rows"], found.get("scores"),
            tuple(about.failures), tuple(about.notes),
        )  # fmt: skip
    except KeyError as error:
        refuse_file(name, f"is no shard: it lacks {error}")
    if not len(made.positions) == len(made.keys) == len(made.rows):
        refuse_file(name, "is no shard: its parts have different numbers of rows")
    return made


def shard_name(ticket: str, content: bytes) -> str:
    """What a shard is called.

    Args:
        ticket: TICKET_DIGITS hexadecimal digits that name what was asked for.
        content: What came of it.
    """
    return f"{ticket}-{zlib.crc32(content):08x}.safetensors"


def commit_shard(folder: ObjectFolder, ticket: str, made: BatchRows) -> str:
    """Put the rows of a batch where they stay, whole or not at all; gives the shard's name.

    Args:
        folder: Where the shards of a job lie.
        ticket: As for ``shard_name``.
        made: The rows.
    """
    content = shard_bytes(made)
    name = shard_name(ticket, content)
    folder.put(name, content)
    return name


def shards_by_ticket(folder: ObjectFolder) -> dict[str, str]:
    """Names of the shards in a folder, by ticket; of two of one ticket the first by name."""
    found: dict[str, str] = {}
    for name in folder.names():
        match = NAME.fullmatch(name)
        if match is not None:
            found.setdefault(match[1], name)
    return found


def read_shard(folder: ObjectFolder, name: str) -> BatchRows | None:
    """The rows of a shard; None where it is gone, or not as it was written, so made anew.

    Args:
        folder: Where it lies.
        name: From ``commit_shard``.
    """
    try:
        content = folder.read(name, MOST_SHARD_BYTES)
        if not name.endswith(f"-{zlib.crc32(content):08x}.safetensors"):
            return None
        return rows_of_shard(content, name)
    except FileError:
        return None
