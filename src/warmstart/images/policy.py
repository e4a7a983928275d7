"""RandAugment and TrivialAugment: which operations, how strong.

Reference:
    Cubuk, Zoph, Shlens, Le: RandAugment, 2019, arXiv 1909.13719.
    Müller, Hutter: TrivialAugment, 2021, arXiv 2103.10158 (its "wide" space).

Differs from: both apply their operations in the order drawn; here those that move pixels compose
into the view's one matrix, and those that change colours follow. What moves beyond the picture is
the recipe's border, not black.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from warmstart.images.geometry import Matrix, rotation, shear, shift

RAND_AUGMENT, TRIVIAL_AUGMENT = "rand_augment", "trivial_augment"
NUM_STRENGTHS = 31  # both papers' scale: 0 … 30
RAND_AUGMENT_OPERATIONS = 2  # the paper's N and M for a ResNet-50
RAND_AUGMENT_STRENGTH = 9

# What each operation does at full strength: shears in units of the view's side, shifts as a share
# of it, turns in degrees, enhancements as a change of 1, bits taken away, share of levels inverted.
OPERATIONS: dict[str, dict[str, float | int]] = {
    RAND_AUGMENT: {
        "identity": 0,
        "shear_x": 0.3,
        "shear_y": 0.3,
        "translate_x": 150 / 331,
        "translate_y": 150 / 331,
        "rotate": 30,
        "brightness": 0.9,
        "color": 0.9,
        "contrast": 0.9,
        "sharpness": 0.9,
        "posterize": 4,
        "solarize": 1,
        "autocontrast": 0,
        "equalize": 0,
    },
    TRIVIAL_AUGMENT: {
        "identity": 0,
        "shear_x": 0.99,
        "shear_y": 0.99,
        "translate_x": 32 / 224,
        "translate_y": 32 / 224,
        "rotate": 135,
        "brightness": 0.99,
        "color": 0.99,
        "contrast": 0.99,
        "sharpness": 0.99,
        "posterize": 6,
        "solarize": 1,
        "autocontrast": 0,
        "equalize": 0,
    },
}
UNSIGNED = {"posterize", "solarize"}  # the others go either way

MOVES: dict[str, Callable[[float], Matrix]] = {
    "shear_x": lambda amount: shear(amount, 0.0),
    "shear_y": lambda amount: shear(0.0, amount),
    "translate_x": lambda amount: shift(amount, 0.0),
    "translate_y": lambda amount: shift(0.0, amount),
    "rotate": rotation,
}


@dataclass(frozen=True)
class Operation:
    """One operation by name, and how much of it, in its own unit."""

    name: str
    amount: float


def draw_operations(policy: str | None, random: Callable[[], float]) -> tuple[Operation, ...]:
    """Draw what one view gets.

    Args:
        policy: "rand_augment", "trivial_augment" or None.
        random: Gives numbers in [0, 1).
    """
    if policy is None:
        return ()
    return tuple(
        draw_operation(policy, random)
        for _ in range(RAND_AUGMENT_OPERATIONS if policy == RAND_AUGMENT else 1)
    )


def draw_operation(policy: str, random: Callable[[], float]) -> Operation:
    """Draw one operation; all are equally likely."""
    names = list(OPERATIONS[policy])
    name = names[int(random() * len(names))]
    level = int(random() * NUM_STRENGTHS)
    sign = 1 if random() < 0.5 or name in UNSIGNED else -1
    if policy == RAND_AUGMENT:
        level = RAND_AUGMENT_STRENGTH
    return Operation(name, sign * OPERATIONS[policy][name] * level / (NUM_STRENGTHS - 1))


def moves(operations: tuple[Operation, ...]) -> Matrix:
    """Those operations that move pixels, as one matrix within the unit square."""
    matrix: Matrix = np.eye(3)
    for operation in operations:
        if operation.name in MOVES:
            matrix = MOVES[operation.name](operation.amount) @ matrix
    return matrix
