"""Which pictures a model was trained on, by content, so that they do not judge it unnoticed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from warmstart.errors import ModelFolderError

SEEN = "seen_pictures.safetensors"
BEST_EPOCH, UNKNOWN_THRESHOLD = "the best epoch", "the threshold of unknown"  # what may be chosen
# The first 8 of a sha256's 32 bytes: among 1,000,000 pictures and as many to be judged, one of
# these is taken for one of those once in twenty million times.
Keys = NDArray[np.uint64]
MOST_KEPT = 1_000_000  # of each kind: 8 MB. Of more the lowest are kept, a fair draw of all.
MOST_BYTES = 4 * 8 * MOST_KEPT + 4096  # what trained, and up to three choices; and a header


def keys_of(hashes: Sequence[bytes]) -> Keys:
    """The first 8 bytes of each sha256, (N,), in the order given."""
    return np.frombuffer(b"".join(one[:8] for one in hashes), ">u8").astype(np.uint64)


@dataclass(frozen=True, eq=False)
class SeenPictures:
    """Keys of the pictures that trained, sorted; and of those that chose something, by what it was.

    Rows of every fit count, also of one that was undone. ``is_whole`` is False once there were more
    than ``MOST_KEPT``.
    """

    trained: Keys = field(default_factory=lambda: keys_of(()))
    chose: Mapping[str, Keys] = field(default_factory=dict)
    is_whole: bool = True

    def joined(self, hashes: Sequence[bytes], choice: str | None = None) -> "SeenPictures":
        """With further pictures.

        Args:
            hashes: The sha256 of each.
            choice: What they chose (law 15); None if they trained.
        """
        if not hashes:
            return self
        before = self.trained if choice is None else self.chose.get(choice, keys_of(()))
        keys = np.union1d(before, keys_of(hashes))
        is_whole = self.is_whole and len(keys) <= MOST_KEPT
        keys = keys[:MOST_KEPT]
        if choice is None:
            return replace(self, trained=keys, is_whole=is_whole)
        return replace(self, chose={**self.chose, choice: keys}, is_whole=is_whole)

    def choices_of(self, keys: Keys) -> tuple[str, ...]:
        """What some of these pictures chose."""
        return tuple(choice for choice, own in self.chose.items() if np.isin(keys, own).any())

    def to_file(self) -> tuple[bytes, dict[str, Any]]:
        """What the file holds, and what the model's card says of it."""
        choices = sorted(self.chose)
        lists = [self.trained, *(self.chose[choice] for choice in choices)]
        content = save(dict(zip(names_of(choices), lists, strict=True)))
        return content, {
            "sha256": hashlib.sha256(content).hexdigest(),
            "choices": choices,
            "is_whole": self.is_whole,
        }


def names_of(choices: Sequence[str]) -> list[str]:
    """What the file calls its lists: that of the pictures that trained, then those that chose."""
    return ["trained", *(f"chose {number}" for number in range(len(choices)))]


def read_seen(folder: Path, entry: object) -> SeenPictures | None:
    """Read what ``to_file`` made.

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
    file = folder / SEEN
    try:
        return parsed(bounded_bytes(file), entry)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelFolderError(
            f"{file} is not the file that was saved: {error}.",
            expected="the sha256 in the model's card.",
            fix="copy the folder again from where it was made.",
        ) from error


def bounded_bytes(file: Path) -> bytes:
    """What a file holds.

    Raises:
        ValueError: it is no regular file, or a larger one than any that is written.
    """
    if not file.is_file():
        raise ValueError("there is no such file")
    if file.stat().st_size > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
    return file.read_bytes()


def parsed(content: bytes, entry: Any) -> SeenPictures:
    """What the bytes of a file and its entry in the card say.

    Raises:
        ValueError: they do not fit each other.
    """
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise ValueError("its checksum differs")
    tensors, choices = load(content), [str(choice) for choice in entry["choices"]]
    trained, *chose = [tensors[name] for name in names_of(choices)]
    if any(keys.dtype != np.uint64 or keys.ndim != 1 for keys in (trained, *chose)):
        raise ValueError("it holds something else than keys of pictures")
    return SeenPictures(trained, dict(zip(choices, chose, strict=True)), bool(entry["is_whole"]))
