import time
from pathlib import Path

import pytest
import torch
from tests.unit.training.toy import one_group, same, toy_data, toy_module, toy_settings

from warmstart.errors import TrainingError
from warmstart.results.history import EpochRecord, History
from warmstart.training.checkpoint import PLAIN, Checkpoint, Progress
from warmstart.training.loop import fit
from warmstart.training.process import compute_threads
from warmstart.training.sealed import write_sealed


def progress(**changes: object) -> Progress:
    history = History()
    history.add_step((0.1, 1 / 3), 0.7)
    history.append(EpochRecord(0, 0, 1, 0.7, None, {"accuracy": 0.1}, (0.1, 1 / 3), 2.5))
    found = Progress(
        tensors={"module.weight": torch.rand(3, 2), "module.count": torch.tensor(5)},
        epoch=1,
        step=4,
        loss_sum=0.1 + 0.2,
        num_rows=17,
        seconds=1.5,
        is_finished=False,
        history=history,
        best_loss=1 / 7,
        num_stale_epochs=2,
    )
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def test_progress_reads_back_to_the_last_bit(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "new" / "fit-0.safetensors")
    assert checkpoint.load("me") is None
    written = progress()
    checkpoint.save(written)
    read = checkpoint.load("me")
    assert read is not None
    assert {name: getattr(read, name) for name in PLAIN} == {
        name: getattr(written, name) for name in PLAIN
    }
    assert read.history.to_jsonl() == written.history.to_jsonl()
    assert all(torch.equal(read.tensors[name], t) for name, t in written.tensors.items())


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fit-0.safetensors"
    write_sealed(path, {}, {"format": "warmstart-checkpoint-0", "identity": "me"})
    with pytest.raises(TrainingError, match="another fit"):
        Checkpoint(path).load("me")


def test_leftovers_of_a_killed_writer_are_removed(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "fit-0.safetensors")
    checkpoint.load("me")
    checkpoint.save(progress())
    checkpoint.save_snapshot(0, {"weight": torch.ones(2)})
    stay = {path.name for path in tmp_path.iterdir()} | {".writing-7-fit-1.safetensors"}
    for name in ("fit-0", "fit-0-cycle-0", "fit-0-cycle-1", "fit-1"):
        (tmp_path / f".writing-7-{name}.safetensors").write_bytes(b"half")
    checkpoint.load("me")
    assert {path.name for path in tmp_path.iterdir()} == stay


def test_it_is_due_after_a_while_and_not_right_after_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    checkpoint = Checkpoint(tmp_path / "fit-0.safetensors", seconds_between=60.0)
    assert not checkpoint.is_due()
    now = 160.0
    assert checkpoint.is_due()
    checkpoint.save(progress())
    assert not checkpoint.is_due()


def test_the_thread_count_is_applied_and_said_and_then_as_before() -> None:
    before = torch.get_num_threads()
    with (
        pytest.warns(UserWarning, match=f"began with {before + 1} compute threads"),
        compute_threads(before + 1),
    ):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    for count in (None, before):
        with compute_threads(count):
            assert torch.get_num_threads() == before


def test_a_resumed_fit_goes_on_with_the_threads_that_it_began_with(tmp_path: Path) -> None:
    path = tmp_path / "fit-0.safetensors"
    inputs, targets = toy_data()
    module, whole = toy_module(), toy_module()

    def stop(_record: EpochRecord) -> None:
        raise KeyboardInterrupt

    torch.set_num_threads(2)
    with pytest.raises(KeyboardInterrupt):
        fit(
            module,
            one_group(module),
            inputs,
            targets,
            toy_settings(),
            checkpoint=Checkpoint(path),
            on_epoch=stop,
        )
    torch.set_num_threads(1)
    counts = []

    def count(_record: EpochRecord) -> None:
        counts.append(torch.get_num_threads())

    again = toy_module()
    with pytest.warns(UserWarning, match="2 compute threads"):
        fit(
            again,
            one_group(again),
            inputs,
            targets,
            toy_settings(),
            checkpoint=Checkpoint(path),
            on_epoch=count,
        )
    assert counts == [1, 2]
    assert torch.get_num_threads() == 1
    torch.set_num_threads(2)
    fit(whole, one_group(whole), inputs, targets, toy_settings())
    assert same(again, whole)
