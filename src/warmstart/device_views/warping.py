"""Drawn views of many pictures at once, in whole numbers, as their plans say.

Places are whole multiples of 2^-32 of a pixel, from steps that the processor has rounded; weights
are multiples of 2^-11 per axis and add up to 1. As in ``resampling``, a view's bits depend on
no other picture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from warmstart.device_views.flat_pictures import FlatPictures
from warmstart.device_views.resampling import (
    MOST_VALUES,
    groups_of_alike,
    kernel,
    resample,
    resampled_group,
)
from warmstart.device_views.view_plan import (
    FRACTION_BITS,
    POSITION_BITS,
    UprightPlan,
    ViewPlan,
    WarpPlan,
)

FRACTIONS = 1 << FRACTION_BITS
WARP_SHARPNESS = -1.0  # of the bicubic filter where Pillow warps (Geometry.c)
NUM_TAPS = {False: 2, True: 4}  # of a bilinear and a bicubic warp, per axis


@dataclass(frozen=True, eq=False)
class AxisTaps:
    """One tap of one axis: where it reads (N, S, S), in steps from a picture's first value.

    ``weights`` (N, S, S, 1) int32.
    """

    offsets: Tensor
    weights: Tensor


def drawn_views(
    pictures: FlatPictures, plans: Sequence[ViewPlan], size: int, interpolation: str
) -> Tensor:
    """Views before their light changes.

    Args:
        pictures: Their pixels (N pictures).
        plans: How each is shown.
        size: S, the side of all views.
        interpolation: "bilinear" or "bicubic": of upright views.

    Returns:
        (N, S, S, 3) uint8, on the pictures' device.
    """
    device = pictures.values.device
    out = torch.empty((len(plans), size, size, 3), dtype=torch.uint8, device=device)
    upright: dict[tuple[bool, ...], dict[int, UprightPlan]] = {}
    warps: dict[tuple[bool, ...], dict[int, WarpPlan]] = {}
    for i, plan in enumerate(plans):
        if isinstance(plan, UprightPlan):
            upright.setdefault(plan.turn, {})[i] = plan
        else:
            warps.setdefault((plan.is_cubic, plan.reduction is not None), {})[i] = plan
    for turn, boxes in sorted(upright.items()):
        numbers = torch.tensor(list(boxes)).to(device)
        placements = [plan.placement for plan in boxes.values()]
        views = resample(pictures.chosen(numbers), placements, interpolation)
        out[numbers] = turned_views(views, turn)
    for _, alike in sorted(warps.items()):
        numbers = torch.tensor(list(alike)).to(device)
        out[numbers] = warped_views(pictures.chosen(numbers), list(alike.values()), size)
    return out


def turned_views(views: Tensor, turn: Sequence[bool]) -> Tensor:
    """Views (N, S, S, 3), turned as ``UprightPlan.turn`` says."""
    is_mirrored, is_upside_down, is_transposed = turn
    axes = [axis for axis, does in ((2, is_mirrored), (1, is_upside_down)) if does]
    views = views.flip(axes) if axes else views
    return views.transpose(1, 2) if is_transposed else views


def warped_views(pictures: FlatPictures, plans: Sequence[WarpPlan], size: int) -> Tensor:
    """Views (N, S, S, 3) of pictures that are all reduced, or none; by one filter."""
    device = pictures.values.device
    if plans[0].reduction is None:
        at_a_time = max(1, MOST_VALUES // (size * size * 3))
        parts = [
            warped_group(
                pictures.chosen(torch.arange(start, min(start + at_a_time, len(plans))).to(device)),
                plans[start : start + at_a_time],
                size,
            )
            for start in range(0, len(plans), at_a_time)
        ]
        return torch.cat(parts)
    out = torch.empty((len(plans), size, size, 3), dtype=torch.uint8, device=device)
    placements = [plan.reduction for plan in plans if plan.reduction is not None]
    for group in groups_of_alike(placements):
        numbers = torch.tensor(group).to(device)
        reduced = reduced_pictures(pictures.chosen(numbers), [plans[i] for i in group])
        out[numbers] = warped_group(reduced, [plans[i] for i in group], size)
    return out


def reduced_pictures(pictures: FlatPictures, plans: Sequence[WarpPlan]) -> FlatPictures:
    """Pictures as they are once whole pixels are averaged, in one row of bytes."""
    placements = [plan.reduction for plan in plans if plan.reduction is not None]
    width, height = (max(plan.size[axis] for plan in plans) for axis in range(2))
    values = resampled_group(pictures, placements, "box", (width, height))
    device, count = values.device, len(plans)
    steps = torch.tensor([(3, 3 * width, 1)] * count).to(device)
    return FlatPictures(
        values.reshape(-1), torch.arange(count, device=device) * (width * height * 3), steps
    )


def warped_group(pictures: FlatPictures, plans: Sequence[WarpPlan], size: int) -> Tensor:
    """Views (N, S, S, 3) of pictures as they are, by one filter."""
    device, is_cubic = pictures.values.device, plans[0].is_cubic
    across, down = (list(axis_taps(pictures, plans, size, axis)) for axis in range(2))
    channels = torch.arange(3, device=device) * pictures.steps[:, 2, None]
    first = (pictures.first[:, None] + channels)[:, None, None]
    half = 1 << (2 * FRACTION_BITS - 1)
    rounding = [0 if plan.truncates else half for plan in plans]
    total = torch.tensor(rounding, dtype=torch.int32).to(device)[:, None, None, None]
    for row in down:
        begin, line = first + row.offsets[..., None], None
        for column in across:
            values = pictures.values.take(begin + column.offsets[..., None]).to(torch.int32)
            term = values.mul_(column.weights)
            line = term if line is None else line.add_(term)
        if line is not None:
            total = total + line.mul_(row.weights)
    total = total >> (2 * FRACTION_BITS)
    return (total.clamp_(0, 255) if is_cubic else total).to(torch.uint8)


def axis_taps(
    pictures: FlatPictures, plans: Sequence[WarpPlan], size: int, axis: int
) -> Iterator[AxisTaps]:
    """Where each pixel of each view reads along one axis: 0 across, 1 down."""
    device = pictures.values.device
    numbers = [
        (*plan.steps[axis], plan.size[axis], *plan.bounds[2 * axis : 2 * axis + 2], plan.is_black)
        for plan in plans
    ]
    table = torch.tensor(numbers, dtype=torch.int64).to(device)[:, :, None, None]
    right, down, begin, length, low, high, black = (table[:, i] for i in range(7))
    odd = 2 * torch.arange(size, device=device) + 1
    places = right * odd[None, None, :] + (down * odd[None, :, None] + begin)
    whole = places >> POSITION_BITS
    parts = (places >> (POSITION_BITS - FRACTION_BITS)) & (FRACTIONS - 1)
    num_taps = NUM_TAPS[plans[0].is_cubic]
    weights = tap_weights(num_taps).to(device)
    for tap in range(num_taps):
        read = torch.minimum(torch.maximum(whole + (tap + 1 - num_taps // 2), low), high)
        weight = weights[:, tap].take(parts)
        is_outside = (read < 0) | (read >= length)
        weight = torch.where(is_outside & black.bool(), 0, weight)
        read = read.remainder(2 * length)
        read = torch.where(read < length, read, 2 * length - 1 - read)
        yield AxisTaps(read * pictures.steps[:, axis, None, None], weight[..., None])


@lru_cache
def tap_weights(num_taps: int) -> Tensor:
    """(FRACTIONS, T) int32: a filter's weights by the fraction of a place; they add up to 1."""
    parts = torch.arange(FRACTIONS, dtype=torch.float64) / FRACTIONS
    name = "bicubic" if num_taps == 4 else "bilinear"
    exact = torch.stack(
        [
            kernel(parts - (tap + 1 - num_taps // 2), name, WARP_SHARPNESS)
            for tap in range(num_taps)
        ],
        1,
    )
    found = (exact * FRACTIONS).round().to(torch.int32)
    largest = exact.argmax(1, keepdim=True)
    rest = FRACTIONS - found.sum(1, keepdim=True, dtype=torch.int32)
    return found.scatter_add_(1, largest, rest)
