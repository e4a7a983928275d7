"""The plain view as tensor operations: any picture → the square that a network sees.

Antialiased resizing is two passes, each a weighted sum along one axis, rounded to whole numbers:
two products with matrices whose weights follow from the picture's size. Written so, the view is
part of a graph, and needs no operation that runtimes do in ways of their own. The graph does what
``images/resize.py`` does for the same recipe on this computer: with SIMD instructions columns come
first, and weights are as fine as 16 bits can hold them; Pillow has 22 bits behind the point and
orders of its own.
"""

from functools import cache
from typing import no_type_check

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from warmstart.images.resize import SIMD, available_resizer
from warmstart.images.view import ViewRecipe

BICUBIC_SLOPE = -0.5  # Pillow's; torch has -0.75
# Weights are multiples of 1 / 2^b. They are reckoned in two halves, the first counts HALF times.
PILLOW_BITS, HALF = 22, 2.0**11
SIMD_BITS, LARGEST_WEIGHT = 21, 2.0**15  # at most so many, and fewer while a weight is as large


class PlainView(nn.Module):
    """Pictures (N, H, W, 3) uint8 of any one size → (N, 3, S, S) float of whole numbers 0 to 255.

    They are Python's to the bit, but for one in a million where a sum has very many parts.
    """

    crop: Tensor

    def __init__(self, recipe: ViewRecipe, *, has_branches: bool = True) -> None:
        """Take the recipe of a view.

        Args:
            recipe: Of the view.
            has_branches: Resize in the one order that is wanted; else in both, and choose.
        """
        super().__init__()
        self.recipe, self.has_branches = recipe, has_branches
        self.is_simd = available_resizer(recipe.resizer) == SIMD
        # a number in Python becomes one of single precision in an ONNX file
        self.register_buffer("crop", torch.tensor(recipe.pre_crop_scale, dtype=torch.float64))

    def extra_repr(self) -> str:
        """The recipe."""
        return str(self.recipe)

    def forward(self, pictures: Tensor) -> Tensor:
        """Resize along one axis, then along the other, in the order that is Python's."""
        down = torch.arange(pictures.shape[1], device=pictures.device)
        along = torch.arange(pictures.shape[2], device=pictures.device)
        (low, low_unit), (narrow, narrow_unit) = (
            self.weights(down, along),
            self.weights(along, down),
        )
        operands = (pictures, low, low_unit, narrow, narrow_unit)
        found: Tensor
        if self.is_simd:
            found = columns_first(*operands)
            return found
        if not pillow_goes_down_first():
            found = rows_first(*operands)
            return found
        height, width = length_of(down), length_of(along)
        to_height, to_width = self.resized_to(height, width)
        is_tall = (height > to_height) & (height - to_height > 2 * (width - to_width))
        if self.has_branches:
            found = torch.cond(is_tall, columns_first, rows_first, operands)
        else:
            found = torch.where(is_tall, columns_first(*operands), rows_first(*operands))
        return found

    def resized_to(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """What Pillow is asked to make of a picture, before a border is put around it."""
        size = torch.full_like(height, self.recipe.size)
        if self.recipe.crop_type != "pad":
            return size, size
        longest = torch.maximum(height, width)
        to_height, to_width = (half_even(size * side, longest) for side in (height, width))
        return torch.clamp(to_height, min=1), torch.clamp(to_width, min=1)

    def weights(self, own: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        """How much each pixel along an axis counts in each of the view's: (2, S, length), a unit.

        Args:
            own: The positions of the axis's pixels, from 0.
            other: Those of the other axis.
        """
        recipe, size = self.recipe, self.recipe.size
        index = torch.arange(size, device=own.device)
        whole = length_of(own)
        if recipe.crop_type == "pad":
            return self.padded_weights(own, index, whole, length_of(other))
        if recipe.is_cropped:
            shorter = torch.minimum(whole, length_of(other)).to(torch.float64)
            side = shorter / self.crop
            start = (whole.to(torch.float64) - side) / 2
        else:
            side, start = whole.to(torch.float64), torch.zeros_like(whole, dtype=torch.float64)
        first, last = start, start + side
        if not self.is_simd:  # Pillow reads a box in single precision
            first, last = first.to(torch.float32), last.to(torch.float32)
        scale = (last - first).to(torch.float64) / size
        centres = first.to(torch.float64) + (index.to(torch.float64) + 0.5) * scale
        return filter_weights(own, centres, scale, recipe)

    def padded_weights(
        self, own: Tensor, index: Tensor, whole: Tensor, other: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Likewise where the whole picture lies in the middle, and a border around it."""
        size = self.recipe.size
        longest = torch.maximum(whole, other)
        small = torch.clamp(half_even(size * whole, longest), min=1)
        inner = index + torch.div(small - size, 2, rounding_mode="floor")
        folded = torch.remainder(inner, 2 * small)
        mirrored = torch.minimum(folded, 2 * small - 1 - folded)
        scale = whole.to(torch.float64) / small
        centres = (mirrored.to(torch.float64) + 0.5) * scale
        found, unit = filter_weights(own, centres, scale, self.recipe)
        if self.recipe.border == "reflect":
            return found, unit
        return found * (inner == mirrored).to(found.dtype)[None, :, None], unit


@no_type_check  # what checks types at run time cannot be traced within a branch
def rows_first(
    pictures: Tensor, down: Tensor, down_unit: Tensor, across: Tensor, across_unit: Tensor
) -> Tensor:
    """Pictures (N, H, W, 3) by weights (2, S, H) and (2, S, W) → (N, 3, S, S): along rows first."""
    rows = pictures.permute(0, 1, 3, 2).to(torch.float32)  # (N, H, 3, W)
    high, low = rows @ across[0].transpose(0, 1), rows @ across[1].transpose(0, 1)
    channels = weighted_sums(high, low, across_unit).permute(0, 2, 1, 3)  # (N, 3, H, S)
    return weighted_sums(down[0] @ channels, down[1] @ channels, down_unit)


@no_type_check
def columns_first(
    pictures: Tensor, down: Tensor, down_unit: Tensor, across: Tensor, across_unit: Tensor
) -> Tensor:
    """The same, down each column first."""
    columns = pictures.permute(0, 3, 1, 2).to(torch.float32)  # (N, 3, H, W)
    flat = weighted_sums(down[0] @ columns, down[1] @ columns, down_unit)
    high, low = flat @ across[0].transpose(0, 1), flat @ across[1].transpose(0, 1)
    return weighted_sums(high, low, across_unit)


@no_type_check
def weighted_sums(high: Tensor, low: Tensor, unit: Tensor) -> Tensor:
    """Sums by both halves of the weights → whole numbers, halves up, within 0 to 255.

    Each half's products are whole numbers that single precision holds, so that the sum is that of
    Python's integers: rounded in single precision, a pixel in ten thousand would be another, which
    moves an unsure picture's probability by up to 0.0006. ``unit`` times ``HALF`` is a weight of 1.
    """
    whole = torch.floor(high / unit)
    rest = (high - whole * unit) * HALF + low + unit * (HALF / 2)
    return torch.clamp(whole + torch.floor(rest / (unit * HALF)), 0.0, 255.0)


@cache
def pillow_goes_down_first() -> bool:
    """Whether the Pillow that is installed resizes tall pictures down the columns first.

    Version 13 does, to save time; the rounding between the passes then is another.
    """
    noise = np.random.default_rng(0).integers(0, 256, (200, 73), np.uint8)
    picture, filter_ = Image.fromarray(noise), Image.Resampling.BILINEAR
    in_steps = picture.resize((73, 64), filter_).resize((64, 64), filter_)
    return picture.resize((64, 64), filter_).tobytes() == in_steps.tobytes()


def length_of(positions: Tensor) -> Tensor:
    """How many positions there are, as a tensor, so that a graph can reckon with it."""
    return positions.amax(dim=0) + 1


def half_even(numerator: Tensor, denominator: Tensor) -> Tensor:
    """A quotient of whole numbers, rounded as Python's ``round`` does: halves to the even one."""
    twice = 2 * numerator + denominator
    up = torch.div(twice, 2 * denominator, rounding_mode="floor")
    is_tie = torch.remainder(twice, 2 * denominator) == 0
    return up - (is_tie & (torch.remainder(up, 2) == 1)).to(up.dtype)


def filter_weights(
    own: Tensor, centres: Tensor, scale: Tensor, recipe: ViewRecipe
) -> tuple[Tensor, Tensor]:
    """Weights (2, S, length) of pixels at whole positions, around each centre.

    Args:
        own: Positions from 0.
        centres: (S,) where each pixel of the view lies.
        scale: Pixels per pixel of the view; where they are more than one, the filter is as wide.
        recipe: Which filter.

    Returns:
        The weights in whole numbers, in two halves, the first of which counts ``HALF`` times; and
        how many of these times a weight of 1 has.
    """
    narrowing = 1 / torch.clamp(scale, min=1.0)
    distances = own[None, :] - centres[:, None] + 0.5
    found = FILTER_CURVES[recipe.interpolation](torch.abs(distances * narrowing))
    found = found / found.sum(dim=1, keepdim=True)
    is_simd = available_resizer(recipe.resizer) == SIMD
    weight_of_1 = fineness(found) if is_simd else torch.full_like(scale, 2.0**PILLOW_BITS)
    times = found * weight_of_1
    whole = torch.floor(torch.abs(times) + 0.5) * torch.where(times < 0, -1.0, 1.0)
    high = torch.floor(whole / HALF + 0.5)
    halves = torch.stack([high, whole - high * HALF]).to(torch.float32)
    return halves, (weight_of_1 / HALF).to(torch.float32)


def fineness(weights: Tensor) -> Tensor:
    """As what whole number a weight of 1 is reckoned, given all weights of an axis."""
    bits = torch.arange(SIMD_BITS + 1, device=weights.device)
    powers = 2.0 ** (bits.to(torch.float64) + 1)
    is_too_fine = torch.floor(weights.amax(dim=(0, 1)) * powers + 0.5) >= LARGEST_WEIGHT
    return torch.where(is_too_fine, powers / 2, 2.0**SIMD_BITS).amin(dim=0)


def triangle(x: Tensor) -> Tensor:
    """Pillow's bilinear filter of distances x >= 0."""
    return torch.clamp(1 - x, min=0.0)


def cubic(x: Tensor) -> Tensor:
    """Pillow's bicubic filter of distances x >= 0.

    Reference:
        Keys (1981), Cubic convolution interpolation for digital image processing, a = -0.5.
    """
    near = ((BICUBIC_SLOPE + 2) * x - (BICUBIC_SLOPE + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * BICUBIC_SLOPE
    return torch.where(x < 1, near, torch.where(x < 2, far, torch.zeros_like(x)))


FILTER_CURVES = {"bilinear": triangle, "bicubic": cubic}
