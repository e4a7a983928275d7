"""Which images a model was trained on, by content, so that they do not judge it unnoticed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

BEST_EPOCH, UNKNOWN_THRESHOLD = "the best epoch", "the threshold of unknown"  # what may be chosen
# The first 8 of a sha256's 32 bytes: among 1,000,000 pictures and as many to be judged, one of
# these is taken for one of those once in twenty million times.
Keys = NDArray[np.uint64]
MOST_KEPT = 1_000_000  # of each kind: 8 MB. Of more the lowest are kept, a fair draw of all.


def keys_of(hashes: Sequence[bytes]) -> Keys:
    """The first 8 bytes of each sha256, (N,), in the order given."""
    return np.frombuffer(b"".join(one[:8] for one in hashes), ">u8").astype(np.uint64)


@dataclass(frozen=True, eq=False)
class SeenImages:
    """Keys of the pictures that trained, sorted; and of those that chose something, by what it was.

    Rows of every fit count, also of one that was undone. ``is_whole`` is False once there were more
    than ``MOST_KEPT``.
    """

    trained: Keys = field(default_factory=lambda: keys_of(()))
    chose: Mapping[str, Keys] = field(default_factory=dict)
    is_whole: bool = True

    def joined(self, hashes: Sequence[bytes], choice: str | None = None) -> "SeenImages":
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
