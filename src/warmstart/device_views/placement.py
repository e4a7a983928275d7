"""Which part of a picture a plain view shows, and where in the square it comes to lie."""

from dataclasses import dataclass

from warmstart.images.view import ViewRecipe


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of one view.

    ``length`` pixels of the picture, of which ``start`` … ``stop`` become ``num_inner`` pixels of
    the view; pixel 0 of the view is number ``first`` of these. Where the view reaches beyond them
    it repeats them, every other time mirrored, or is black where not ``mirrors``.
    """

    length: int
    start: float
    stop: float
    num_inner: int
    first: int = 0
    mirrors: bool = True


@dataclass(frozen=True, slots=True)
class Placement:
    """Both axes of a view of ``size`` × ``size`` pixels."""

    across: Axis
    down: Axis
    size: int


def plain_placement(recipe: ViewRecipe, width: int, height: int) -> Placement:
    """How a plain view shows a picture: as ``ViewRecipe.shown`` does.

    Args:
        recipe: Of the view.
        width: Of the upright picture, in pixels.
        height: Likewise.
    """
    size, picture = recipe.size, (width, height)
    if recipe.crop_type == "squash":
        across, down = (Axis(side, 0.0, float(side), size) for side in picture)
        return Placement(across, down, size)
    if recipe.crop_type == "pad":
        axes = []
        for side in picture:
            num_inner = max(1, round(size * side / max(width, height)))
            first = (num_inner - size) // 2
            axes.append(Axis(side, 0.0, float(side), num_inner, first, recipe.border == "reflect"))
        return Placement(axes[0], axes[1], size)
    part = min(picture) / recipe.pre_crop_scale
    left, top = (width - part) / 2, (height - part) / 2
    across = Axis(width, left, left + part, size)
    return Placement(across, Axis(height, top, top + part, size), size)
