"""Decoded pictures of any sizes, on a device, in one row of bytes; upright without being turned."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class StoredPicture:
    """A picture as it was decoded: (H, W, 3) uint8, or planes (3, H, W); EXIF's orientation."""

    values: Tensor
    is_planes: bool = False
    orientation: int = 1

    @property
    def stored_size(self) -> tuple[int, int]:
        """Width and height before it is turned."""
        height, width = self.values.shape[1:] if self.is_planes else self.values.shape[:2]
        return int(width), int(height)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        width, height = self.stored_size
        return (height, width) if self.orientation >= 5 else (width, height)

    def walk(self) -> tuple[int, int, int, int]:
        """From its own first value to upright pixel (0, 0), and steps to the right, down, channel.

        Reference: the EXIF orientations, as ``images.decode.UPRIGHT`` has them.
        """
        width, height = self.stored_size
        x, y, channel = (1, width, width * height) if self.is_planes else (3, 3 * width, 1)
        from_right, from_below = (width - 1) * x, (height - 1) * y
        start, right, down = {
            1: (0, x, y),
            2: (from_right, -x, y),
            3: (from_right + from_below, -x, -y),
            4: (from_below, x, -y),
            5: (0, y, x),
            6: (from_below, -y, x),
            7: (from_right + from_below, -y, -x),
            8: (from_right, y, -x),
        }[self.orientation]
        return start, right, down, channel


@dataclass(frozen=True, eq=False)
class FlatPictures:
    """Pixels of several pictures in one row of bytes.

    ``values`` (L,) uint8; picture n has its pixel (x, y), channel c, at ``first[n] + x · steps[n,
    0] + y · steps[n, 1] + c · steps[n, 2]``: rows or planes, mirrored or turned, are all alike.
    """

    values: Tensor
    first: Tensor
    steps: Tensor

    def chosen(self, numbers: Tensor) -> "FlatPictures":
        """Some of them."""
        return FlatPictures(self.values, self.first[numbers], self.steps[numbers])


def flattened(pictures: Sequence[StoredPicture], device: torch.device) -> FlatPictures:
    """Bring pictures together on a device.

    Args:
        pictures: One at least; those that are on the processor go over in one copy.
        device: Where.
    """
    order = sorted(range(len(pictures)), key=lambda i: pictures[i].values.device.type != "cpu")
    host = [pictures[i].values.reshape(-1) for i in order if is_on_processor(pictures[i])]
    there = [pictures[i].values.reshape(-1) for i in order if not is_on_processor(pictures[i])]
    parts = [to_device(torch.cat(host), device)] if host else []
    first, steps, start = [0] * len(pictures), [(0, 0, 0)] * len(pictures), 0
    for i in order:
        begin, *walk = pictures[i].walk()
        first[i], steps[i] = start + begin, (walk[0], walk[1], walk[2])
        start += pictures[i].values.numel()
    return FlatPictures(
        torch.cat(parts + there),
        torch.tensor(first).to(device),
        torch.tensor(steps).to(device),
    )


def is_on_processor(picture: StoredPicture) -> bool:
    """Whether a picture lies in the computer's memory."""
    return picture.values.device.type == "cpu"


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """Values on a device; to CUDA through pinned memory, without waiting for the copy."""
    if device.type == "cuda":
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)
