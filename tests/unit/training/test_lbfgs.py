import numpy as np
import pytest
import torch
from torch import Tensor

from warmstart.training.lbfgs import minimise, step_along


def valley(point: Tensor) -> tuple[float, Tensor]:
    """A smooth convex function whose curvature is from 1 to 30, lowest at 1."""
    factors = torch.linspace(1, 30, len(point), dtype=torch.float64)
    away = point - 1
    return float((factors * (away.cosh() - 1)).sum()), factors * away.sinh()


def test_the_lowest_point_is_found() -> None:
    found = minimise(valley, torch.zeros(20, dtype=torch.float64), tolerance=1e-9, most_steps=200)
    assert valley(found)[1].abs().max() <= 1e-9
    assert found.numpy() == pytest.approx(np.ones(20), abs=1e-8)


def test_it_ends_at_the_tolerance_and_after_so_many_steps() -> None:
    calls: list[Tensor] = []

    def counted(point: Tensor) -> tuple[float, Tensor]:
        calls.append(point)
        return valley(point)

    numbers = []
    for tolerance in (1e-1, 1e-6):
        calls.clear()
        found = minimise(counted, torch.zeros(20, dtype=torch.float64), tolerance=tolerance,
                         most_steps=200)  # fmt: skip
        assert valley(found)[1].abs().max() <= tolerance
        numbers.append(len(calls))
    assert numbers[0] < numbers[1] < 100
    start = torch.zeros(20, dtype=torch.float64)
    assert torch.equal(minimise(valley, start, tolerance=0.0, most_steps=0), start)
    one = minimise(valley, start, tolerance=0.0, most_steps=1)
    assert valley(one)[0] < valley(start)[0]


def test_a_start_that_is_too_far_for_a_whole_step() -> None:
    def steep(point: Tensor) -> tuple[float, Tensor]:
        return float(500 * point.square().sum()), 1000 * point

    found = minimise(steep, torch.ones(3, dtype=torch.float64), tolerance=1e-6, most_steps=50)
    assert found.abs().max() < 1e-8


def test_a_loss_that_is_rounded_ends_and_is_nearly_lowest() -> None:
    def rounded(point: Tensor) -> tuple[float, Tensor]:
        loss, gradient = valley(point)
        return float(np.float32(1000 + loss)), gradient.float().double()

    found = minimise(rounded, torch.zeros(20, dtype=torch.float64), tolerance=1e-5, most_steps=200)
    assert valley(found)[1].abs().max() <= 1e-5


def test_no_step_goes_uphill() -> None:
    point = torch.zeros(4, dtype=torch.float64)
    loss, gradient = valley(point)
    assert step_along(valley, point, loss, gradient, gradient) is None
