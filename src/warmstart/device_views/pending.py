"""Plain views that threads prepare, and a device finishes, a block at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.batches.rendering import PendingView, PixelBlock
from warmstart.device_views.bare_jpeg import BareJpeg, bare_jpeg
from warmstart.device_views.device_decoder import is_sound_jpeg
from warmstart.device_views.flat_pictures import StoredPicture, flattened
from warmstart.device_views.placement import plain_placement
from warmstart.device_views.resampling import resample
from warmstart.errors import UnreadableImageError
from warmstart.images.view import ViewRecipe

RESAMPLER = "torch-whole-numbers/1"  # part of the name of such views: change it when pixels change
Decode = Callable[[Sequence[BareJpeg]], list[Tensor]]


@dataclass(frozen=True, eq=False)
class DeviceViews:
    """Makes plain views on a device.

    ``decode`` gives planes (3, H, W) of JPEGs there, and ``decoder`` is its name; without it the
    processor decodes all pictures.
    """

    device: torch.device
    decoder: str = ""
    decode: Decode | None = None

    @property
    def name(self) -> str:
        """What belongs to the names of such views, and to the numeric mode."""
        return f"{RESAMPLER} {self.decoder}".strip()

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
        if self.decode is not None and not use_damaged:
            jpeg = bare_jpeg(content, recipe.at_least())
            if jpeg is not None and is_sound_jpeg(content, jpeg.width, jpeg.height):
                return PendingPicture(self, recipe, content, name, jpeg)
        stored = decoded_by_processor(recipe, content, name, use_damaged=use_damaged)
        return PendingPicture(self, recipe, content, name, stored)

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
    """A picture of which a plain view is wanted: decoded, or a JPEG that the device decodes."""

    views: DeviceViews
    recipe: ViewRecipe
    content: bytes
    name: str
    state: StoredPicture | BareJpeg

    def finish(
        self, rows: Sequence[int], views: Sequence[Any], failures: Sequence[UnreadableImageError]
    ) -> "DeviceBlock":
        """The block of some pictures with one recipe.

        Args:
            rows: What they are called in the block.
            views: As many PendingPictures, this one among them.
            failures: Of other rows of the block; a picture that nobody can decode is another.
        """
        failures, kept = list(failures), list[tuple[int, StoredPicture]]()
        for row, picture, found in zip(rows, views, self.views.decoded(views), strict=True):
            try:
                kept.append(
                    (row, found or decoded_by_processor(self.recipe, picture.content, picture.name))
                )
            except UnreadableImageError as error:
                failures.append(error)
        return DeviceBlock(
            np.array([row for row, _ in kept], np.int64),
            self.shown([picture for _, picture in kept]),
            tuple(failures),
        )

    def shown(self, pictures: Sequence[StoredPicture]) -> Tensor:
        """Views (B, S, S, 3) uint8 of decoded pictures."""
        size, device = self.recipe.size, self.views.device
        if not pictures:
            return torch.empty((0, size, size, 3), dtype=torch.uint8, device=device)
        placements = [plain_placement(self.recipe, *picture.size) for picture in pictures]
        return resample(flattened(pictures, device), placements, self.recipe.interpolation)


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
    recipe: ViewRecipe, content: bytes, name: str, *, use_damaged: bool = False
) -> StoredPicture:
    """A picture, upright, as ``ViewRecipe.decoded`` gives it; arguments as of ``prepare``."""
    image = recipe.decoded(content, name, use_damaged=use_damaged)
    return StoredPicture(torch.from_numpy(np.array(image, np.uint8)))
