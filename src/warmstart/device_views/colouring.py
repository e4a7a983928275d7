"""Colour operations, light and erasing of many views at once: the levels that the processor gives.

Most are a table of levels per view, made in the processor's own arithmetic; means, extremes and
histograms are whole numbers, so no view depends on those beside it.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from warmstart.images.augment import Variation
from warmstart.images.light import Noise
from warmstart.images.policy import MOVES, OPERATIONS

LEVELS = 256
GREY = (19595, 38470, 7471)  # of red, green and blue, in 2^-16: Pillow's, of ITU-R 601-2
NEAR, OWN = 1, 5  # weights of Pillow's SMOOTH filter: eight neighbours, and the pixel


def unknown_operations(policy: str | None) -> tuple[str, ...]:
    """Operations of a policy that have no form here."""
    known = COLOURINGS.keys() | MOVES.keys() | {"identity"}
    return tuple(name for name in OPERATIONS.get(policy or "", {}) if name not in known)


def coloured_views(views: Tensor, variations: Sequence[Variation]) -> Tensor:
    """Views (N, S, S, 3) after their colour operations, in order, and their light.

    Args:
        views: They are changed.
        variations: What was drawn for each.
    """
    queues = [[op for op in each.operations if op.name in COLOURINGS] for each in variations]
    for turn in range(max(map(len, queues), default=0)):
        kinds: dict[str, list[int]] = {}
        for i, queue in enumerate(queues):
            if turn < len(queue):
                kinds.setdefault(queue[turn].name, []).append(i)
        for name, members in sorted(kinds.items()):
            numbers = torch.tensor(members).to(views.device)
            amounts = [queues[i][turn].amount for i in members]
            views[numbers] = COLOURINGS[name](views[numbers], amounts)
    lit = [i for i, each in enumerate(variations) if each.brightness != 0 or each.contrast != 1]
    if lit:
        numbers = torch.tensor(lit).to(views.device)
        shifts = [255 * variations[i].brightness for i in lit]
        views[numbers] = lighted(views[numbers], shifts, [variations[i].contrast for i in lit])
    return views


def erased(views: Tensor, noises: Sequence[Noise | None]) -> Tensor:
    """Views (N, S, S, 3), which are changed, with the noise that each has."""
    some = [(i, noise) for i, noise in enumerate(noises) if noise is not None]
    if not some:
        return views
    flat = np.concatenate([noise.values.reshape(-1) for _, noise in some])
    there, begin = torch.from_numpy(flat).to(views.device), 0
    for i, noise in some:
        (height, width, _), end = noise.values.shape, begin + noise.values.size
        hole = views[i, noise.top : noise.top + height, noise.left : noise.left + width]
        hole.copy_(there[begin:end].view(height, width, 3))
        begin = end
    return views


def lighted(views: Tensor, shifts: Sequence[float], factors: Sequence[float]) -> Tensor:
    """As ``images.light.light``: about the mean of all values, then shifted."""
    count = views[0].numel()
    mean = views.sum((1, 2, 3), dtype=torch.int64).double()[:, None] / count
    shift, factor = (column_of(numbers, views) for numbers in (shifts, factors))
    levels = torch.arange(LEVELS, dtype=torch.float64, device=views.device)
    return by_table(views, ((levels - mean) * factor + mean + shift).round())


def by_table(views: Tensor, tables: Tensor) -> Tensor:
    """Levels looked up.

    Args:
        views: (N, S, S, 3).
        tables: (N, 256), or (N, 3, 256) for each channel; clipped to what a level can be.
    """
    tables = tables.clamp(0, 255).to(torch.uint8)
    starts = torch.arange(tables[..., 0].numel(), device=views.device) * LEVELS
    starts = starts.view(len(views), 1, 1, -1)
    return tables.reshape(-1).take(views.to(torch.int64) + starts)


def column_of(numbers: Sequence[float], like: Tensor, dtype: torch.dtype = torch.float64) -> Tensor:
    """(N, 1) on the device of other values."""
    return torch.tensor(numbers, dtype=dtype).to(like.device)[:, None]


def blended_views(other: Tensor, values: Tensor, amounts: Sequence[float]) -> Tensor:
    """Pillow's ``blend`` from other values (N, …) to these, by 1 + amount: float32, rounded down.

    Each operation is one of its own, which rounds alike on every device.
    """
    factor = column_of([1 + amount for amount in amounts], values, torch.float32)
    factor = factor.view(-1, *(1 for _ in values.shape[1:]))
    low = other.float()
    return (low + factor * (values.float() - low)).trunc().clamp(0, 255)


def every_level(views: Tensor) -> Tensor:
    """(N, 256): 0 … 255 for each view."""
    return torch.arange(LEVELS, device=views.device).expand(len(views), LEVELS)


def grey(views: Tensor) -> Tensor:
    """(N, S, S, 1) int32: Pillow's mode L."""
    red, green, blue = (views[..., i : i + 1].to(torch.int32) * GREY[i] for i in range(3))
    return (red + green + blue + (1 << 15)) >> 16


