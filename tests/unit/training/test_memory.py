"""How many rows pass at a time: by what they take, and by what the machine has."""

from pathlib import Path

import pytest
import torch
from tests.unit.training.test_step import BatchHead, Stored
from tests.unit.training.toy import same, toy_module
from torch import Tensor, nn

from warmstart.training import machine, memory
from warmstart.training.memory import (
    BatchParts,
    TwiceInParts,
    batch_parts,
    is_rowwise,
    kept_bytes,
    row_bytes,
)

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
    assert batch_parts(module, BATCH, module, budget) == BatchParts(expected)


def test_statistics_of_the_batch_want_the_whole_batch() -> None:
    assert not is_rowwise(toy_module().train())
    assert is_rowwise(toy_module().eval())
    assert is_rowwise(Stored().train())
    module = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.Flatten()).train()
    assert batch_parts(module, BATCH, module, budget=1) == BatchParts()


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
    assert machine.limit_in(place) == expected
    monkeypatch.setattr(machine, "LIMITS", ())
    whole = machine.machine_bytes()
    monkeypatch.setattr(machine, "LIMITS", (str(place),))
    assert machine.machine_bytes() == min(expected or whole, whole)


def test_processes_on_one_computer_share_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = machine.machine_bytes()
    launched = {"RANK": "3", "WORLD_SIZE": "6", "LOCAL_WORLD_SIZE": "3", "MASTER_ADDR": "there"}
    for name, value in launched.items():
        monkeypatch.setenv(name, value)
    assert machine.machine_bytes() == whole // 3


def test_the_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.training.toy import toy_settings

    from warmstart.training.step_mode import choose_step_mode

    module = Stored().train()
    wanted: Tensor = torch.zeros(64).long()
    assert choose_step_mode(module, BATCH, wanted, toy_settings(), 64).micro_rows == 0
    monkeypatch.setattr(memory, "TARGET_BYTES", 20 * row_bytes(module, BATCH, module))
    assert choose_step_mode(module, BATCH, wanted, toy_settings(), 64).micro_rows == 16


def test_a_head_that_wants_the_batch_gets_it_where_memory_is_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = BatchHead().train()
    of_row = row_bytes(module, BATCH, module)
    for gigabytes, expected in (
        (4.1 * 64, BatchParts()),
        (3.9 * 64, BatchParts(22, is_twice=True)),
    ):
        monkeypatch.setattr(memory, "machine_bytes", lambda size=gigabytes: int(size * of_row))
        assert batch_parts(module, BATCH, module, 31 * of_row) == expected


def test_what_cannot_pass_in_parts_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    module = BatchHead().train()
    module.body.net.train()  # its BatchNorm takes statistics of the batch
    monkeypatch.setattr(memory, "machine_bytes", lambda: 4)
    with pytest.warns(UserWarning, match="bs=16"):
        assert batch_parts(module, BATCH, module) == BatchParts()


@pytest.mark.parametrize("num_rows", [13, 12])
def test_parts_that_are_computed_twice_give_the_gradients_of_the_whole(num_rows: int) -> None:
    rows = torch.randn(num_rows, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    whole, twice = BatchHead().train(), BatchHead().train()
    for forward in (whole, TwiceInParts(twice, 4)):
        with torch.random.fork_rng([]):
            torch.manual_seed(1)
            logits = forward(rows)
        logits.square().sum().backward()
    for (name, one), (_, other) in zip(
        whole.named_parameters(), twice.named_parameters(), strict=True
    ):
        assert one.grad is not None
        assert bool(one.grad.any()), name
        torch.testing.assert_close(other.grad, one.grad, rtol=1e-4, atol=1e-5)
    for seen, expected in zip(twice.buffers(), whole.buffers(), strict=True):
        torch.testing.assert_close(seen, expected)  # the head has seen one batch, once


def test_both_computations_of_a_part_drop_the_same() -> None:
    module, kept = BatchHead(0.5).train(), list[Tensor]()
    module.body.net[3].register_forward_hook(lambda _module, _args, out: kept.append(out.detach()))
    loss = TwiceInParts(module, 4)(torch.randn(8, 3, 8, 8)).sum()
    loss.backward()
    first, second, again_last, again_first = kept
    assert not torch.equal(first == 0, second == 0)
    assert {id(t) for t in kept}
    assert torch.equal(second, again_last)
    assert torch.equal(first, again_first)


def test_at_most_one_part_is_kept() -> None:
    """Bytes that wait for the backward pass do not grow with the batch."""
    module, of_pictures = BatchHead().train(), BATCH.untyped_storage().nbytes()
    of_whole = kept_bytes(module, BATCH) - of_pictures
    assert kept_bytes(TwiceInParts(module, 8), BATCH) - of_pictures < of_whole / 4
