"""L-BFGS for a smooth convex function, on any device.

torch's own is as good, but the first use of ``torch.optim`` imports the compiler: 1.5 s, more than
all of a head's solution takes. scipy's needs as few evaluations, and several times as long for its
own share of the work (docs/experiments.md).
"""

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

HISTORY = 20  # steps that are remembered
DECREASE, CURVATURE = 1e-4, 0.9  # of the Wolfe conditions
FLAT = 0.8  # of the approximate Wolfe conditions: 1 - 2 δ with δ = 0.1
ROUNDING = 1e-6  # of the loss: what float32 logits leave uncertain
MOST_TRIALS = 25  # along one direction

Objective = Callable[[Tensor], tuple[float, Tensor]]
"""A point → the loss and its gradient there."""
Pairs = deque[tuple[Tensor, Tensor, float]]
"""Steps, changes of the gradient along them, and the inverse of their product."""


def minimise(objective: Objective, start: Tensor, *, tolerance: float, most_steps: int) -> Tensor:
    """Find the lowest point.

    Args:
        objective: Convex, of a scale at which a step of length 1 along the gradient is not absurd.
        start: Where to begin.
        tolerance: The largest component of the gradient that is left.
        most_steps: The search ends after so many all the same.

    Returns:
        The point.

    Reference:
        Nocedal, Wright 2006, Numerical Optimization: algorithm 7.4 (two loops). Hager, Zhang 2005,
        SIAM J. Optim. 16: the approximate Wolfe conditions, equation 4.1, which can be met where
        the loss is rounded.
    """
    point, pairs = start, Pairs(maxlen=HISTORY)
    loss, gradient = objective(point)
    for _ in range(most_steps):
        if float(gradient.abs().max()) <= tolerance:
            break
        direction = -times_inverse_hessian(gradient, pairs)
        found = step_along(objective, point, loss, gradient, direction)
        if found is None:
            break  # what is left is rounding
        new_point, loss, new_gradient = found
        step, change = new_point - point, new_gradient - gradient
        product = float(torch.sum(step * change))
        if product > 0:
            pairs.append((step, change, 1 / product))
        point, gradient = new_point, new_gradient
    return point


def times_inverse_hessian(gradient: Tensor, pairs: Pairs) -> Tensor:
    """The inverse of the Hessian, as the last steps show it, times the gradient."""
    found, factors = gradient.clone(), []
    for step, change, inverse in reversed(pairs):
        factors.append(inverse * float(torch.sum(step * found)))
        found -= factors[-1] * change
    if pairs:
        _, change, inverse = pairs[-1]
        found /= inverse * float(torch.sum(change * change))
    for (step, change, inverse), factor in zip(pairs, reversed(factors), strict=True):
        found += (factor - inverse * float(torch.sum(change * found))) * step
    return found


def step_along(
    objective: Objective, point: Tensor, loss: float, gradient: Tensor, direction: Tensor
) -> tuple[Tensor, float, Tensor] | None:
    """A step that meets the Wolfe conditions, exactly or up to rounding; None if there is none."""
    slope = float(torch.sum(gradient * direction))
    if slope >= 0:
        return None
    length, shortest, longest = 1.0, 0.0, float("inf")
    for _ in range(MOST_TRIALS):
        new_point = point + length * direction
        new_loss, new_gradient = objective(new_point)
        new_slope = float(torch.sum(new_gradient * direction))
        is_lower = new_loss <= loss + DECREASE * length * slope
        is_flat = new_loss <= loss + ROUNDING * abs(loss) and new_slope <= -FLAT * slope
        if not (is_lower or is_flat):
            longest = length
        elif new_slope < CURVATURE * slope:
            shortest = length
        else:
            return new_point, new_loss, new_gradient
        if longest == float("inf"):
            length *= 2
        else:
            length = (shortest + longest) / 2
    return None
