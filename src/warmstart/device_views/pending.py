"""Views that threads prepare, and a device finishes, a block at a time."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.batches.rendering import PendingView, PixelBlock
from warmstart.device_views.bare_jpeg import BareJpeg, bare_jpeg
from warmstart.device_views.colouring import (
    coloured_views,
    erased,
    unknown_operations,
)
from warmstart.device_views.device_decoder import is_sound_jpeg
from warmstart.device_views.flat_pictures import StoredPicture, flattened
from warmstart.device_views.placement import plain_placement
from warmstart.device_views.resampling import resample
from warmstart.device_views.view_plan import ViewPlan, plan_view
from warmstart.device_views.warping import drawn_views
from warmstart.errors import UnreadableImageError
from warmstart.images.augment import Augmentation, Variation, draw_variation
from warmstart.images.augmented import AugmentedRecipe, check_view
from warmstart.images.decode import decode
from warmstart.images.light import Noise, noise_of
from warmstart.images.view import ViewRecipe

RESAMPLER = "torch-whole-numbers/1"  # part of the name of such views: change it when pixels change
WARPER = "torch-warp-whole-numbers/1"  # likewise, of the name of augmented ones
Decode = Callable[[Sequence[BareJpeg]], list[Tensor]]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnView:
    """What one augmented view gets: its variation, its noise, and how it comes out of a picture."""

    variation: Variation
    noise: Noise | None
    plan: ViewPlan


@dataclass(frozen=True, eq=False)
class DeviceViews:
    """Makes views on a device.

    ``decode`` gives planes (3, H, W) of JPEGs there, and ``decoder`` is its name; without it the
    processor decodes all pictures. ``draws``: augmented views too, which otherwise are made by the
    processor.
    """

    device: torch.device
    decoder: str = ""
    decode: Decode | None = None
    draws: bool = True

    @property
    def name(self) -> str:
        """What belongs to the names of plain views, and to the numeric mode."""
        return f"{RESAMPLER} {self.decoder}".strip()

    def drawn_name(self, augmentation: Augmentation) -> str:
        """What belongs to the names of augmented views; "" where the processor makes them.

        Args:
            augmentation: How they vary. One with an operation that has no form here is warned of.
        """
        if not self.draws:
            return ""
        unknown = unknown_operations(augmentation.policy)
        if unknown:
            warnings.warn(
                f"{len(unknown)} operation(s) of {augmentation.policy} have no form on "
                f"{self.device} ({', '.join(unknown)}): threads of the processor make all "
                "augmented views.",
                stacklevel=2,
            )
            return ""
        return f"{WARPER} {self.name}"

    def prepare(
        self, recipe: ViewRecipe, content: bytes, name: str, *, use_damaged: bool = False
    ) -> "PendingPicture":
        """What a thread of the processor does for one picture.

        Args:
            recipe: Of the view.
            content: The file's bytes.
            name: What errors call it.
            use_damaged: Take what is left of a damaged JPEG.
        """
        state = self._begun(content, name, recipe.at_least(), use_damaged=use_damaged)
        return PendingPicture(self, recipe, content, name, state)

    def prepare_drawn(
        self,
        recipe: AugmentedRecipe,
        content: bytes,
        name: str,
        view: int,
        content_sha256: bytes,
        *,
        use_damaged: bool = False,
    ) -> "PendingPicture":
        """Likewise of any view.

        Args:
            recipe: Of all views.
            content: The file's bytes.
            name: What errors call it.
            view: 0 for the plain one.
            content_sha256: Hash of ``content``.
            use_damaged: Take what is left of a damaged JPEG.
        """
        plain = recipe.plain
        if check_view(view) == 0:
            return self.prepare(plain, content, name, use_damaged=use_damaged)
        variation = draw_variation(
            recipe.augmentation, int(recipe.view_seed), content_sha256, int(view)
        )
        at_least = plain.at_least(variation.zoom)
        state = self._begun(content, name, at_least, use_damaged=use_damaged)
        plan = plan_view(plain, variation, *state.size)
        drawn = DrawnView(variation, noise_of(variation.erasure, plain.size, plain.size), plan)
        return PendingPicture(self, plain, content, name, state, drawn)

    def _begun(
        self, content: bytes, name: str, at_least: int, *, use_damaged: bool
    ) -> StoredPicture | BareJpeg:
        if self.decode is not None and not use_damaged:
            jpeg = bare_jpeg(content, at_least)
            if jpeg is not None and is_sound_jpeg(content, jpeg.width, jpeg.height):
                return jpeg
        return decoded_by_processor(content, name, at_least, use_damaged=use_damaged)

    def decoded(self, pictures: Sequence["PendingPicture"]) -> list[StoredPicture | None]:
        """Each picture, as it was decoded before or is now; None where the device refuses it."""
        found = [
            picture.state if isinstance(picture.state, StoredPicture) else None
            for picture in pictures
        ]
        jpegs = {
            i: picture.state
            for i, picture in enumerate(pictures)
            if isinstance(picture.state, BareJpeg)
        }
        if self.decode is None or not jpegs:
            return found
        try:
            planes = dict(zip(jpegs, self.decode(list(jpegs.values())), strict=True))
        except RuntimeError:  # of one of them; the others must not depend on their neighbour
            planes = {i: alone for i in jpegs if (alone := self._alone(jpegs[i])) is not None}
        for i, values in planes.items():
            found[i] = StoredPicture(values, is_planes=True, orientation=jpegs[i].orientation)
        return found

    def _alone(self, jpeg: BareJpeg) -> Tensor | None:
        try:
            return None if self.decode is None else self.decode([jpeg])[0]
        except RuntimeError:
            return None


@dataclass(frozen=True, eq=False)
class PendingPicture(PendingView):
    """A picture of which a view is wanted: decoded, or a JPEG that the device decodes.

    ``recipe`` is that of the plain view; ``drawn`` is given of another.
    """

    views: DeviceViews
    recipe: ViewRecipe
    content: bytes
    name: str
    state: StoredPicture | BareJpeg
    drawn: DrawnView | None = None

    def finish(
        self, rows: Sequence[int], views: Sequence[Any], failures: Sequence[UnreadableImageError]
    ) -> "DeviceBlock":
        """The block of some pictures with one recipe.

        Args:
            rows: What they are called in the block.
            views: As many PendingPictures, this one among them.
            failures: Of other rows of the block; a picture that nobody can decode is another.
        """
        failures, kept = list(failures), list[tuple[int, StoredPicture, DrawnView | None]]()
        for row, picture, found in zip(rows, views, self.views.decoded(views), strict=True):
            try:
                kept.append((row, found or picture.decoded_here(), picture.drawn))
            except UnreadableImageError as error:
                failures.append(error)
        pictures, drawn = [item[1] for item in kept], [item[2] for item in kept]
        rows_kept = np.array([row for row, _, _ in kept], np.int64)
        return DeviceBlock(rows_kept, self.shown(pictures, drawn), tuple(failures))

    def decoded_here(self) -> StoredPicture:
        """The picture as the processor decodes it, which the device has refused to."""
        zoom = 1.0 if self.drawn is None else self.drawn.variation.zoom
        return decoded_by_processor(self.content, self.name, self.recipe.at_least(zoom))

    def shown(
        self, pictures: Sequence[StoredPicture], drawn: Sequence[DrawnView | None] = ()
    ) -> Tensor:
        """Views (B, S, S, 3) uint8 of decoded pictures: plain ones where nothing was drawn."""
        size, device = self.recipe.size, self.views.device
        out = torch.empty((len(pictures), size, size, 3), dtype=torch.uint8, device=device)
        if not pictures:
            return out
        flat, drawn = flattened(pictures, device), drawn or [None] * len(pictures)
        some = {i: each for i, each in enumerate(drawn) if each is not None}
        plain = [i for i in range(len(pictures)) if i not in some]
        if plain:
            numbers = torch.tensor(plain).to(device)
            places = [plain_placement(self.recipe, *pictures[i].size) for i in plain]
            out[numbers] = resample(flat.chosen(numbers), places, self.recipe.interpolation)
        if some:
            numbers = torch.tensor(list(some)).to(device)
            plans = [each.plan for each in some.values()]
            views = drawn_views(flat.chosen(numbers), plans, size, self.recipe.interpolation)
            views = coloured_views(views, [each.variation for each in some.values()])
            out[numbers] = erased(views, [each.noise for each in some.values()])
        return out


class DeviceBlock(PixelBlock):
    """A block whose pixels, ``tensor`` (B, S, S, 3) uint8, lie on a device.

    ``made`` is CUDA's event after which they are there, None where nothing need be waited for.
    """

    def __init__(
        self,
        rows: NDArray[np.int64],
        tensor: Tensor,
        failures: tuple[UnreadableImageError, ...],
    ) -> None:
        """Take rows that were made on the current stream."""
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "failures", failures)
        self.__dict__["tensor"] = tensor
        self.__dict__["made"] = None
        if tensor.device.type == "cuda":
            self.__dict__["made"] = torch.cuda.current_stream(tensor.device).record_event()

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The pixels, in the computer's memory."""
        fetched: NDArray[np.uint8] = self.on_device().cpu().numpy()
        return fetched

    def on_device(self) -> Tensor:
        """The pixels, for whoever works on the current stream."""
        tensor: Tensor = self.__dict__["tensor"]
        if self.__dict__["made"] is not None:
            stream = torch.cuda.current_stream(tensor.device)
            stream.wait_event(self.__dict__["made"])
            tensor.record_stream(stream)
        return tensor


def decoded_by_processor(
    content: bytes, name: str, at_least: int, *, use_damaged: bool = False
) -> StoredPicture:
    """A picture, upright; arguments as of ``images.decode.decode``."""
    image = decode(content, name, at_least=at_least, use_damaged=use_damaged)
    return StoredPicture(torch.from_numpy(np.array(image, np.uint8)))
