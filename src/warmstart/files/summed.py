"""Small JSON files with the checksum of what they say: for what the cache remembers."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warmstart.errors import FileError
from warmstart.files.reading import read_regular
from warmstart.files.strict import json_table
from warmstart.files.writing import write_whole

SUM = "sha256"
MOST_BYTES = 1 << 16


def write_summed(place: Path, entry: Mapping[str, Any]) -> None:
    """Write a file that is whole or not there.

    Args:
        place: Where; its folder is made.
        entry: What JSON can hold, but for the key "sha256".
    """
    write_whole(place, json.dumps({**entry, SUM: summed(entry)}))


def read_summed(place: Path) -> dict[str, Any]:
    """What was written. An OSError of a file that is not there is left to whoever calls.

    Raises:
        FileError: it is something else.
    """
    entry = json_table(read_regular(place, MOST_BYTES), str(place))
    if entry.pop(SUM, None) != summed(entry):
        raise FileError(
            f"{place} is not what was written: its checksum differs.",
            expected="the checksum that it ends with.",
            fix="delete it: it is made anew.",
        )
    return entry


def summed(entry: Mapping[str, Any]) -> str:
    """The checksum; the order of keys belongs to it."""
    return hashlib.sha256(json.dumps(entry).encode()).hexdigest()
