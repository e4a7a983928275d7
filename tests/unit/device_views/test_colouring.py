"""Colours, light and erasing on a device give the very levels that the processor gives."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.unit.device_views.test_device_views import photo

from warmstart.device_views.colouring import (
    COLOURINGS,
    coloured_views,
    erased,
    unknown_operations,
)
from warmstart.images.augment import Variation
from warmstart.images.light import COLOURS, colour, erase, light, noise_of
from warmstart.images.policy import OPERATIONS, Operation

AMOUNTS: dict[str, Sequence[float]] = {
    "posterize": (0.0, 1.2, 4.0, 6.0),
    "solarize": (0.0, 0.3, 0.9, 1.0),
}
ENHANCED = (-0.99, -0.27, 0.0, 0.27, 0.99)


def pictures() -> NDArray[np.uint8]:
    """Soft, grey, of one level, of two, and dark: what tables of levels stumble on."""
    soft = np.asarray(photo(40, 40))
    flat, two = np.full_like(soft, 77), np.full_like(soft, 3)
    two[5:9] = 200
    noise = np.random.default_rng(0).integers(0, 256, soft.shape, np.uint8)
    dark, grey = soft // 9 + 4, soft[..., :1].repeat(3, 2)
    return np.stack([soft, flat, two, noise, dark, grey])


@pytest.mark.parametrize("name", COLOURS)
def test_colours(name: str) -> None:
    many = pictures()
    for amount in AMOUNTS.get(name, ENHANCED):
        operation = (Operation(name, amount),)
        found = coloured_views(torch.from_numpy(many.copy()), [Variation(operations=operation)] * 6)
        wanted = [colour(each, operation) for each in many]
        np.testing.assert_array_equal(found.numpy(), np.stack(wanted), err_msg=f"{amount}")


def test_light_and_noise() -> None:
    many = pictures()
    drawn = [
        Variation(brightness=shift, contrast=factor)
        for shift, factor in (
            (0.0, 1.0),
            (0.3, 1.0),
            (-0.2, 1.4),
            (0.05, 0.7),
            (0.0, 3.0),
            (-1.0, 1.0),
        )
    ]
    found = coloured_views(torch.from_numpy(many.copy()), drawn).numpy()
    for view, pixels, each in zip(found, many, drawn, strict=True):
        np.testing.assert_array_equal(view, light(pixels, each.brightness, each.contrast))


def test_operations_come_in_the_order_in_which_they_were_drawn() -> None:
    many = pictures()[:2]
    one, other = Operation("solarize", 0.6), Operation("contrast", 0.9)
    drawn = [Variation(operations=(one, other)), Variation(operations=(other, one))]
    found = coloured_views(torch.from_numpy(many.copy()), drawn).numpy()
    for view, pixels, each in zip(found, many, drawn, strict=True):
        wanted = colour(pixels, each.operations)
        np.testing.assert_array_equal(view, wanted)


def test_erasing() -> None:
    from warmstart.images.light import Erasure

    many = pictures()[:3]
    erasures = [Erasure(0.1, 0.3, 0.5, 0.4, 5), None, Erasure(0.0, 0.0, 1.0, 1.0, 6)]
    noises = [noise_of(erasure, 40, 40) for erasure in erasures]
    found = erased(torch.from_numpy(many.copy()), noises).numpy()
    for view, pixels, erasure in zip(found, many, erasures, strict=True):
        np.testing.assert_array_equal(view, erase(pixels, erasure))


def test_every_operation_of_every_policy_has_a_form() -> None:
    assert COLOURINGS.keys() == COLOURS.keys()
    assert [unknown_operations(policy) for policy in (*OPERATIONS, None)] == [(), (), ()]
