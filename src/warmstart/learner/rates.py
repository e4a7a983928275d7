"""Rates and weight decays, as people write them → one per layer group."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from warmstart.arguments import number_in, shortly
from warmstart.errors import SettingError
from warmstart.training.optimiser import per_group

LOWER = 10  # what slice(high) divides the rates of earlier groups by, as in fastai 2


def resolve_rates(lrs: object, names: Sequence[str]) -> tuple[float, ...]:
    """One positive rate per layer group."""
    if isinstance(lrs, slice):
        return rates_of_slice(lrs, len(names))
    is_one = isinstance(lrs, (int, float, str)) or np.shape(np.asarray(lrs, object)) == ()
    numbers = (positive(lrs, "lr"),) * len(names) if is_one else per_group(lrs, names)
    return tuple(positive(number, "lr") for number in numbers)


def rates_of_slice(lrs: slice, num_groups: int) -> tuple[float, ...]:
    """Rates as fastai 2 reads a slice.

    Args:
        lrs: slice(low, high) is from the first group's rate to the last's in equal ratios;
            slice(high) is the last group's, of which all others have a tenth.
        num_groups: Layer groups that train; one alone has the last's rate.

    Raises:
        SettingError: it has no end, or a step.

    Reference:
        fastai 2, ``Optimizer._set_hyper`` and ``even_mults``.
    """
    if lrs.stop is None or lrs.step is not None:
        raise SettingError(
            f"lr={lrs} has no last rate." if lrs.stop is None else f"lr={lrs} has a step.",
            expected="slice(high), or slice(low, high).",
            fix="pass lr=slice(1e-5, 1e-3).",
        )
    high = positive(lrs.stop, "lr")
    if lrs.start is None:
        return (*(high / LOWER for _ in range(num_groups - 1)), high)
    low = positive(lrs.start, "lr")
    steps = range(num_groups - 1, -1, -1)  # from the last: its rate is the one that was written
    return tuple(high * (low / high) ** (step / max(1, num_groups - 1)) for step in steps)


def positive(value: Any, name: str) -> float:
    """A number above zero.

    Raises:
        SettingError: it is not.
    """
    number = number_in(value)
    if number is None or number <= 0:
        raise SettingError(
            f"{name}={shortly(value)} is no learning rate.",
            expected="one number above 0, such as 0.01.",
            fix=f"pass {name}=0.01, or {name}=learn.lr_find().suggestion.",
            flags=(f"--{name}", "0.01"),
        )
    return float(number)
