"""Rates in every way that people write them."""

from typing import Any

import numpy as np
import pytest

from warmstart.errors import SettingError
from warmstart.learner.fitting import resolve_rates

NAMES = ("stem", "stages", "head")


@pytest.mark.parametrize(
    ("lrs", "found"),
    [
        (1e-3, (1e-3,) * 3),
        ("1e-3", (1e-3,) * 3),
        (np.float32(0.5), (0.5,) * 3),
        ([1e-4, 1e-3, 1e-2], (1e-4, 1e-3, 1e-2)),
        (slice(1e-5, 1e-3), (1e-5, 1e-4, 1e-3)),  # as fastai 2: in equal ratios
        (slice(1e-3), (1e-4, 1e-4, 1e-3)),  # a tenth for all groups but the last
        (slice("1e-5", np.float64(1e-3)), (1e-5, 1e-4, 1e-3)),
        (slice(1e-2, 1e-4), (1e-2, 1e-3, 1e-4)),
    ],
)
def test_a_rate_for_each_group(lrs: Any, found: tuple[float, ...]) -> None:
    assert resolve_rates(lrs, NAMES) == pytest.approx(found)


def test_the_ends_of_a_slice_are_met_and_one_group_has_the_last() -> None:
    assert resolve_rates(slice(1e-5, 3e-3), NAMES)[-1] == 3e-3
    assert resolve_rates(slice(1e-5, 1e-3), ("head",)) == (1e-3,)
    assert resolve_rates(slice(1e-3), ("head",)) == (1e-3,)
    assert resolve_rates(slice(1e-6, 1e-2), ("body", "head")) == pytest.approx((1e-6, 1e-2))


@pytest.mark.parametrize(
    "lrs",
    [slice(None), slice(1e-5, None), slice(1e-5, 1e-3, 2), slice(0, 1e-3), slice("x"), slice(-1.0),
     (1e-4, 1e-3), [], None, True, 10**400, {"head": 1e-3}, "fast", [1e-4, 0, 1e-3]],
)  # fmt: skip
def test_what_is_no_rate_for_each_is_refused(lrs: Any) -> None:
    with pytest.raises(SettingError, match="lr"):
        resolve_rates(lrs, NAMES)
