"""Pixels that stay on the device that made them, where what trains on them is."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from warmstart.activations.ahead import in_thread
from warmstart.batches.rendering import PixelBlock
from warmstart.device_views.flat_pictures import to_device
from warmstart.device_views.pending import DeviceBlock

MADE_TOGETHER = 128  # views: a kernel is not launched for few, and they change no bit of each other


def batches_on_device(
    blocks: Iterable[PixelBlock], sizes: Sequence[int], device: torch.device
) -> Iterator[Tensor]:
    """Blocks of any length as batches (B, H, W, 3) uint8 of the sizes asked for.

    Blocks are made by another thread, on a stream of its own, while the device trains.

    Args:
        blocks: All their rows together are those of all batches.
        sizes: Rows of each batch.
        device: Where batches are wanted.
    """
    waiting, have = list[Tensor](), 0
    made = in_thread(blocks, device)
    for size in sizes:
        while have < size:
            waiting.append(pixels_there(next(made), device))
            have += len(waiting[-1])
        joined = waiting[0] if len(waiting) == 1 else torch.cat(waiting)
        yield joined[:size]
        waiting, have = [joined[size:]], have - size


def pixels_there(block: PixelBlock, device: torch.device) -> Tensor:
    """The pixels of a block on a device, whoever made them."""
    if isinstance(block, DeviceBlock):
        return block.on_device().to(device)
    return to_device(torch.from_numpy(block.pixels), device)
