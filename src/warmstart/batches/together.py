"""Plain views for several networks: each picture is read and decoded once."""

import hashlib
from collections.abc import Hashable, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from warmstart.batches.rendering import Rendering
from warmstart.images.picture import Picture
from warmstart.images.view import ViewRecipe

MOST_BYTES = 1 << 30  # of views that wait for the networks after the one that asked


class RenderedTogether:
    """Whoever renders a picture for one network renders it for those after it; each takes it once.

    The pixels are those that each would have got alone. Where too many wait, or a later network
    needs the picture decoded at another scale, it is decoded again.
    """

    def __init__(self, recipes: Sequence[ViewRecipe], most_bytes: int = MOST_BYTES) -> None:
        """Say how each network sees a picture, in the order in which they ask."""
        self.recipes, self.most_bytes = tuple(recipes), most_bytes
        self._lock = Lock()
        self._waiting: dict[tuple[int, Hashable], Rendering] = {}
        self._num_bytes = 0

    def take(self, which: int, key: Hashable) -> Rendering | None:
        """What another network's rendering left for this one; None if it did not.

        Args:
            which: The network's position.
            key: What the picture is called.
        """
        with self._lock:
            found = self._waiting.pop((which, key), None)
            if found is not None:
                self._num_bytes -= found.pixels.nbytes
        return found

    def render(self, which: int, key: Hashable, content: bytes, name: str) -> NDArray[np.uint8]:
        """The plain view of a sound picture; those of the networks after this one are kept.

        Args:
            which: The network's position.
            key: What the picture is called here.
            content: The file's bytes.
            name: What errors call it.

        Returns:
            (size, size, 3) uint8.
        """
        own = self.recipes[which]
        picture = own.picture(content, name)
        later = [
            number
            for number in range(which + 1, len(self.recipes))
            if own.decodes_like(self.recipes[number], content, picture)
        ]
        if later and self._num_bytes < self.most_bytes:
            self._keep(later, key, hashlib.sha256(content).digest(), picture)
        return own.shown(picture)

    def _keep(self, later: Sequence[int], key: Hashable, sha256: bytes, picture: Picture) -> None:
        made = {number: self.recipes[number].shown(picture) for number in later}
        with self._lock:
            for number, pixels in made.items():
                before = self._waiting.get((number, key))
                self._num_bytes += pixels.nbytes - (0 if before is None else before.pixels.nbytes)
                self._waiting[number, key] = Rendering(sha256, pixels)
