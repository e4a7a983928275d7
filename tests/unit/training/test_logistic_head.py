import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from warmstart.training.head import build_head
from warmstart.training.head_card import LogisticHeadCard, read_head_card
from warmstart.training.logistic import LogisticWeights
from warmstart.training.logistic_head import DivideByLength, build_logistic_head, unit_parts

PARTS = ((4, 10), (0, 4))
CARD = LogisticHeadCard(num_features=10, num_classes=3, parts=PARTS)


def features(num_rows: int = 5) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(num_rows, 10)).astype(np.float32)


def test_each_part_is_divided_by_its_own_length() -> None:
    found = DivideByLength(PARTS)(torch.from_numpy(features()))
    assert found[:, :6].square().mean(dim=1).numpy() == pytest.approx(np.ones(5), rel=1e-5)
    assert found[:, 6:].square().mean(dim=1).numpy() == pytest.approx(np.ones(5), rel=1e-5)
    longer = DivideByLength(PARTS)(torch.from_numpy(features() * 7))
    assert torch.allclose(longer, found, atol=1e-6)
    units = unit_parts(features(), PARTS) * np.sqrt([6] * 6 + [4] * 4)
    assert found.numpy() == pytest.approx(units, abs=1e-6)


def test_a_row_of_zeros_stays_one_and_has_a_gradient() -> None:
    rows = torch.zeros((2, 10), requires_grad=True)
    found = build_logistic_head(CARD)(rows)
    found.sum().backward()
    assert torch.equal(found, torch.zeros((2, 3)))
    assert rows.grad is not None
    assert rows.grad.isfinite().all()
    assert not unit_parts(np.zeros((2, 10), np.float32), PARTS).any()


def test_half_precision_has_exact_lengths() -> None:
    rows = torch.from_numpy(features()).bfloat16()
    found = DivideByLength(PARTS)(rows)
    assert found.dtype == torch.float32
    assert torch.equal(found, DivideByLength(PARTS)(rows.float()))


def test_the_module_says_what_the_solution_says() -> None:
    random = np.random.default_rng(1)
    weights = LogisticWeights(random.normal(size=(3, 10)), random.normal(size=3))
    head = build_logistic_head(CARD, weights)
    expected = unit_parts(features(), PARTS) @ weights.weight.T + weights.bias
    with torch.inference_mode():
        assert head(torch.from_numpy(features())).numpy() == pytest.approx(expected, abs=1e-5)


def test_a_card_survives_json_and_builds_the_same_head() -> None:
    card = read_head_card(json.loads(json.dumps(asdict(CARD))))
    assert card == CARD
    head = build_head(card)
    assert [tuple(p.shape) for p in head.parameters()] == [(3, 10), (3,)]
    assert not any(p.any() for p in head.parameters())
    assert "parts=((4, 10), (0, 4))" in repr(head)
