"""A run in a process of its own, stopped in the middle of its fit, and gone on with."""

import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.end_to_end.conftest import Start

SAME = ["predictions.csv", "model/weights.safetensors", "model/model.json"]
TRAIN = ["--size", "32", "--bs", "16", "--lr", "0.02", "--epochs", "4", "--no-report"]


def files(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in SAME}


@pytest.fixture
def stopped(
    request: pytest.FixtureRequest, digits: Path, start: Start, tmp_path: Path
) -> tuple[int, str]:
    """(exit code, stderr) of a run that got a signal when its first checkpoint was there."""
    process = start("train", str(digits), *TRAIN, "--out", "run", slowly=True)
    checkpoint = tmp_path / "run" / "checkpoints" / "fit-0.safetensors"
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(request.param)
    err = process.communicate(timeout=60)[1]
    assert not (tmp_path / "run" / "model").exists()  # or there was nothing left to go on with
    expected = -signal.SIGKILL if request.param == signal.SIGKILL else 128 + request.param
    assert process.returncode == expected
    return process.returncode, err


@pytest.fixture(scope="module")
def never_stopped() -> dict[str, dict[str, bytes]]:
    return {}


def whole_run(
    digits: Path, start: Start, tmp_path: Path, known: dict[str, dict[str, bytes]]
) -> dict[str, bytes]:
    if not known:
        finish(start("train", str(digits), *TRAIN, "--out", "whole"))
        known["files"] = files(tmp_path / "whole")
    return known["files"]


def finish(process: "subprocess.Popen[str]") -> tuple[str, str]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out, err


@pytest.mark.parametrize(
    "stopped",
    [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
    indirect=True,
    ids=["kill -9", "Ctrl-C", "kill", "hang up"],
)
def test_a_stopped_run_ends_with_the_same_bits(
    stopped: tuple[int, str],
    digits: Path,
    start: Start,
    tmp_path: Path,
    never_stopped: dict[str, dict[str, bytes]],
) -> None:
    code, err = stopped
    if code == -signal.SIGKILL:
        assert err.count("Error") == 0
    else:
        assert err.endswith("\nStopped. Go on with: warmstart train --resume run\n")
        assert err.count("Stopped.") == 1
    if code == 128 + signal.SIGINT:
        assert "\nstopping: this step is finished first, and what is done is kept; Ctrl-C" in err
    out, err = finish(start("train", "--resume", "run"))
    assert "Warning" not in err
    assert "accuracy" in out
    assert files(tmp_path / "run") == whole_run(digits, start, tmp_path, never_stopped)


def test_ctrl_c_twice_stops_at_once_and_the_run_goes_on_to_the_same_bits(
    digits: Path,
    start: Start,
    tmp_path: Path,
    never_stopped: dict[str, dict[str, bytes]],
) -> None:
    process = start("train", str(digits), *TRAIN, "--out", "run", slowly=True)
    checkpoint = tmp_path / "run" / "checkpoints" / "fit-0.safetensors"
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    said = ""
    while "stopping: " not in said:
        said = process.stderr.readline()
        assert said  # or it ended without an answer
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert err.endswith("Stopped. Go on with: warmstart train --resume run\n")
    assert not (tmp_path / "run" / "model").exists()
    finish(start("train", "--resume", "run"))
    assert files(tmp_path / "run") == whole_run(digits, start, tmp_path, never_stopped)
