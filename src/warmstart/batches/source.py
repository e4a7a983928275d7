"""Pixels and content hashes of a table's rows, wherever the images lie."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from warmstart.batches.rendering import PendingView, RenderAhead, Rendering, View
from warmstart.batches.together import RenderedTogether
from warmstart.data.content import ContentHashes, path_texts
from warmstart.data.table import ImageTable
from warmstart.errors import UnreadableImageError
from warmstart.images.augment import Augmentation
from warmstart.images.augmented import AugmentedRecipe
from warmstart.images.image_file import encode_array, read_image_file
from warmstart.images.view import USED, ViewRecipe
from warmstart.ranks.launch import cores_per_process

CHANGED = "it changed while it was read"


@runtime_checkable
class ViewsOnDevice(Protocol):
    """What makes views on a device, such as ``device_views.pending.DeviceViews``."""

    @property
    def name(self) -> str:
        """What belongs to the names of its plain views."""

    def drawn_name(self, augmentation: Augmentation) -> str:
        """What belongs to the names of views that vary so; "" where the processor makes them."""

    def prepare(
        self, recipe: ViewRecipe, content: bytes, name: str, *, use_damaged: bool = False
    ) -> PendingView:
        """What a thread does for one picture; arguments as of ``ViewRecipe.render``."""

    def prepare_drawn(
        self,
        recipe: AugmentedRecipe,
        content: bytes,
        name: str,
        view: int,
        content_sha256: bytes,
        *,
        use_damaged: bool = False,
    ) -> PendingView:
        """Likewise of any view; arguments as of ``AugmentedRecipe.render``."""


def plain_name(recipe: ViewRecipe, views_on: ViewsOnDevice | None) -> str:
    """What stored rows of plain views are called by; ``views_on`` as of ``PixelSource``."""
    return recipe.name() + (f" by {views_on.name}" if views_on else "")


@dataclass(frozen=True, eq=False)
class PixelSource:
    """Renders views of a table's rows; ``ahead`` may have plain ones ready.

    Where nothing varies, every view is the plain one. ``together`` renders plain views for several
    networks, of which this source is the one at ``place``. Where ``views_on`` is given, a device
    makes the views that networks see; people see those of ``render``.
    """

    table: ImageTable
    recipe: ViewRecipe
    ahead: RenderAhead | None = None
    augmentation: Augmentation | None = None
    view_seed: int = 0
    together: RenderedTogether | None = None
    place: int = 0
    views_on: ViewsOnDevice | None = None

    @property
    def varies(self) -> bool:
        """Whether views from 1 differ from the plain one."""
        return self.augmentation is not None

    def view_name(self, view: int) -> str:
        """What stored rows of a view are called by.

        Args:
            view: 0 for the plain one.
        """
        if self.augmentation is None or view == 0:
            return plain_name(self.recipe, self.views_on)
        drawn = self._drawn_on_device
        name = AugmentedRecipe(self.recipe, self.augmentation, self.view_seed).name(view)
        return name + (f" by {drawn}" if drawn else "")

    @cached_property
    def _drawn_on_device(self) -> str:
        """What belongs to the names of augmented views that a device makes; "" where none does."""
        if self.views_on is None or self.augmentation is None:
            return ""
        return self.views_on.drawn_name(self.augmentation)

    @cached_property
    def _damaged(self) -> frozenset[str]:
        return frozenset(item.name for item in self.table.damaged)

    def view_names(self, rows: Sequence[int] | NDArray[np.int64], view: int) -> list[str]:
        """Likewise for each of some rows: what a damaged picture gives has a name of its own.

        Args:
            rows: Positions in the table.
            view: 0 for the plain one.
        """
        name, names = self.view_name(view), self.table.names
        return [name + USED if names[row] in self._damaged else name for row in rows]

    def content(self, row: int) -> bytes:
        """The bytes of a row's image; an UnreadableImageError where its file is gone or is none."""
        name = self.table.names[row]
        array = self.table.memory.get(name)
        if array is not None:
            return encode_array(array)
        return read_image_file(self.table.root / name, name)

    def render(self, row: int, view: int = 0) -> NDArray[np.uint8]:
        """One view of one row: (size, size, 3) uint8."""
        ready = self._taken(row, view)
        if ready is not None:
            return ready.pixels
        content = self.content(row)
        has_draw = view > 0 and self.varies
        sha256 = hashlib.sha256(content).digest() if has_draw else b""
        return self._rendered(row, view, content, sha256)

    def rendering(self, row: int) -> Rendering:
        """The plain view of one row, with the hash of the very bytes it was made from."""
        content = self.content(row)
        sha256 = hashlib.sha256(content).digest()
        return Rendering(sha256, self._rendered(row, 0, content, sha256))

    @property
    def for_networks(self) -> "PixelSource | NetworkSource":
        """What renders views as networks see them."""
        return self if self.views_on is None else NetworkSource(self)

    def render_exactly(self, row: int, sha256: bytes, view: int = 0) -> View:
        """One view of bytes that have a given hash, and of no others.

        Args:
            row: Which image.
            sha256: The hash after which the result will be named.
            view: 0 for the plain one.

        Returns:
            (size, size, 3) uint8, or a view that a device finishes.

        Raises:
            UnreadableImageError: the file holds other bytes by now (``CHANGED``), or is unreadable.
        """
        ready = None if self.views_on else self._taken(row, view)
        if ready is not None and ready.sha256 == sha256:
            return ready.pixels
        content = self.content(row)
        if hashlib.sha256(content).digest() != sha256:
            raise UnreadableImageError(self.table.names[row], CHANGED)
        pending = self.pending(row, view, content, sha256)
        return self._rendered(row, view, content, sha256) if pending is None else pending

    def pending(
        self, row: int, view: int, content: bytes, sha256: bytes = b""
    ) -> PendingView | None:
        """A view that a device finishes; None where this one is made by the processor.

        Args:
            row: Which image.
            view: 0 for the plain one.
            content: The bytes of the image.
            sha256: Their hash, if it is known.
        """
        if self.views_on is None:
            return None
        name = self.table.names[row]
        uses = name in self._damaged
        if self.augmentation is None or view == 0:
            return self.views_on.prepare(self.recipe, content, name, use_damaged=uses)
        if not self._drawn_on_device:
            return None
        sha256 = sha256 or hashlib.sha256(content).digest()
        views = AugmentedRecipe(self.recipe, self.augmentation, self.view_seed)
        return self.views_on.prepare_drawn(views, content, name, view, sha256, use_damaged=uses)

    def _rendered(self, row: int, view: int, content: bytes, sha256: bytes) -> NDArray[np.uint8]:
        name = self.table.names[row]
        uses = name in self._damaged
        if self.augmentation is None or view == 0:
            if self.together is not None and not uses:
                return self.together.render(self.place, name, content, name)
            return self.recipe.render(content, name, use_damaged=uses)
        views = AugmentedRecipe(self.recipe, self.augmentation, self.view_seed)
        return views.render(content, name, view, sha256, use_damaged=uses)

    def _taken(self, row: int, view: int) -> Rendering | None:
        if view > 0 and self.varies:
            return None
        name = self.table.names[row]
        ready = None if self.ahead is None else self.ahead.take(name)
        if ready is None and self.together is not None:
            ready = self.together.take(self.place, name)
        return ready

    def paths(self) -> list[Path]:
        """The files of all rows that are files."""
        table = self.table
        return [table.root / name for name in table.names if name not in table.memory]

    def content_hashes(self, rows: NDArray[np.int64], hashes: ContentHashes) -> list[bytes]:
        """The sha256 of each row's bytes."""
        in_memory = {
            int(row): hashlib.sha256(self.content(int(row))).digest()
            for row in rows
            if self.table.names[row] in self.table.memory
        }
        files = [int(row) for row in rows if int(row) not in in_memory]
        names = [self.table.names[row] for row in files]
        found = hashes.sha256_of(path_texts(self.table.root, names))
        known = in_memory | dict(zip(files, found, strict=True))
        return [known[int(row)] for row in rows]


@dataclass(frozen=True, eq=False)
class NetworkSource:
    """A table's rows as networks see them: views are finished by a device."""

    source: PixelSource

    def render(self, row: int, view: int = 0) -> View:
        """One view of one row."""
        content = self.source.content(row)
        pending = self.source.pending(row, view, content)
        return self.source.render(row, view) if pending is None else pending


def num_cores() -> int:
    """Cores that this process may use; of several that torchrun started here, each has its part."""
    if hasattr(os, "sched_getaffinity"):
        return cores_per_process(len(os.sched_getaffinity(0)))
    return cores_per_process(os.cpu_count() or 1)
