from collections import Counter
from functools import cache

import numpy as np
import pytest

from warmstart.images.geometry import rotation, shear, shift
from warmstart.images.light import COLOURS
from warmstart.images.policy import (
    MOVES,
    OPERATIONS,
    RAND_AUGMENT,
    TRIVIAL_AUGMENT,
    Operation,
    draw_operations,
    moves,
)

NUM_DRAWS = 3000


@cache
def drawn(policy: str) -> list[tuple[Operation, ...]]:
    random = np.random.default_rng(0).random
    return [draw_operations(policy, random) for _ in range(NUM_DRAWS)]


@pytest.mark.parametrize("policy", list(OPERATIONS))
def test_every_operation_is_known_once(policy: str) -> None:
    assert not set(MOVES) & set(COLOURS)
    assert set(OPERATIONS[policy]) == {"identity"} | set(MOVES) | set(COLOURS)
    assert len(OPERATIONS[policy]) == 14


@pytest.mark.parametrize(("policy", "each"), [(RAND_AUGMENT, 2), (TRIVIAL_AUGMENT, 1)])
def test_all_operations_are_equally_likely(policy: str, each: int) -> None:
    draws = drawn(policy)
    assert {len(operations) for operations in draws} == {each}
    counts = Counter(operation.name for operations in draws for operation in operations)
    expected = each * NUM_DRAWS / 14
    assert set(counts) == set(OPERATIONS[policy])
    assert all(abs(count - expected) < 6 * expected**0.5 for count in counts.values())


def amounts(policy: str, name: str) -> set[float]:
    draws = [operation for operations in drawn(policy) for operation in operations]
    return {round(operation.amount, 9) for operation in draws if operation.name == name}


def test_rand_augment_has_one_strength_either_way() -> None:
    assert amounts(RAND_AUGMENT, "rotate") == {-9.0, 9.0}
    assert amounts(RAND_AUGMENT, "shear_x") == {-0.09, 0.09}
    assert amounts(RAND_AUGMENT, "brightness") == {-0.27, 0.27}
    assert amounts(RAND_AUGMENT, "posterize") == {1.2}
    assert amounts(RAND_AUGMENT, "solarize") == {0.3}


def test_trivial_augment_has_all_strengths_either_way() -> None:
    found = set().union(*(amounts(TRIVIAL_AUGMENT, name) for name in ("brightness", "color")))
    assert found == {round(0.033 * level, 9) for level in range(-30, 31)}
    assert max(amounts(TRIVIAL_AUGMENT, "rotate")) > 120
    assert min(amounts(TRIVIAL_AUGMENT, "solarize")) >= 0
    assert max(amounts(TRIVIAL_AUGMENT, "posterize")) <= 6


def test_moves_compose_and_leave_colours_out() -> None:
    operations = (
        Operation("shear_x", 0.2),
        Operation("brightness", 0.5),
        Operation("rotate", 30.0),
        Operation("translate_y", 0.1),
    )
    expected = shift(0.0, 0.1) @ rotation(30.0) @ shear(0.2, 0.0)
    np.testing.assert_allclose(moves(operations), expected)
    assert moves(()).tolist() == np.eye(3).tolist()


def test_no_policy_draws_nothing() -> None:
    def never() -> float:
        raise AssertionError("drew a number")

    assert draw_operations(None, never) == ()
