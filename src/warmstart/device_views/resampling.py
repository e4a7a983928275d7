"""Antialiased resampling of many pictures at once, of a size each, in whole numbers.

Pillow's own arithmetic (Resample.c): weights in double precision, rounded to 22 bits; sums of whole
numbers, across and then down, each rounded to a level. Whole numbers have no order of addition, so
a view's bits depend on no other picture of its batch, on no kernel and on no device.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from warmstart.device_views.flat_pictures import FlatPictures
from warmstart.device_views.placement import Axis, Placement

WEIGHT_BITS = 22  # with 8 bits of a level, and room for weights below 0, within 32
SUPPORT = {"box": 0.5, "bilinear": 1.0, "bicubic": 2.0}  # of the filters, in pixels to either side
SHARPNESS = -0.5  # of the bicubic filter where Pillow resizes, and Keys' (1981)
MOST_VALUES = 1 << 24  # of one table of positions, 8 bytes each


@dataclass(frozen=True, eq=False)
class AxisTable:
    """For each picture and pixel of a view: which pixels it is a sum of (N, S, T), and weights."""

    places: Tensor
    weights: Tensor


def resample(pictures: FlatPictures, placements: Sequence[Placement], interpolation: str) -> Tensor:
    """Views of pictures.

    Args:
        pictures: Their pixels (N pictures).
        placements: How each is shown; all views have the same size.
        interpolation: "bilinear" or "bicubic".

    Returns:
        (N, S, S, 3) uint8, on the pictures' device.
    """
    size, device = placements[0].size, pictures.values.device
    out = torch.empty((len(placements), size, size, 3), dtype=torch.uint8, device=device)
    for group in groups_of_alike(placements):
        numbers = torch.tensor(group).to(device)
        chosen = [placements[i] for i in group]
        square = size, size
        out[numbers] = resampled_group(pictures.chosen(numbers), chosen, interpolation, square)
    return out


def groups_of_alike(placements: Sequence[Placement]) -> list[list[int]]:
    """Positions of pictures that need about as many rows, and together no more than a table has."""
    groups: list[list[int]] = []
    for i in sorted(range(len(placements)), key=lambda i: rows_needed(placements[i])):
        rows, size = rows_needed(placements[i]), placements[i].size
        last = groups[-1] if groups else []
        if (
            last
            and rows <= 1.5 * rows_needed(placements[last[0]]) + size
            and rows * size * 3 * (len(last) + 1) <= MOST_VALUES
        ):
            last.append(i)
        else:
            groups.append([i])
    return groups


def rows_needed(placement: Placement) -> int:
    """About how many of a picture's rows its view is made of, less those that a filter adds."""
    axis = placement.down
    return min(axis.length, int(axis.stop - axis.start) + 2)


def taps_needed(axes: Sequence[Axis], interpolation: str) -> int:
    """The most pixels that one pixel of a view is a sum of; without asking the device."""
    steps = [max(1.0, (axis.stop - axis.start) / axis.num_inner) for axis in axes]
    return math.ceil(SUPPORT[interpolation] * max(steps)) * 2 + 1


def resampled_group(
    pictures: FlatPictures,
    placements: Sequence[Placement],
    interpolation: str,
    size: tuple[int, int],
) -> Tensor:
    """Likewise, of pictures that cost about the same, as (N, H, W, 3).

    Args:
        pictures: Their pixels (N pictures).
        placements: How each is shown.
        interpolation: "box", "bilinear" or "bicubic".
        size: W and H. What lies beyond the pixels that an axis gives repeats them.
    """
    device = pictures.values.device
    across = axis_table([item.across for item in placements], size[0], interpolation, device)
    num_taps = taps_needed([item.down for item in placements], interpolation)
    down = axis_table([item.down for item in placements], size[1], interpolation, device)
    lowest = down.places.amin((1, 2))  # the first row of each picture that is looked at
    num_rows = max(rows_needed(item) for item in placements) + num_taps
    last = torch.tensor([item.down.length - 1 for item in placements], device=device)
    rows = lowest[:, None] + torch.arange(num_rows, device=device)
    rows = torch.minimum(rows, last[:, None])
    step_x, step_y, step_c = (pictures.steps[:, i, None] for i in range(3))
    channels = torch.arange(3, device=device)[None] * step_c
    beside = (pictures.first[:, None] + rows * step_y)[:, :, None, None] + channels[:, None, None]
    columns = across.places * step_x[..., None]
    narrow = weighted_sum(
        lambda tap: pictures.values.take(beside + columns[:, None, :, None, tap]),
        across.weights[:, None, :, None],
    )
    places = (down.places - lowest[:, None, None]) * narrow.shape[2] * 3
    starts = torch.arange(len(placements), device=device) * narrow[0].numel()
    inner = torch.arange(narrow.shape[2] * 3, device=device).view(1, 1, narrow.shape[2], 3)
    inner = inner + starts[:, None, None, None]
    return weighted_sum(
        lambda tap: narrow.take(inner + places[:, :, None, None, tap]),
        down.weights[:, :, None, None],
    )


