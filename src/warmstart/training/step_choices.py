"""What was found out about steps by measuring, kept in the store.

A clock does not say the same twice where something else runs too. What was chosen once is read
back, so that a fit on the same computer computes as the one before it.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar

import torch
from torch import Tensor

from warmstart.errors import FileError, WarmstartError
from warmstart.files.reading import read_text
from warmstart.files.strict import convert, json_table
from warmstart.files.writing import write_whole

FORMAT_VERSION = 1


@dataclass(frozen=True)
class CompilingChoice:
    """Whether steps are compiled, and why, in words."""

    is_compiled: bool
    compiling: str
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True)
class PrecisionChoice:
    """The number type of steps."""

    precision: Literal["f32", "bf16"]
    format_version: int = FORMAT_VERSION


Choice = TypeVar("Choice", CompilingChoice, PrecisionChoice)


@dataclass(frozen=True)
class StepChoices:
    """Where choices are kept; ``name`` says of what network, and on what computer."""

    folder: Path
    name: str

    def file(self, batch: Tensor, *of: object) -> Path:
        """For steps on batches like this one; ``of`` is what else a choice depends on."""
        named = [self.name, list(batch.shape), *of, torch.__version__]
        digest = hashlib.sha256(json.dumps(named).encode()).hexdigest()
        return self.folder / f"step-{digest[:32]}.json"


def remembered(file: Path | None, kind: type[Choice], measure: Callable[[], Choice]) -> Choice:
    """A choice as it was kept, or measured and kept now.

    Args:
        file: Of the choice; None measures each time.
        kind: Which choice.
        measure: Finds it out.
    """
    kept = None if file is None else kept_step_choice(file, kind)
    if kept is not None:
        return kept
    found = measure()
    if file is not None:
        with suppress(OSError, WarmstartError):  # a store that may only be read
            write_whole(file, json.dumps(asdict(found), indent=1))
    return found


def kept_step_choice(path: Path, kind: type[Choice]) -> Choice | None:
    """A choice as it was kept; None where there is none that can be used."""
    try:
        found = convert(json_table(read_text(path), path.name), kind, path.name)
    except (OSError, FileError):
        return None
    return found if found.format_version == FORMAT_VERSION else None
