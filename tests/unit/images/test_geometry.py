import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from warmstart.images.geometry import (
    NUM_SYMMETRIES,
    Window,
    corners,
    rotation,
    scale,
    shear,
    shift,
    symmetry,
    view_matrix,
)

number = st.floats(-100, 100)
degrees = st.floats(-180, 180)


def at(matrix: NDArray[np.float64], x: float, y: float) -> NDArray[np.float64]:
    return np.asarray((matrix @ [x, y, 1])[:2], np.float64)


@given(x=number, y=number, a=number, b=number)
def test_matrices_compose_from_right_to_left(x: float, y: float, a: float, b: float) -> None:
    found = at(shift(a, b) @ scale(2.0, 3.0), x, y)
    np.testing.assert_allclose(found, (2 * x + a, 3 * y + b))


@given(one=degrees, other=degrees)
def test_turns_add_up(one: float, other: float) -> None:
    np.testing.assert_allclose(rotation(one) @ rotation(other), rotation(one + other), atol=1e-12)


def test_a_quarter_turn_moves_x_onto_y() -> None:
    np.testing.assert_allclose(at(rotation(90.0), 1.0, 0.0), (0, 1), atol=1e-12)


def test_a_shear_slants() -> None:
    np.testing.assert_allclose(at(shear(0.5, 0.0), 1.0, 2.0), (2, 2))
    np.testing.assert_allclose(at(shear(0.0, 0.5), 2.0, 1.0), (2, 2))


def test_no_turn_is_exact() -> None:
    """A warp that turns nothing is recognised by exact zeros."""
    assert rotation(0.0).tolist() == np.eye(3).tolist()
    for k in range(NUM_SYMMETRIES):
        assert set(np.abs(symmetry(k)).ravel()) == {0.0, 1.0}


def test_the_eight_symmetries_are_a_group() -> None:
    found = {tuple(symmetry(k).ravel() + 0.0) for k in range(NUM_SYMMETRIES)}
    assert len(found) == NUM_SYMMETRIES
    for one in range(NUM_SYMMETRIES):
        for other in range(NUM_SYMMETRIES):
            assert tuple((symmetry(one) @ symmetry(other)).ravel() + 0.0) in found
    assert symmetry(0).tolist() == np.eye(3).tolist()
    assert symmetry(1).tolist() == scale(-1.0, 1.0).tolist()


@given(
    x=number, y=number, side=st.floats(1, 500), turn=degrees, size=st.integers(1, 300),
    k=st.integers(0, NUM_SYMMETRIES - 1),
)  # fmt: skip
def test_the_middle_of_a_view_is_the_middle_of_its_window(
    x: float, y: float, side: float, turn: float, size: int, k: int
) -> None:
    matrix = view_matrix(Window(x, y, side, side), symmetry(k), turn, size)
    np.testing.assert_allclose(at(matrix, size / 2, size / 2), (x, y), atol=1e-9)
    distances = np.hypot(*(corners(matrix, size) - (x, y)).T)
    np.testing.assert_allclose(distances, side / math.sqrt(2), rtol=1e-9)


@pytest.mark.parametrize("size", [1, 7, 224])
def test_an_unturned_window_is_reached_corner_by_corner(size: int) -> None:
    found = corners(view_matrix(Window(50.0, 40.0, 20.0, 10.0), np.eye(3), 0.0, size), size)
    np.testing.assert_allclose(found, [(40, 35), (60, 35), (40, 45), (60, 45)])
