"""Files of tensors that are whole and unchanged, or are refused.

A safetensors file whose header carries the sha256 of the file itself, taken while zeros stand
where the sum will be; so every bit is covered, and any safetensors reader still opens it.
"""

import hashlib
import io
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from safetensors.torch import load, save
from torch import Tensor

from warmstart.errors import FileError, TrainingError, reason_of
from warmstart.files.reading import read_regular
from warmstart.files.strict import json_table
from warmstart.files.tensors import header_of
from warmstart.files.writing import write_whole

MOST_BYTES = 1 << 40  # a network with its optimiser's moments; the disk bounds it
NO_SUM = "0" * 64
OPENING = b'"sha256":"'  # inside the card, which is a JSON string, its quotes would be escaped


def write_sealed(path: Path, tensors: Mapping[str, Tensor], card: Mapping[str, Any]) -> None:
    """Write, fsync, rename: a reader finds the whole file, or the one before it.

    Args:
        path: Where; what is there is replaced.
        tensors: By name; two that share memory are written twice.
        card: Whatever JSON can say.

    Raises:
        TrainingError: the disk is full or cannot be written.
    """
    own = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    content = save(own, {"card": json.dumps(card), "sha256": NO_SUM})
    digest = hashlib.sha256(content).hexdigest().encode()
    content = content.replace(OPENING + NO_SUM.encode(), OPENING + digest, 1)
    try:
        write_whole(path, content, what=f"{len(content)} bytes of {path.name}")
    except FileError as error:
        raise TrainingError(
            error.what,
            expected=error.expected,
            fix="free some space, or pass another folder for checkpoints.",
        ) from error


def read_sealed(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and card of a file that is as it was written."""
    content = content_of(path)
    (header_bytes,) = struct.unpack("<Q", content[:8].ljust(8, b"\0"))
    start = content.find(OPENING, 8, 8 + header_bytes) + len(OPENING)
    digest = content[start : start + len(NO_SUM)]
    unsealed = content[:start] + NO_SUM.encode() + content[start + len(NO_SUM) :]
    if hashlib.sha256(unsealed).hexdigest().encode() != digest:
        raise_damaged(path, f"its {len(content)} bytes do not have the checksum they carry")
    try:  # a sum can be made by anybody
        header = header_of(io.BytesIO(content), len(content), str(path))
        card = json_table(header.card.get("card", ""), str(path), has_infinity=True)
    except FileError as error:
        raise_damaged(path, error.what)
    return load(content), card


def content_of(path: Path) -> bytes:
    """All bytes of a file."""
    try:
        return read_regular(path, MOST_BYTES)
    except OSError as error:
        raise_damaged(path, reason_of(error))


def raise_damaged(path: Path, reason: str) -> NoReturn:
    """Say how a file is not as it was written.

    Raises:
        TrainingError: always.
    """
    raise TrainingError(
        f"{path} is damaged: {reason}.",
        expected="a file as warmstart wrote it.",
        fix=f"delete it and begin this fit anew: rm {path}",
    )
