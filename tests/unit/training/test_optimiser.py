from typing import Any

import numpy as np
import pytest

from warmstart.errors import SettingError
from warmstart.training.optimiser import per_group

NAMES = ("stem–stage 2", "stages 3–4", "head")


@pytest.mark.parametrize(
    "values",
    [[1e-4, 1e-3, 1e-2], (1e-4, 1e-3, 1e-2), np.array([1e-4, 1e-3, 1e-2])],
)
def test_a_list_a_tuple_and_an_array_mean_the_same(values: Any) -> None:
    assert per_group(values, NAMES) == (1e-4, 1e-3, 1e-2)


@pytest.mark.parametrize("value", [0.5, 1, np.float64(0.5), np.array(0.5)])
def test_one_number_is_for_all(value: Any) -> None:
    assert per_group(value, NAMES) == (float(value),) * 3


@pytest.mark.parametrize("values", [[0.1], [0.1, 0.2], [0.1] * 4, [], np.ones((3, 1))])
def test_a_wrong_length_is_an_error_that_shows_the_groups(values: Any) -> None:
    with pytest.raises(SettingError) as error:
        per_group(values, NAMES)
    for name in NAMES:
        assert name in error.value.what
    assert "3 layer groups" in error.value.what
    assert error.value.expected == "one number, or one per layer group."
    assert "lr=(0.0001, 0.001, 0.01)" in error.value.fix


def test_the_fix_is_taken() -> None:
    with pytest.raises(SettingError) as error:
        per_group([1.0, 2.0], NAMES, "wds")
    suggested = error.value.fix.split("=")[1].split(")")[0].strip("(").split(",")
    assert len(per_group([float(number) for number in suggested], NAMES)) == 3


@pytest.mark.parametrize("values", ["fast", [None], [[1], [2, 3]], float("nan"), None])
def test_what_is_no_number_is_an_error(values: Any) -> None:
    with pytest.raises(SettingError, match="lr=") as error:
        per_group(values, ["head"])
    assert error.value.fix == "pass lr=0.01."
