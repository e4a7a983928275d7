"""Which views a device gets: those that it makes as the processor does, to within a level or so."""

import hashlib
import io
import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from PIL import Image

from warmstart.device_views.device_decoder import decode_on_device
from warmstart.device_views.pending import DeviceViews
from warmstart.images.augment import Augmentation
from warmstart.images.augmented import AugmentedRecipe
from warmstart.images.view import ViewRecipe

SETTING = "WARMSTART_DEVICE_VIEWS"  # "off", or "all" for views by torch on a CPU too (for tests)
TRIED_SIZES = ((320, 240), (241, 280), (289, 290))
TRIED_VIEW = AugmentedRecipe(
    ViewRecipe(64), Augmentation("a trial", 30, 0.2, "top_down", 1.5, 0.5, "trivial_augment")
)
MOST_DIFFERENCE = 3.0  # levels, on average over a view: decoders enlarge colours differently


def device_views(device: torch.device) -> DeviceViews | None:
    """What makes views for networks on a device; None where threads of the processor do.

    Args:
        device: Where the networks run.
    """
    return views_as_asked(device, os.environ.get(SETTING, ""))


@lru_cache
def views_as_asked(device: torch.device, asked: str) -> DeviceViews | None:
    """Likewise; ``asked`` is what the environment says of them."""
    if asked == "off" or (device.type != "cuda" and asked != "all"):
        return None
    if device.type != "cuda":
        return DeviceViews(device)
    with_nvjpeg = DeviceViews(
        device, nvjpeg_name(device), lambda jpegs: decode_on_device(jpegs, device)
    )
    return first_sound((with_nvjpeg, DeviceViews(device)))


def first_sound(candidates: Sequence[DeviceViews]) -> DeviceViews | None:
    """The first whose views are like those of the processor; what is wrong with others is said.

    Args:
        candidates: Tried in this order. Where augmented views alone are wrong, the processor makes
            these.
    """
    for views in candidates:
        why = fault_of(views)
        if why:
            warnings.warn(
                f"Views on {views.device} are not used as planned ({views.name}: {why}).",
                stacklevel=3,
            )
            continue
        why = fault_of(views, is_drawn=True)
        if why:
            warnings.warn(
                f"Threads of the processor make augmented views: those on {views.device} are not "
                f"as planned ({views.name}: {why}).",
                stacklevel=3,
            )
        return replace(views, draws=not why)
    return None


def nvjpeg_name(device: torch.device) -> str:
    """What decodes there: nvJPEG's pixels may differ by version and by chip."""
    return f"nvjpeg-{torch.version.cuda}/{torch.cuda.get_device_name(device)}"


def fault_of(views: DeviceViews, *, is_drawn: bool = False) -> str:
    """Why views are not to be used; "" where they are like those of the processor.

    Args:
        views: Tried on JPEGs made for it, of several sizes and samplings.
        is_drawn: Whether augmented views are tried, or plain ones.
    """
    contents = [
        smooth_jpeg(width, height, subsampling)
        for width, height in TRIED_SIZES
        for subsampling in (0, 1, 2)
    ]
    what = [
        (content, "a trial", is_drawn * (number + 1), hashlib.sha256(content).digest())
        for number, content in enumerate(contents)
    ]
    try:
        pending = [views.prepare_drawn(TRIED_VIEW, *each) for each in what]
        if views.decode is not None and None in views.decoded(pending):
            return "it refuses ordinary JPEGs"
        block = pending[0].finish(range(len(contents)), pending, ())
        given = block.pixels.astype(np.float64)
    except Exception as error:  # noqa: BLE001 (whatever drivers raise; the processor can do it)
        return f"{type(error).__name__}: {error}"
    wanted = np.stack([TRIED_VIEW.render(*each) for each in what])
    if given.shape != wanted.shape:
        return f"views of shape {given.shape}"
    difference = float(np.abs(given - wanted).mean((1, 2, 3)).max())
    return "" if difference <= MOST_DIFFERENCE else f"{difference:.1f} levels off"


def smooth_jpeg(width: int, height: int, subsampling: int) -> bytes:
    """A JPEG of soft colours; ``subsampling`` as Pillow's: 0 is 4:4:4, 1 4:2:2, 2 4:2:0."""
    small = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    file = io.BytesIO()
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    image.save(file, "JPEG", quality=90, subsampling=subsampling)
    return file.getvalue()
