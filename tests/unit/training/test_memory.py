"""How many rows pass at a time: by what they take, and by what the machine has."""

from pathlib import Path

import pytest
import torch
from tests.unit.training.test_step import Stored
from tests.unit.training.toy import same, toy_module
from torch import Tensor, nn

from warmstart.training import memory
from warmstart.training.memory import is_rowwise, kept_bytes, limit_in, row_bytes, rows_at_a_time

BATCH = torch.zeros(64, 3, 10, 10)


def test_bytes_of_a_row_are_what_its_backward_pass_reads() -> None:
    """What ReLU gives, which the flattened rows are too; the pictures are there anyway."""
    net = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 8 * 8, 2))
    expected = 4 * 5 * 8 * 8
    assert row_bytes(net, BATCH, net) == expected
    assert kept_bytes(net, BATCH[:1]) > expected  # weights are read too, once for all rows


def test_counting_leaves_no_trace() -> None:
    module, fresh = Stored(0.5).train(), Stored(0.5)
    state = torch.get_rng_state()
    assert row_bytes(module, BATCH, module) > 0
    assert same(module, fresh)
    assert module.training
    assert not module.net[1].training
    assert torch.equal(state, torch.get_rng_state())
    assert all(parameter.grad is None for parameter in module.parameters())


@pytest.mark.parametrize(
    ("rows_fitting", "expected"), [(64, 0), (100, 0), (63, 32), (32, 32), (31, 22), (9, 8), (1, 8)]
)
def test_parts_are_as_few_as_fit_and_of_one_size(rows_fitting: int, expected: int) -> None:
    module = Stored().train()
    budget = rows_fitting * row_bytes(module, BATCH, module)
    assert rows_at_a_time(module, BATCH, module, budget) == expected


def test_statistics_of_the_batch_want_the_whole_batch() -> None:
    assert not is_rowwise(toy_module().train())
    assert is_rowwise(toy_module().eval())
    assert is_rowwise(Stored().train())
    module = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.Flatten()).train()
    assert rows_at_a_time(module, BATCH, module, budget=1) == 0


def test_what_is_not_known_as_batchnorm_is_known_by_its_running_average() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("running_scale", torch.ones(1))

    assert not is_rowwise(nn.Sequential(Own()).train())


def test_large_machines_choose_alike_and_small_ones_take_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cpu = torch.device("cpu")
    budgets = []
    for gigabytes in (512, 16, 4):
        monkeypatch.setattr(memory, "machine_bytes", lambda size=gigabytes: size * 10**9)
        budgets.append(memory.activation_budget(cpu))
    assert budgets == [memory.TARGET_BYTES, memory.TARGET_BYTES, 4 * 10**8]


@pytest.mark.parametrize(
    ("text", "expected"), [("4294967296\n", 1 << 32), ("max\n", None), ("", None), (None, None)]
)
def test_the_limit_of_a_container_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, expected: int | None
) -> None:
    place = tmp_path / "memory.max"
    if text is not None:
        place.write_text(text)
    assert limit_in(place) == expected
    monkeypatch.setattr(memory, "LIMITS", ())
    whole = memory.machine_bytes()
    monkeypatch.setattr(memory, "LIMITS", (str(place),))
    assert memory.machine_bytes() == min(expected or whole, whole)


def test_the_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.training.toy import toy_settings

    from warmstart.training.step_mode import choose_step_mode

    module = Stored().train()
    wanted: Tensor = torch.zeros(64).long()
    assert choose_step_mode(module, BATCH, wanted, toy_settings(), 64).micro_rows == 0
    monkeypatch.setattr(memory, "TARGET_BYTES", 20 * row_bytes(module, BATCH, module))
    assert choose_step_mode(module, BATCH, wanted, toy_settings(), 64).micro_rows == 16
