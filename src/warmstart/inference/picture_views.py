"""Views of pictures that a model is asked about; damaged ones only where that is wanted."""

import hashlib
from collections.abc import Sequence
from typing import Any

from warmstart.batches.rendering import View
from warmstart.batches.source import ViewsOnDevice
from warmstart.batches.together import RenderedTogether
from warmstart.data.table import Exclusion, damaged_notes
from warmstart.errors import UnreadableImageError
from warmstart.images.augment import Augmentation
from warmstart.images.augmented import AugmentedRecipe
from warmstart.images.view import ViewRecipe
from warmstart.inference.averaging import tta_augmentation
from warmstart.inference.model_card import ModelCard
from warmstart.inference.pictures import Pictures


class PictureViews:
    """Renders any view of some pictures for each member of a model.

    Remembers which of them are damaged.
    """

    def __init__(
        self,
        pictures: Pictures,
        plain: Sequence[ViewRecipe],
        views: Sequence[AugmentedRecipe],
        on_unreadable: str,
        views_on: Sequence[ViewsOnDevice | None] = (),
    ) -> None:
        """Say how they are seen.

        Args:
            pictures: The pictures.
            plain: How view 0 is made for each member.
            views: How all others are made; empty where there are none.
            on_unreadable: "raise", or "use" for what is left of damaged JPEGs.
            views_on: For each member, what makes its views on a device, if anything does.
        """
        self.views_on = tuple(views_on) or (None,) * len(plain)
        self.drawn_on = [
            there if there is not None and there.drawn_name(recipe.augmentation) else None
            for there, recipe in zip(self.views_on, views, strict=False)
        ]
        self.pictures, self.plain, self.views = pictures, plain, views
        self.on_unreadable = on_unreadable
        self._together = RenderedTogether(plain)
        self._damaged: dict[int, Exclusion] = {}

    def render(self, member: int, view: int, position: int) -> View:
        """One view of one picture, as a member sees it: (size, size, 3) uint8, or pending.

        Raises:
            UnreadableImageError: it cannot be read, or is damaged and not to be used.
        """
        ready = self._together.take(member, position) if view == 0 else None
        if ready is not None:
            return ready.pixels
        content, name = self.pictures.content(position), self.pictures.names[position]
        try:
            return self._rendered(content, member, view, position, use_damaged=False)
        except UnreadableImageError as error:
            if self.on_unreadable != "use":
                raise
            pixels = self._rendered(content, member, view, position, use_damaged=True)
            self._damaged[position] = Exclusion(name, error.reason)
            return pixels

    def _rendered(
        self, content: bytes, member: int, view: int, position: int, *, use_damaged: bool
    ) -> View:
        name = self.pictures.names[position]
        if view == 0 or not self.views:
            views_on = self.views_on[member]
            if views_on is not None:
                return views_on.prepare(self.plain[member], content, name, use_damaged=use_damaged)
            if use_damaged:
                return self.plain[member].render(content, name, use_damaged=True)
            return self._together.render(member, position, content, name)
        sha256 = hashlib.sha256(content).digest()
        views, views_on = self.views[member], self.drawn_on[member]
        if views_on is not None:
            return views_on.prepare_drawn(
                views, content, name, view, sha256, use_damaged=use_damaged
            )
        return views.render(content, name, view, sha256, use_damaged=use_damaged)

    @property
    def notes(self) -> tuple[str, ...]:
        """How many of those that were rendered are damaged, and which."""
        return damaged_notes(tuple(self._damaged[place] for place in sorted(self._damaged)))


def views_of(
    card: ModelCard, recipes: Sequence[ViewRecipe], aug_tfms: Any
) -> tuple[AugmentedRecipe, ...]:
    """How views of a picture differ for each member: as in training, unless something is asked."""
    own = None if card.augmentation is None else Augmentation(**card.augmentation)
    chosen = aug_tfms or tta_augmentation(own)
    return tuple(AugmentedRecipe(recipe, chosen, card.view_seed) for recipe in recipes)
