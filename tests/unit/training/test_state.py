"""Weights on the line between two fits."""

import pytest
import torch

from warmstart.training.state import PLACES, weights_between

BEFORE = {"w": torch.tensor([1.0, -3.0]), "steps": torch.tensor(4)}
AFTER = {"w": torch.tensor([2.0, 5.0]), "steps": torch.tensor(9)}


@pytest.mark.parametrize("place", PLACES)
def test_a_weight_lies_where_the_line_has_it(place: float) -> None:
    found = weights_between(BEFORE, AFTER, place)["w"]
    assert torch.allclose(found, (1 - place) * BEFORE["w"] + place * AFTER["w"])


def test_the_ends_are_the_weights_themselves_to_the_bit() -> None:
    before = {"w": torch.tensor([0.1, 1e-30, float("inf")])}
    after = {"w": torch.tensor([0.7, 1e30, 3.0])}
    assert torch.equal(weights_between(before, after, 0.0)["w"], before["w"])
    assert torch.equal(weights_between(before, after, 1.0)["w"], after["w"])


def test_whole_numbers_are_those_of_after() -> None:
    found = weights_between(BEFORE, AFTER, 0.25)["steps"]
    assert found.item() == 9
    assert found.dtype == torch.int64


def test_what_is_found_shares_no_memory() -> None:
    for place in PLACES:
        for tensor in weights_between(BEFORE, AFTER, place).values():
            tensor.zero_()
    assert BEFORE["w"].tolist() == [1.0, -3.0]
    assert AFTER["w"].tolist() == [2.0, 5.0]
    assert AFTER["steps"].item() == 9


def test_two_networks_have_no_line() -> None:
    with pytest.raises(ValueError, match="steps is in one of them only"):
        weights_between(BEFORE, {"w": AFTER["w"]}, 0.5)
