"""What timm says of an architecture's pixels, remembered: it takes seconds to be asked."""

import hashlib
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from warmstart.data.output_paths import cache_folder
from warmstart.errors import FileError
from warmstart.files.summed import read_summed, write_summed

FOLDER = "architectures"  # within the cache


def remembered_card(arch: str) -> dict[str, Any] | None:
    """The fields of a card that this version of timm gave before.

    Args:
        arch: timm's name.

    Returns:
        None where it was never asked, or is loaded and can be: then names may be registered that
        are the user's own.
    """
    if "timm" in sys.modules:
        return None
    with suppress(OSError, FileError):
        return read_summed(card_place(arch))
    return None


def remember_card(entry: Mapping[str, Any]) -> None:
    """Keep the fields of a card in the cache, if there is one; else timm is asked again.

    Args:
        entry: With the architecture's ``name``, which has to be one of timm's own.
    """
    if cache_folder().is_dir():  # not made here: the user may have named another
        with suppress(OSError, FileError):
            write_summed(card_place(str(entry["name"])), entry)


def is_timms_own(arch: str) -> bool:
    """Whether the function behind a name is timm's: others can be registered under any name."""
    import timm  # here: it takes seconds

    entry = timm.model_entrypoint(arch.partition(".")[0])
    return str(entry.__module__).startswith("timm.")


def card_place(arch: str) -> Path:
    """Where it lies: named by the architecture and the versions that read its configuration."""
    versions = [metadata.version(package) for package in ("timm", "warmstart")]
    digest = hashlib.sha256(json.dumps([arch, *versions]).encode()).hexdigest()
    return cache_folder() / FOLDER / f"{digest[:32]}.json"
