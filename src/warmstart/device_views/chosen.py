"""Which views a device gets: those that it makes as the processor does, to within a level or so."""

import io
import os
import warnings
from functools import lru_cache

import numpy as np
import torch
from PIL import Image

from warmstart.device_views.device_decoder import decode_on_device
from warmstart.device_views.pending import DeviceViews
from warmstart.images.view import ViewRecipe

SETTING = "WARMSTART_DEVICE_VIEWS"  # "off", or "all" for views by torch on a CPU too (for tests)
TRIED_SIZES = ((320, 240), (241, 280), (289, 290))
MOST_DIFFERENCE = 3.0  # levels, on average over a view: decoders enlarge colours differently


@lru_cache
def device_views(device: torch.device) -> DeviceViews | None:
    """What makes plain views for networks on a device; None where threads of the processor do.

    Args:
        device: Where the networks run.
    """
    asked = os.environ.get(SETTING, "")
    if asked == "off" or (device.type != "cuda" and asked != "all"):
        return None
    if device.type != "cuda":
        return DeviceViews(device)
    with_nvjpeg = DeviceViews(
        device, nvjpeg_name(device), lambda jpegs: decode_on_device(jpegs, device)
    )
    for views in (with_nvjpeg, DeviceViews(device)):
        why = fault_of(views)
        if not why:
            return views
        warnings.warn(
            f"Views on {device} are not used as planned ({views.name}: {why}).", stacklevel=2
        )
    return None


def nvjpeg_name(device: torch.device) -> str:
    """What decodes there: nvJPEG's pixels may differ by version and by chip."""
    return f"nvjpeg-{torch.version.cuda}/{torch.cuda.get_device_name(device)}"


def fault_of(views: DeviceViews) -> str:
    """Why views are not to be used; "" where they are like those of the processor.

    Args:
        views: Tried on JPEGs made for it, of several sizes and samplings.
    """
    recipe = ViewRecipe(64)
    contents = [
        smooth_jpeg(width, height, subsampling)
        for width, height in TRIED_SIZES
        for subsampling in (0, 1, 2)
    ]
    try:
        pending = [views.prepare(recipe, content, "a trial") for content in contents]
        if views.decode is not None and None in views.decoded(pending):
            return "it refuses ordinary JPEGs"
        block = pending[0].finish(range(len(contents)), pending, ())
        given = block.pixels.astype(np.float64)
    except Exception as error:  # noqa: BLE001 (whatever drivers raise; the processor can do it)
        return f"{type(error).__name__}: {error}"
    wanted = np.stack([recipe.render(content, "a trial") for content in contents])
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
