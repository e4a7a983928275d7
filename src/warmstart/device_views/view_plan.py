"""How a drawn view comes out of a picture: by one upright resizing, or reduced and then warped.

The same decisions as those of ``images.warp``, as numbers that a device can follow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.device_views.placement import Axis, Placement
from warmstart.images.augment import Variation
from warmstart.images.augmented import drawn_matrix
from warmstart.images.geometry import Matrix, scale, shift
from warmstart.images.resize import PILLOW, available_resizer
from warmstart.images.view import ViewRecipe
from warmstart.images.warp import (
    BICUBIC_UP_TO,
    quarter_turn,
    reach,
    reduction_of,
    shrinking,
    upright_box,
)

POSITION_BITS = 32  # of a place in a picture, behind the point
FRACTION_BITS = 11  # of these, how many a filter tells apart: two weights and a level fit in 32


@dataclass(frozen=True, slots=True)
class UprightPlan:
    """A view that shows an upright box: resized, then turned.

    ``turn`` says whether it is mirrored left and right, up and down, and then along its diagonal.
    """

    placement: Placement
    turn: tuple[bool, bool, bool]


@dataclass(frozen=True, slots=True)
class WarpPlan:
    """A view that is turned or slanted.

    The picture is first averaged over whole pixels as ``reduction`` says, if it is given; ``size``
    is what it then has. ``steps`` are three whole numbers per axis, in parts of 2^-POSITION_BITS of
    a pixel: half of what a step right adds to the place, and a step down, and where it begins.
    Places outside ``bounds``, left, right, top and bottom, are taken for those at its edge; then
    those outside the picture are black or mirrored. ``truncates``: levels are rounded down.
    """

    reduction: Placement | None
    size: tuple[int, int]
    steps: tuple[tuple[int, int, int], tuple[int, int, int]]
    bounds: tuple[int, int, int, int]
    is_cubic: bool
    is_black: bool
    truncates: bool


ViewPlan = UprightPlan | WarpPlan


def plan_view(recipe: ViewRecipe, variation: Variation, width: int, height: int) -> ViewPlan:
    """How a view is made, as ``images.augmented.varied`` makes it.

    Args:
        recipe: The plain view's recipe.
        variation: What was drawn.
        width: Of the upright picture, in pixels.
        height: Likewise.
    """
    matrix = drawn_matrix(recipe, variation, (width, height))
    box = upright_box((width, height), matrix, recipe.size)
    if box is None:
        return warp_plan(recipe, matrix, width, height)
    across = Axis(width, box[0], box[2], recipe.size)
    down = Axis(height, box[1], box[3], recipe.size)
    return UprightPlan(Placement(across, down, recipe.size), quarter_turn(matrix))


def warp_plan(recipe: ViewRecipe, matrix: Matrix, width: int, height: int) -> WarpPlan:
    """Likewise, from the matrix of a view that shows no upright box within the picture."""
    is_pillows = available_resizer(recipe.resizer) == PILLOW
    reduction, matrix, size = reduced_plan(
        matrix, recipe.size, (width, height), is_pillows=is_pillows
    )
    low, high = reach(matrix, recipe.size)
    if min(low) >= 0 and high[0] <= size[0] and high[1] <= size[1]:
        low, high = (0, 0), size  # filters see what is there, beyond what the view shows
    is_cubic = max(shrinking(matrix)) <= BICUBIC_UP_TO
    return WarpPlan(
        reduction=reduction,
        size=size,
        steps=(whole_steps(matrix[0]), whole_steps(matrix[1])),
        bounds=(low[0], high[0] - 1, low[1], high[1] - 1),
        is_cubic=is_cubic,
        is_black=recipe.border == "black",
        truncates=is_cubic or is_pillows,  # Pillow's warp does, and nobody else warps bicubic
    )


def reduced_plan(
    matrix: Matrix, view_size: int, picture: tuple[int, int], *, is_pillows: bool
) -> tuple[Placement | None, Matrix, tuple[int, int]]:
    """How whole pixels are averaged, the matrix into what comes out, and its size."""
    found = reduction_of(matrix, view_size, picture)
    if found is None:
        return None, matrix, picture
    factors, box = found
    axes, starts, ratios = [], [], []
    for i in range(2):
        start, stop = box[i], box[i + 2]
        num = -(-(stop - start) // factors[i])
        end = start + num * factors[i] if is_pillows else stop
        axes.append(Axis(stop, float(start), float(end), num))
        starts.append(float(-start))
        ratios.append(num / (end - start))
    into = scale(*ratios) @ shift(*starts) @ matrix
    size = axes[0].num_inner, axes[1].num_inner
    return Placement(axes[0], axes[1], max(size)), into, size


def whole_steps(row: NDArray[np.float64]) -> tuple[int, int, int]:
    """One row of a matrix from pixels to pixels, as ``WarpPlan.steps``: between their middles."""
    half, whole = 2.0 ** (POSITION_BITS - 1), 2.0**POSITION_BITS
    rounding = 1 << (POSITION_BITS - FRACTION_BITS - 1)
    right, down, begin = (float(value) for value in row)
    return round(right * half), round(down * half), round((begin - 0.5) * whole) + rounding
