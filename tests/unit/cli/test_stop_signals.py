import os
import signal
import subprocess
import sys

import pytest
from tests.unit.cli.conftest import Place, Run

from warmstart.cli.main import stop_signals
from warmstart.training.process import deferred_interrupt

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_an_interrupt_and_ends_with_its_code(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_signals() as code:
        assert code() == 130
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        assert code() == 128 + number
    assert signal.getsignal(number) == before


def test_a_fit_ends_its_step_first() -> None:
    with stop_signals() as code, deferred_interrupt() as is_pressed:
        os.kill(os.getpid(), signal.SIGTERM)
        assert is_pressed()
        assert code() == 143


def test_nohup_is_obeyed() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals() as code:
            os.kill(os.getpid(), signal.SIGHUP)
            assert code() == 130
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_where_an_interrupt_is_ignored_a_signal_still_stops() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_signals(), pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before)


SEEDS = [str(2**70), str(2**63), "-1", "1.5", "1e3", "nan", "x", ""]
COMMANDS = {
    "train": ["train", "dogscats"],
    "lr-find": ["lr-find", "dogscats"],
    "show": ["show", "dogscats"],
    "compare": ["compare", "dogscats", "--arch", "tf_efficientnet_lite0,resnet18"],
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_seed_that_is_none_is_refused_at_the_door(
    command: str, seed: str, place: Place, run: Run
) -> None:
    said = run(*COMMANDS[command], "--seed", seed)
    assert said.code == 2
    assert "'--seed'" in said.err
    assert said.err.startswith("Error: ")
    assert not (place.home / "runs").exists()


@pytest.mark.parametrize("command", [*COMMANDS, "check"])
@pytest.mark.parametrize("seed", [str(2**70), "-1"])
def test_so_is_one_of_the_split(command: str, seed: str, place: Place, run: Run) -> None:
    said = run(*COMMANDS.get(command, ["check", "dogscats"]), "--split-seed", seed)
    assert said.code == 2
    assert "'--split-seed'" in said.err


def test_the_largest_seed_trains(place: Place, run: Run) -> None:
    options = ["--size", "32", "--epochs", "1", "--lr", "0.01", "--no-report"]
    for head in ("mlp", "auto"):
        words = options if head == "mlp" else ["--size", "32", "--no-report"]
        said = run("train", "dogscats", *words, "--seed", str(2**63 - 1), "--out", head)
        assert said.code == 0, said.err


LATE = """
import os, signal
from warmstart.cli import main
def told(*_):
    os.kill(os.getpid(), signal.SIGTERM)  # as torchrun does when another rank has died
    return 1
main.report_error = told
main.main()
"""


def test_a_signal_at_the_end_of_a_command_changes_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LATE, "train"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