def brightness(views: Tensor, amounts: Sequence[float]) -> Tensor:
    """ImageEnhance.Brightness."""
    levels = every_level(views)
    return by_table(views, blended_views(torch.zeros_like(levels), levels, amounts))


def contrast(views: Tensor, amounts: Sequence[float]) -> Tensor:
    """ImageEnhance.Contrast: about the mean of the grey picture, a whole number."""
    total, count = grey(views).sum((1, 2, 3), dtype=torch.int64), views[0].numel() // 3
    mean = ((2 * total + count) // (2 * count))[:, None]
    return by_table(views, blended_views(mean.expand(-1, LEVELS), every_level(views), amounts))


def color(views: Tensor, amounts: Sequence[float]) -> Tensor:
    """ImageEnhance.Color."""
    return blended_views(grey(views), views, amounts).to(torch.uint8)


def sharpness(views: Tensor, amounts: Sequence[float]) -> Tensor:
    """ImageEnhance.Sharpness: from the smoothed view, whose outermost pixels are its own."""
    smooth, values = views.clone(), views.to(torch.int32)
    size = views.shape[1]
    total = (OWN - NEAR) * values[:, 1:-1, 1:-1]
    for y in range(3):
        for x in range(3):
            total = total + values[:, y : size - 2 + y, x : size - 2 + x]
    weight = OWN + 8 * NEAR
    smooth[:, 1:-1, 1:-1] = ((2 * total + weight) // (2 * weight)).to(torch.uint8)
    return blended_views(smooth, views, amounts).to(torch.uint8)


def posterize(views: Tensor, amounts: Sequence[float]) -> Tensor:
    """ImageOps.posterize: so many bits less."""
    masks = [(0xFF << round(amount)) & 0xFF for amount in amounts]
    return views & torch.tensor(masks, dtype=torch.uint8).to(views.device).view(-1, 1, 1, 1)


def solarize(views: Tensor, amounts: Sequence[float]) -> Tensor:
    """ImageOps.solarize: levels from a threshold on are inverted."""
    thresholds = [round(255 * (1 - amount)) for amount in amounts]
    threshold = torch.tensor(thresholds).to(views.device).view(-1, 1, 1, 1)
    return torch.where(views < threshold, views, 255 - views)


def autocontrast(views: Tensor, _amounts: Sequence[float]) -> Tensor:
    """ImageOps.autocontrast: each channel stretched from its lowest level to its highest."""
    low, high = (values.double()[..., None] for values in (views.amin((1, 2)), views.amax((1, 2))))
    full = torch.full_like(low, 255)  # 255.0 / range would be 255 times its reciprocal
    factor = torch.where(high > low, full / (high - low), 1.0)
    begin = torch.where(high > low, -low * factor, 0.0)
    return by_table(views, (every_level(views).double()[:, None] * factor + begin).trunc())


def equalize(views: Tensor, _amounts: Sequence[float]) -> Tensor:
    """ImageOps.equalize: each channel, so that its levels are about equally frequent."""
    count = views.shape[1] * views.shape[2]
    values = views.permute(0, 3, 1, 2).reshape(-1, count).to(torch.int16).sort(1).values
    values = values.contiguous()
    levels = torch.arange(LEVELS, dtype=torch.int16, device=views.device)
    below = torch.searchsorted(values, levels.expand(len(values), LEVELS).contiguous())
    highest = torch.searchsorted(values, values[:, -1:].contiguous())  # all but the last level's
    step = highest // (LEVELS - 1)
    tables = torch.where(step > 0, (step // 2 + below) // step.clamp(min=1), levels.long())
    return by_table(views, tables.view(len(views), 3, LEVELS))


COLOURINGS: dict[str, Callable[[Tensor, Sequence[float]], Tensor]] = {
    "brightness": brightness,
    "color": color,
    "contrast": contrast,
    "sharpness": sharpness,
    "posterize": posterize,
    "solarize": solarize,
    "autocontrast": autocontrast,
    "equalize": equalize,
}
