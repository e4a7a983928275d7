"""Shares of a batch, and what the environment says: no process is started."""

from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from warmstart.ranks.launch import Launch, cores_per_process, read_launch
from warmstart.ranks.ranks import ALONE, Ranks
from warmstart.ranks.spread import WHOLE, SpreadModule, share_of_batch

GIVEN = {"RANK": "3", "WORLD_SIZE": "4", "MASTER_ADDR": "here", "LOCAL_RANK": "1"}


def one_of(size: int, rank: int) -> Ranks:
    """A process that nobody is asked by."""
    return Ranks(Launch(rank=rank, size=size), cast("Any", object()))


@given(st.integers(1, 40), st.integers(2, 7))
def test_the_mean_over_processes_is_the_mean_over_rows(num_rows: int, size: int) -> None:
    losses = np.random.default_rng(num_rows).random(num_rows)
    shares = [share_of_batch(one_of(size, rank), num_rows) for rank in range(size)]
    means = [
        float(share.weighed(torch.tensor(losses[rows].mean(), dtype=torch.float64)))
        for rows, share in shares
    ]
    assert np.isclose(np.mean(means), losses.mean())
    seen = [losses[rows] for rows, share in shares if share.weight]
    assert np.array_equal(np.concatenate(seen), losses)
    assert min(len(losses[rows]) for rows, _ in shares) == max(1, num_rows // size)


def test_one_process_does_what_it_did() -> None:
    module, loss = torch.nn.Linear(2, 2), torch.tensor(0.3)
    spread = SpreadModule(ALONE, module)
    assert spread.on(torch.zeros(1, 2)) is module
    assert spread.share(share_of_batch(ALONE, 5)[1]) is WHOLE
    assert WHOLE.weighed(loss) is loss
    assert ALONE.agreed("a number", 3) == 3
    assert list(ALONE.own_blocks(3)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Launch(rank=3, size=4, local_rank=1)),
        ({"LOCAL_WORLD_SIZE": "2"}, Launch(rank=3, size=4, local_rank=1, local_size=2)),
        ({"WORLD_SIZE": "1"}, Launch()),
        ({"WORLD_SIZE": "many"}, Launch()),
    ],
)
def test_the_environment_of_torchrun(changed: dict[str, str], expected: Launch) -> None:
    assert read_launch(GIVEN | changed) == expected


def test_without_torchrun_there_is_one_process() -> None:
    assert read_launch({"RANK": "1", "WORLD_SIZE": "2"}) == Launch()  # no address: not torchrun's


def test_processes_of_one_computer_share_its_cores() -> None:
    several = GIVEN | {"LOCAL_WORLD_SIZE": "3"}
    assert [cores_per_process(cores, several) for cores in (2, 6, 7)] == [1, 2, 2]
    assert cores_per_process(6, {}) == 6
