"""Law 8: kill after any step and resume, and the bits are those of never having stopped.

Run as a program (``python test_kill_and_resume.py FOLDER``) this file trains in children that are
killed: a fork of a process that has torch already takes no time to start.
"""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.unit.training.toy import ToyInputs, one_group, toy_module, toy_settings, toy_tensors
from torch import Tensor

from warmstart.errors import TrainingError
from warmstart.results.history import History
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.loop import fit
from warmstart.training.objective import Targets
from warmstart.training.optimiser import build_optimiser
from warmstart.training.schedule import OneCycle, Schedule
from warmstart.training.sealed import read_sealed
from warmstart.training.settings import FitSettings
from warmstart.training.state import module_state

PLAIN = toy_settings(schedule=Schedule(2, 1, 2))
EVERYTHING = toy_settings(
    lr=0.01,
    schedule=Schedule(2, 1, 2),
    opt="adamw",
    weight_decays=(0.1,),
    clip_norm=0.5,
    label_smoothing=0.1,
    mixup=0.3,
    ema_decay=0.9,
    has_snapshots=True,
    keeps_best=True,
)
ONE_CYCLE = replace(EVERYTHING, schedule=OneCycle(3), keeps_best=False, fit_number=1, first_epoch=3)


@dataclass
class DoomedInputs(ToyInputs):
    """Does something before the batch whose turn it is."""

    countdown: int = -1
    doom: Callable[[], None] = lambda: None

    def before_batch(self) -> None:
        if self.countdown == 0:
            self.doom()
        self.countdown -= 1


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def train(folder: Path, fits: list[FitSettings], inputs: ToyInputs | None = None) -> list[History]:
    """Fits after each other on one module, each with a checkpoint; the weights are written."""
    torch.set_num_threads(1)
    x, y, x_valid, y_valid = toy_tensors()
    inputs = inputs or ToyInputs(x, x_valid)
    module, histories = toy_module(), []
    for settings in fits:
        path = folder / f"fit-{settings.fit_number}.safetensors"
        checkpoint = Checkpoint(path, seconds_between=0.0)
        histories.append(
            fit(
                module,
                one_group(module),
                inputs,
                Targets(y, y_valid),
                settings,
                checkpoint=checkpoint,
            )
        )
    torch.save(module_state(module), folder / "weights.pt")
    (folder / "histories.json").write_text(json.dumps([untimed(h) for h in histories]))
    return histories


def untimed(history: History) -> dict[str, Any]:
    """Everything but the seconds, which no two runs share."""
    records = [asdict(record) | {"seconds": None} for record in history.records]
    return {"records": records, "lrs": history.step_lrs, "losses": history.step_losses}


def weights(folder: Path) -> dict[str, Tensor]:
    loaded: dict[str, Tensor] = torch.load(folder / "weights.pt", weights_only=True)
    return loaded


def doomed_process(
    folder: Path, fits: list[FitSettings], steps_left: int, in_writing: bool
) -> None:
    """Train, and die before a batch, or with half a checkpoint written."""
    x, _, x_valid, _ = toy_tensors()

    def die_in_writing() -> None:
        setattr(os, "fsync", lambda _file: kill_self())  # noqa: B010

    doom = die_in_writing if in_writing else kill_self
    train(folder, fits, DoomedInputs(x, x_valid, countdown=steps_left, doom=doom))


def kill_often(folder: Path, fits: list[FitSettings], seed: int) -> int:
    """Train in processes that are killed at random steps, until one ends.

    Returns:
        How many were killed.

    Raises:
        RuntimeError: one ended otherwise, or none ended.
    """
    rng, forks = random.Random(seed), multiprocessing.get_context("fork")
    for num_killed in range(1000):
        arguments = (folder, fits, rng.randrange(1, 4), rng.random() < 0.3)
        process = forks.Process(target=doomed_process, args=arguments)
        process.start()
        process.join()
        if process.exitcode == 0:
            return num_killed
        if process.exitcode != -signal.SIGKILL:
            break
    raise RuntimeError(f"the last process ended with {process.exitcode}")


def load_what_steps_load() -> None:
    """Torch imports more at an optimiser's first step; no gradient is computed, as forks forbid."""
    module = toy_module()
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    build_optimiser("adamw", one_group(module), (0.0,)).step()


CASES = {
    "plain": [PLAIN, replace(PLAIN, fit_number=1, first_epoch=3)],
    "everything": [EVERYTHING, ONE_CYCLE],
}