def weighted_sum(values: Callable[[int], Tensor], weights: Tensor) -> Tensor:
    """Levels, rounded and clipped, of sums over taps.

    Args:
        values: Number of a tap → levels (…) uint8.
        weights: (…, T) int32, which fit the levels.
    """
    total = values(0).to(torch.int32).mul_(weights[..., 0]).add_(1 << (WEIGHT_BITS - 1))
    for tap in range(1, weights.shape[-1]):
        total.add_(values(tap).to(torch.int32).mul_(weights[..., tap]))
    return (total >> WEIGHT_BITS).clamp_(0, 255).to(torch.uint8)


def axis_table(
    axes: Sequence[Axis], size: int, interpolation: str, device: torch.device
) -> AxisTable:
    """Places (N, S, T) int64 and weights (N, S, T) int32, as Pillow's ``precompute_coeffs``.

    Args:
        axes: One of each picture.
        size: S.
        interpolation: "box", "bilinear" or "bicubic".
        device: Where the table is made: each operation rounds alike everywhere.
    """
    length, start, stop, num_inner, first, mirrors = (
        torch.tensor(column, dtype=torch.float64).to(device)[:, None]
        for column in zip(
            *((a.length, a.start, a.stop, a.num_inner, a.first, a.mirrors) for a in axes),
            strict=True,
        )
    )
    numbers = torch.arange(size, dtype=torch.float64, device=device) + first
    inside = (numbers >= 0) & (numbers < num_inner)
    numbers = numbers.remainder(2 * num_inner)
    numbers = torch.where(numbers < num_inner, numbers, 2 * num_inner - 1 - numbers)
    scale = (stop - start) / num_inner
    shrinking = scale.clamp(min=1.0)
    support = SUPPORT[interpolation] * shrinking
    num_taps = taps_needed(axes, interpolation)
    centre = start + (numbers + 0.5) * scale
    low = (centre - support + 0.5).trunc().clamp(min=0)
    high = torch.minimum((centre + support + 0.5).trunc(), length)
    weights, total = [], torch.zeros_like(centre)
    for tap in range(num_taps):
        weight = kernel((low + tap - centre + 0.5) * (1 / shrinking), interpolation)
        weight = torch.where(low + tap < high, weight, 0)
        total = total + weight
        weights.append(weight)
    shares = torch.stack(weights, -1) * torch.where(total == 0, 1.0, 1 / total)[..., None]
    scaled = shares * (1 << WEIGHT_BITS)
    whole = torch.where(scaled < 0, scaled - 0.5, scaled + 0.5).trunc()
    whole = torch.where((inside | mirrors.bool())[..., None], whole, 0)
    places = low[..., None] + torch.arange(num_taps, dtype=torch.float64, device=device)
    places = torch.minimum(places, length[..., None] - 1)
    return AxisTable(places.to(torch.int64), whole.to(torch.int32))


def kernel(x: Tensor, interpolation: str, sharpness: float = SHARPNESS) -> Tensor:
    """The filter's height at a distance, in its own pixels; 0 from its support on."""
    if interpolation == "box":
        return ((x > -0.5) & (x <= 0.5)).to(x.dtype)
    x = x.abs()
    if interpolation == "bilinear":
        return torch.where(x < 1, 1 - x, 0)
    a = sharpness
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return torch.where(x < 1, near, torch.where(x < 2, far, 0))
