"""Views of pictures that a model is asked about; damaged ones only where that is wanted."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from warmstart.data.table import Exclusion, damaged_notes
from warmstart.errors import UnreadableImageError
from warmstart.images.augmented import AugmentedRecipe
from warmstart.images.view import ViewRecipe
from warmstart.inference.pictures import Pictures


class PictureViews:
    """Renders any view of some pictures, and remembers which of them are damaged."""

    def __init__(
        self,
        pictures: Pictures,
        plain: ViewRecipe,
        views: AugmentedRecipe | None,
        on_unreadable: str,
    ) -> None:
        """Say how they are seen.

        Args:
            pictures: The pictures.
            plain: How view 0 is made.
            views: How all others are made; None where there are none.
            on_unreadable: "raise", or "use" for what is left of damaged JPEGs.
        """
        self.pictures, self.plain, self.views = pictures, plain, views
        self.on_unreadable = on_unreadable
        self._damaged: dict[int, Exclusion] = {}

    def render(self, view: int, position: int) -> NDArray[np.uint8]:
        """One view of one picture: (size, size, 3) uint8.

        Raises:
            UnreadableImageError: it cannot be read, or is damaged and not to be used.
        """
        content, name = self.pictures.content(position), self.pictures.names[position]
        try:
            return self._rendered(content, name, view, use_damaged=False)
        except UnreadableImageError as error:
            if self.on_unreadable != "use":
                raise
            pixels = self._rendered(content, name, view, use_damaged=True)
            self._damaged[position] = Exclusion(name, error.reason)
            return pixels

    def _rendered(
        self, content: bytes, name: str, view: int, *, use_damaged: bool
    ) -> NDArray[np.uint8]:
        if view == 0 or self.views is None:
            return self.plain.render(content, name, use_damaged=use_damaged)
        sha256 = hashlib.sha256(content).digest()
        return self.views.render(content, name, view, sha256, use_damaged=use_damaged)

    @property
    def notes(self) -> tuple[str, ...]:
        """How many of those that were rendered are damaged, and which."""
        return damaged_notes(tuple(self._damaged[place] for place in sorted(self._damaged)))
