"""Which point of the picture each point of a view shows: one 3 × 3 matrix.

Matrices go from the view to the picture, as a warp needs them, and act on columns (x, y, 1). Pixel
(0, 0) covers [0, 1] × [0, 1]. In between lies the unit square, its middle at the origin:

    picture pixels <- window <- rotation, symmetry … <- unit square <- view pixels
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
NUM_SYMMETRIES = 8  # of a square: 4 quarter turns, each as it is or mirrored


@dataclass(frozen=True)
class Window:
    """The part of a picture that a view shows: its middle and sides, in the picture's pixels."""

    x: float
    y: float
    width: float
    height: float


def shift(x: float, y: float) -> Matrix:
    """Move by (x, y)."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def scale(x: float, y: float) -> Matrix:
    """Stretch about the origin."""
    return np.array([[x, 0, 0], [0, y, 0], [0, 0, 1]], np.float64)


def shear(x: float, y: float) -> Matrix:
    """Slant: x grows by ``x`` times y, y by ``y`` times x."""
    return np.array([[1, x, 0], [y, 1, 0], [0, 0, 1]], np.float64)


def rotation(degrees: float) -> Matrix:
    """Turn about the origin; the view's content turns counter-clockwise."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]], np.float64)


@cache
def symmetry(number: int) -> Matrix:
    """One of the square's eight: 0 changes nothing, 1 swaps left and right.

    Args:
        number: Half of it, rounded down, is how many quarter turns; odd ones also mirror.

    Returns:
        A matrix that cannot be changed: everybody gets the same one.
    """
    quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], np.float64)  # exact, unlike a cosine
    mirror = scale(-1.0, 1.0) if number % 2 else np.eye(3)
    found = np.asarray(np.linalg.matrix_power(quarter, number // 2) @ mirror, np.float64)
    found.flags.writeable = False
    return found


def view_matrix(window: Window, inner: Matrix, degrees: float, size: int) -> Matrix:
    """From the pixels of a view to those of the picture.

    Args:
        window: What the view shows before it is turned.
        inner: What happens within the unit square.
        degrees: The turn of the window in the picture, about the window's middle.
        size: Side of the view in pixels.
    """
    unit = scale(1 / size, 1 / size) @ shift(-size / 2, -size / 2)
    place = shift(window.x, window.y) @ rotation(degrees) @ scale(window.width, window.height)
    return np.asarray(place @ inner @ unit, np.float64)


def corners(matrix: Matrix, size: int) -> NDArray[np.float64]:
    """Where the corners of a view of ``size`` pixels lie in the picture: (4, 2), x before y."""
    square = np.array([[0, size, 0, size], [0, 0, size, size], [1, 1, 1, 1]], np.float64)
    return np.asarray((matrix @ square)[:2].T, np.float64)
