"""The file of a model folder that says which images trained the model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from warmstart.data.seen_images import MOST_KEPT, SeenImages
from warmstart.errors import FileError, ModelFolderError, reason_of
from warmstart.files.committing import read_committed, sha256_of
from warmstart.inference.model_card import SeenEntry

SEEN = "seen_pictures.safetensors"
MOST_BYTES = 4 * 8 * MOST_KEPT + 4096  # what trained, and up to three choices; and a header


def seen_file(seen: SeenImages) -> tuple[bytes, SeenEntry]:
    """What the file holds, and what the model's card says of it."""
    choices = sorted(seen.chose)
    lists = [seen.trained, *(seen.chose[choice] for choice in choices)]
    content = save(dict(zip(list_names(choices), lists, strict=True)))
    return content, SeenEntry(sha256_of(content), tuple(choices), seen.is_whole)


def list_names(choices: Sequence[str]) -> list[str]:
    """What the file calls its lists: that of the pictures that trained, then those that chose."""
    return ["trained", *(f"chose {number}" for number in range(len(choices)))]


def read_seen(folder: Path, entry: SeenEntry | None) -> SeenImages | None:
    """Read what ``seen_file`` made.

    Args:
        folder: Of the model.
        entry: What its card says of the file; None in one that an older version wrote.

    Returns:
        None where the model cannot tell.

    Raises:
        ModelFolderError: the file is not the one that was saved.
    """
    if entry is None:
        return None
    try:
        content = read_committed(folder, SEEN, entry.sha256, MOST_BYTES)
        return seen_of(content, entry)
    except (OSError, FileError, ValueError, KeyError, SafetensorError) as error:
        raise ModelFolderError(
            f"{folder / SEEN} is not the file that was saved: {reason_of(error)}",
            expected="the sha256 in the model's card.",
            fix="copy the folder again from where it was made.",
        ) from error


def seen_of(content: bytes, entry: SeenEntry) -> SeenImages:
    """What the bytes of a file and its entry in the card say.

    Raises:
        ValueError: they do not fit each other.
    """
    tensors = load(content)
    trained, *chose = [tensors[name] for name in list_names(entry.choices)]
    if any(keys.dtype != np.uint64 or keys.ndim != 1 for keys in (trained, *chose)):
        raise ValueError("it holds something else than keys of pictures")
    return SeenImages(trained, dict(zip(entry.choices, chose, strict=True)), entry.is_whole)
