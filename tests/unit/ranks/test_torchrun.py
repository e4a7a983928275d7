"""Processes that torchrun started: the same results as one, one writer, deaths and stops."""

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.unit.ranks.launching import begin, begin_fit

Results = list[dict[str, Any]]
Fitted = Callable[[int], Results]
EXACT = ("frozen", "accuracy", "num_steps")
CLOSE = ("sweep", "steps", "valid", "weights", "unfrozen")


def results(folder: Path, size: int) -> Results:
    """What each process found."""
    return [dict(np.load(folder / f"rank-{rank}.npz")) for rank in range(size)]


def doubled(cache: Path) -> int:
    """How many rows of a store were computed twice."""
    shards = [load_file(path)["keys"] for path in cache.glob("activations/[!g]*/*.safetensors")]
    keys = [key.tobytes() for shard in shards for key in shard]
    assert len(keys) >= 101
    return len(keys) - len(set(keys))


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """What so many processes found, each number of them started once."""
    known: dict[int, Results] = {}

    def find(size: int) -> Results:
        if size not in known:
            folder = tmp_path_factory.mktemp(f"of-{size}")
            process = begin_fit(size, folder)
            _, err = process.communicate(timeout=300)
            assert process.returncode == 0, err
            known[size] = results(folder, size)
            assert doubled(folder / "cache") == 0
        return known[size]

    return find


@pytest.mark.parametrize("size", [2, pytest.param(3, marks=pytest.mark.exhaustive)])
def test_several_processes_find_what_one_finds(fitted: Fitted, size: int) -> None:
    (alone,) = fitted(1)
    for found in fitted(size):
        for name in EXACT:
            assert np.array_equal(found[name], alone[name]), name
        for name in CLOSE:
            assert found[name].shape == alone[name].shape
            np.testing.assert_allclose(found[name], alone[name], rtol=2e-3, atol=2e-5, err_msg=name)
    assert np.ptp(alone["steps"]) > 0.05  # it does learn: equal would be no wonder otherwise


def test_all_processes_end_with_the_same_bits(fitted: Fitted) -> None:
    first, second = fitted(2)
    assert all(np.array_equal(first[name], second[name]) for name in (*EXACT, *CLOSE))


def test_model_and_report_are_written_by_the_first_and_the_others_wait(fitted: Fitted) -> None:
    found = fitted(2)
    assert [int(each["num_written"]) for each in found] == [2, 0]
    assert all(each["has_model"] and each["has_report"] for each in found)


def test_little_memory_has_activations_computed_twice_to_the_same_losses(
    fitted: Fitted, tmp_path: Path
) -> None:
    process = begin_fit(2, tmp_path, "little memory")
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    whole = fitted(2)[0]
    assert not whole["is_twice"].any()
    for found in results(tmp_path, 2):
        assert found["is_twice"].tolist() == [True, True, False]  # bn="train": nothing is to be had
        for name in ("sweep", "steps", "valid"):
            np.testing.assert_allclose(found[name], whole[name], rtol=2e-3, err_msg=name)


def test_after_the_death_of_one_the_others_go_on_from_the_last_checkpoint(
    fitted: Fitted, tmp_path: Path
) -> None:
    process = begin_fit(2, tmp_path, "dies", ("--max-restarts=1",))
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    for found, whole in zip(results(tmp_path, 2), fitted(2), strict=True):
        assert all(np.array_equal(found[name], whole[name]) for name in ("steps", "weights"))
        assert found["num_steps"] < whole["num_steps"]  # the first epoch was not trained again


@pytest.mark.exhaustive
def test_all_stop_after_the_same_step_and_go_on_to_the_same_bits(
    fitted: Fitted, tmp_path: Path
) -> None:
    process = begin_fit(2, tmp_path, "waits")
    checkpoint = tmp_path / "checkpoints" / "fit-0.safetensors"
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode != 0
    assert not (tmp_path / "rank-0.npz").exists()
    again = begin_fit(2, tmp_path)
    _, err = again.communicate(timeout=300)
    assert again.returncode == 0, err
    for found, whole in zip(results(tmp_path, 2), fitted(2), strict=True):
        assert all(np.array_equal(found[name], whole[name]) for name in ("steps", "weights"))
        assert found["num_steps"] < whole["num_steps"]


@pytest.mark.exhaustive
def test_processes_with_other_settings_are_told_so(tmp_path: Path) -> None:
    process = begin_fit(2, tmp_path, "differs")
    _, err = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "settings, labels or weights of rank 1 differ from those of rank 0." in err
    assert "Fix: start all of them with the same command" in err


def test_one_process_writes_and_speaks(tmp_path: Path) -> None:
    """The command line: files are those of one process, and every line is printed once."""
    demo = begin(1, "-c", WRITE_DIGITS, str(tmp_path / "digits"))
    demo.communicate(timeout=60)
    assert demo.returncode == 0
    words = ["-m", "warmstart", "train", "digits", "--arch", "test_resnet", "--no-pretrained",
             "--size", "32", "--precision", "f32", "--head", "logistic", "--no-report"]  # fmt: skip
    processes = [
        begin(size, *words, "--cache-dir", f"cache-{size}", "--out", f"run-{size}", cwd=tmp_path)
        for size in (1, 2)
    ]
    (out, _), (out_2, err) = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], err
    assert untimed(out_2) == untimed(out.replace("run-1", "run-2"))
    one, two = (
        {str(path.relative_to(run)) for path in run.rglob("*")}
        for run in (tmp_path / "run-1", tmp_path / "run-2")
    )
    assert one == two
    for name in ("predictions.csv", "model/weights.safetensors"):
        assert (tmp_path / "run-1" / name).read_bytes() == (tmp_path / "run-2" / name).read_bytes()


@pytest.mark.exhaustive
def test_only_training_takes_several_processes(tmp_path: Path) -> None:
    process = begin(2, "-m", "warmstart", "check", str(tmp_path))
    _, err = process.communicate(timeout=120)
    assert "torchrun has started 2 processes, and `warmstart check` is one." in err


def untimed(text: str) -> str:
    """Without the seconds that something took."""
    return re.sub(r"[\d.]+ s\b", "", text)


WRITE_DIGITS = """
import sys
from pathlib import Path
from warmstart.cli.commands.demo import write_digits
folder = Path(sys.argv[1])
write_digits(folder)
for path in sorted(folder.glob("*/*")):
    if path.parent.name not in "01" or int(path.stem) % 4:
        path.unlink()
for path in folder.glob("*"):
    if not any(path.iterdir()):
        path.rmdir()
"""
