"""Files of tensors that are whole and unchanged, or are refused.

A safetensors file whose header carries the sha256 of the file itself, taken while zeros stand
where the sum will be; so every bit is covered, and any safetensors reader still opens it.
"""

import hashlib
import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from warmstart.data.durable import sync_folder
from warmstart.errors import TrainingError

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
    temporary = path.with_name(f".writing-{os.getpid()}-{path.name}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise TrainingError(
            f"{path}: {len(content)} bytes cannot be written ({error.strerror}).",
            expected="a folder that can be written, with room on its disk.",
            fix="free some space, or pass another folder for checkpoints.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def read_sealed(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and card of a file that is as it was written.

    Raises:
        TrainingError: it is cut short, or a bit of it has changed.
    """
    content = path.read_bytes()
    (header_bytes,) = struct.unpack("<Q", content[:8].ljust(8, b"\0"))
    start = content.find(OPENING, 8, 8 + header_bytes) + len(OPENING)
    digest = content[start : start + len(NO_SUM)]
    unsealed = content[:start] + NO_SUM.encode() + content[start + len(NO_SUM) :]
    if hashlib.sha256(unsealed).hexdigest().encode() != digest:
        raise TrainingError(
            f"{path} is damaged: its {len(content)} bytes do not have the checksum they carry.",
            expected="a file as warmstart wrote it.",
            fix=f"delete it and begin this fit anew: rm {path}",
        )
    header = json.loads(content[8 : 8 + header_bytes])
    card: dict[str, Any] = json.loads(header["__metadata__"]["card"])
    return load(content), card


def remove_leftovers(path: Path) -> list[Path]:
    """Delete what a killed writer of this file left; such parts are never read."""
    found = sorted(path.parent.glob(f".writing-*-{path.name}"))
    for leftover in found:
        leftover.unlink(missing_ok=True)
    return found