def main(folder: Path) -> None:
    """Each case killed often, and once not at all."""
    torch.set_num_threads(1)
    load_what_steps_load()
    num_killed = {}
    for name, fits in CASES.items():
        for kind in ("killed", "whole"):
            (folder / name / kind).mkdir(parents=True)
        num_killed[name] = kill_often(folder / name / "killed", fits, seed=len(name))
        train(folder / name / "whole", fits)
    (folder / "num_killed.json").write_text(json.dumps(num_killed))


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    folder = tmp_path_factory.mktemp("killed")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, __file__, str(folder)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(root / "src")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("name", CASES)
def test_two_fits_killed_often_end_with_the_bits_of_two_that_were_not(
    killed: Path, name: str
) -> None:
    num_killed = json.loads((killed / "num_killed.json").read_text())[name]
    assert num_killed >= 20 / len(CASES)
    one, two = weights(killed / name / "killed"), weights(killed / name / "whole")
    assert one.keys() == two.keys()
    assert [key for key in one if not torch.equal(one[key], two[key])] == []
    texts = [(killed / name / kind / "histories.json").read_text() for kind in ("killed", "whole")]
    assert texts[0] == texts[1]


def test_killed_at_least_twenty_times_and_nothing_half_written_is_left(killed: Path) -> None:
    assert sum(json.loads((killed / "num_killed.json").read_text()).values()) >= 20
    assert list(killed.rglob(".writing-*")) == []


def test_snapshots_of_a_killed_fit_are_those_of_a_whole_one(killed: Path) -> None:
    folder = killed / "everything"
    for number in range(2):
        name = f"fit-0-cycle-{number}.safetensors"
        one, two = (read_sealed(folder / kind / name)[0] for kind in ("killed", "whole"))
        assert all(torch.equal(one[key], two[key]) for key in two)


@pytest.mark.parametrize("step", range(0, 12, 3))
def test_ctrl_c_keeps_the_last_whole_step(tmp_path: Path, step: int) -> None:
    x, _, x_valid, _ = toy_tensors()
    press = DoomedInputs(
        x, x_valid, countdown=step, doom=lambda: signal.raise_signal(signal.SIGINT)
    )
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, [PLAIN], press)
    card = read_sealed(tmp_path / "fit-0.safetensors")[1]
    losses = History.from_jsonl(card["history"]).step_losses
    assert len(losses) == step + 1
    resumed = train(tmp_path, [PLAIN])
    whole = tmp_path / "whole"
    whole.mkdir()
    assert [untimed(h) for h in resumed] == [untimed(h) for h in train(whole, [PLAIN])]
    assert all(torch.equal(weights(tmp_path)[key], t) for key, t in weights(whole).items())


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    def press_twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("went on after the second Ctrl-C")

    x, _, x_valid, _ = toy_tensors()
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, [PLAIN], DoomedInputs(x, x_valid, countdown=2, doom=press_twice))
    assert signal.getsignal(signal.SIGINT) == before
    card = read_sealed(tmp_path / "fit-0.safetensors")[1]
    assert len(History.from_jsonl(card["history"]).step_losses) == 2


def test_a_finished_fit_is_not_done_again(tmp_path: Path) -> None:
    def refuse() -> None:
        raise AssertionError("trained again")

    x, _, x_valid, _ = toy_tensors()
    once = train(tmp_path, [EVERYTHING])
    kept = weights(tmp_path)
    again = train(tmp_path, [EVERYTHING], DoomedInputs(x, x_valid, countdown=0, doom=refuse))
    assert again[0].to_jsonl() == once[0].to_jsonl()
    assert all(torch.equal(kept[key], t) for key, t in weights(tmp_path).items())


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"lrs": (0.04,)},
        {"inputs_name": "others"},
        {"mixup": 0.1},
        {"schedule": OneCycle(3)},
    ],
)
def test_a_checkpoint_of_another_fit_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    train(tmp_path, [PLAIN])
    with pytest.raises(TrainingError, match="another fit") as error:
        train(tmp_path, [replace(PLAIN, **change)])
    assert str(tmp_path) in error.value.fix


def test_a_flipped_bit_in_a_checkpoint_stops_the_fit(tmp_path: Path) -> None:
    train(tmp_path, [PLAIN])
    path = tmp_path / "fit-0.safetensors"
    content = bytearray(path.read_bytes())
    for position in np.random.default_rng(0).integers(len(content), size=20):
        changed = bytearray(content)
        changed[position] ^= 4
        path.write_bytes(changed)
        with pytest.raises(TrainingError, match="damaged"):
            train(tmp_path, [PLAIN])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
