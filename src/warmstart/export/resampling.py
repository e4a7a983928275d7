"""The plain view as tensor operations: any picture → the square that a network sees.

Pillow's antialiased resizing is two passes, each a weighted sum along one axis, rounded to whole
numbers: two products with matrices whose weights follow from the picture's size. Written so, the
view is part of a graph, and needs no operation that runtimes do in ways of their own.
"""

from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from warmstart.images.view import ViewRecipe

BICUBIC_SLOPE = -0.5  # Pillow's; torch has -0.75
FIXED_POINT = 2.0**22  # Pillow's weights are multiples of 1 / this: it decides ties


class PlainView(nn.Module):
    """Pictures (N, H, W, 3) uint8 of any one size → (N, 3, S, S) float of whole numbers 0 to 255.

    Of Pillow's resizing it differs by the rounding of single precision: a pixel in a thousand may
    be one higher or lower.
    """

    def __init__(self, recipe: ViewRecipe) -> None:
        """Take the recipe of a view."""
        super().__init__()
        self.recipe = recipe

    def extra_repr(self) -> str:
        """The recipe."""
        return str(self.recipe)

    def forward(self, pictures: Tensor) -> Tensor:
        """Resize along one axis, then along the other, in the order that Pillow takes."""
        down = torch.arange(pictures.shape[1], device=pictures.device)
        along = torch.arange(pictures.shape[2], device=pictures.device)
        operands = (pictures, self.weights(down, along), self.weights(along, down))
        if not pillow_goes_down_first():
            return rows_first(*operands)
        height, width = length_of(down), length_of(along)
        to_height, to_width = self.resized_to(height, width)
        is_tall = (height > to_height) & (height - to_height > 2 * (width - to_width))
        found: Tensor = torch.cond(is_tall, columns_first, rows_first, operands)
        return found

    def resized_to(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """What Pillow is asked to make of a picture, before a border is put around it."""
        size = torch.full_like(height, self.recipe.size)
        if self.recipe.crop_type != "pad":
            return size, size
        longest = torch.maximum(height, width)
        to_height, to_width = (half_even(size * side, longest) for side in (height, width))
        return torch.clamp(to_height, min=1), torch.clamp(to_width, min=1)

    def weights(self, own: Tensor, other: Tensor) -> Tensor:
        """How much each pixel along an axis counts in each of the view's: (S, length).

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
            side = shorter / recipe.pre_crop_scale
            start = (whole.to(torch.float64) - side) / 2
        else:
            side, start = whole.to(torch.float64), torch.zeros_like(whole, dtype=torch.float64)
        return filter_weights(own, start + (index + 0.5) * (side / size), side / size, recipe)

    def padded_weights(self, own: Tensor, index: Tensor, whole: Tensor, other: Tensor) -> Tensor:
        """Likewise where the whole picture lies in the middle, and a border around it."""
        size = self.recipe.size
        longest = torch.maximum(whole, other)
        small = torch.clamp(half_even(size * whole, longest), min=1)
        inner = index + torch.div(small - size, 2, rounding_mode="floor")
        folded = torch.remainder(inner, 2 * small)
        mirrored = torch.minimum(folded, 2 * small - 1 - folded)
        scale = whole.to(torch.float64) / small
        found = filter_weights(own, (mirrored + 0.5) * scale, scale, self.recipe)
        if self.recipe.border == "reflect":
            return found
        return found * (inner == mirrored).to(found.dtype)[:, None]


def rows_first(pictures: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Pictures (N, H, W, 3) by weights (S, H) and (S, W) → (N, 3, S, S): along each row first."""
    rows = pictures.permute(0, 1, 3, 2).to(torch.float32)  # (N, H, 3, W)
    narrow = whole_numbers(rows @ across.transpose(0, 1))  # (N, H, 3, S)
    return whole_numbers(down @ narrow.permute(0, 2, 1, 3))


def columns_first(pictures: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """The same, down each column first."""
    columns = pictures.permute(0, 3, 1, 2).to(torch.float32)  # (N, 3, H, W)
    return whole_numbers(whole_numbers(down @ columns) @ across.transpose(0, 1))


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


def filter_weights(own: Tensor, centres: Tensor, scale: Tensor, recipe: ViewRecipe) -> Tensor:
    """Weights (S, length) of pixels at whole positions, around each centre; a row's sum is 1.

    Args:
        own: Positions from 0.
        centres: (S,) where each pixel of the view lies, in float64: single precision has too few
            digits for a place in thousands of pixels.
        scale: Pixels per pixel of the view; where they are more than one, the filter is as wide.
        recipe: Which filter.
    """
    floors = torch.floor(centres)
    parts = (centres - floors).to(torch.float32)
    distances = (own[None, :] - floors.to(torch.int64)[:, None]).to(torch.float32)
    widest = torch.clamp(scale.to(torch.float32), min=1.0)
    found = FILTER_CURVES[recipe.interpolation](
        torch.abs(distances + 0.5 - parts[:, None]) / widest
    )
    exact = found / found.sum(dim=1, keepdim=True)
    return torch.floor(exact * FIXED_POINT + 0.5) / FIXED_POINT


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


def whole_numbers(values: Tensor) -> Tensor:
    """Rounded, halves up, and kept within 0 to 255."""
    return torch.clamp(torch.floor(values + 0.5), 0.0, 255.0)
