"""A model saved over a model survives kill -9 at any moment: the old one or the new one, whole.

Run as a program (``python -m tests.laws.test_saved_over FOLDER``) this file saves in children that
are killed: a fork of a process that has torch already takes no time to start.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from warmstart.data.seen_images import SeenImages, keys_of
from warmstart.errors import FileError, ModelFolderError
from warmstart.files import committing, writing
from warmstart.inference.model_card import ModelCard
from warmstart.inference.model_folder import read_model
from warmstart.inference.model_weights import saved_tensors, write_model

NUM_KILLS = 200
SHAPE = (300, 300)


def save(folder: Path, number: int) -> None:
    """A model all of whose files say its number."""
    card = ModelCard(
        arch="none", classes=("a", "b"), is_multi_label=False, recipe={"size": 32},
        mean=(0.5, 0.5, 0.5), std=(1.0, 1.0, 1.0), head=None, mode="", precision="f32",
        weights_from="", view_seed=number,
    )  # fmt: skip
    seen = SeenImages(trained=keys_of([number.to_bytes(32, "big")]))
    write_model(folder, card, {"x": torch.full(SHAPE, float(number))}, seen)


def saved(folder: Path) -> int:
    """The number that all files of a model say."""
    model = read_model(folder)
    values = saved_tensors(model, {"x": SHAPE})["x"]
    number = model.card.view_seed
    assert bool((values == number).all())
    assert model.seen is not None
    assert np.array_equal(model.seen.trained, keys_of([number.to_bytes(32, "big")]))
    return number


def outcomes(folder: Path) -> dict[str, int]:
    """Kill one writer after the other; count what is found, and what was lost."""
    chance, found = random.Random(0), {"usable": 0, "lost": 0, "old": 0, "new": 0}
    save(folder, 1)
    began = time.perf_counter()
    save(folder, 1)
    longest = 5 * (time.perf_counter() - began)  # a child is slower at first
    for trial in range(2, NUM_KILLS + 2):
        before, ready = saved(folder), folder.with_name(f"ready-{trial}")
        child = os.fork()
        if child == 0:
            ready.touch()
            save(folder, trial)
            os._exit(0)
        while not ready.exists():
            time.sleep(0.0005)
        time.sleep(chance.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        try:
            number = saved(folder)
            found["usable"] += number in {before, trial}
            found["new" if number == trial else "old"] += 1
        except ModelFolderError:
            found["lost"] += 1
            save(folder, trial)
    save(folder, 1)
    found["files"] = len(list(folder.iterdir()))
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_model_saved_over_a_model_survives_kills(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.laws.test_saved_over", str(tmp_path / "model")]
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=300)
    found = json.loads(done.stdout)
    assert (found["usable"], found["lost"], found["files"]) == (NUM_KILLS, 0, 3)
    assert min(found["old"], found["new"]) > 0  # or the kills came too early, or too late


NUM_RENAMES = 5  # two parts wait, the index commits them, two parts take their places


@pytest.mark.parametrize("step", range(NUM_RENAMES + 1))
def test_it_survives_an_end_before_any_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """The same where it ends exactly before the n-th change of a name; the last try ends whole."""

    class Ended(BaseException):
        pass

    replace, calls = Path.replace, 0

    def replaced(path: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == step + 1:
            raise Ended
        return replace(path, target)

    save(tmp_path, 1)
    monkeypatch.setattr(Path, "replace", replaced)
    with suppress(Ended):
        save(tmp_path, 2)
    monkeypatch.undo()
    assert calls == min(step + 1, NUM_RENAMES)
    assert saved(tmp_path) == (1 if step < 3 else 2)
    save(tmp_path, 3)
    assert saved(tmp_path) == 3
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("call", range(8))
def test_a_full_disk_leaves_the_old_model_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """B6: 14.6 MB stayed there, and the error was a traceback."""
    fsync, calls = os.fsync, 0

    def full(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls > call:
            raise OSError(28, "No space left on device")
        fsync(handle)

    save(tmp_path, 1)
    monkeypatch.setattr(os, "fsync", full)
    with suppress(FileError):
        save(tmp_path, 2)
    monkeypatch.undo()
    assert saved(tmp_path) in {1, 2}
    names = {path.name for path in tmp_path.iterdir()}
    assert not any(name.startswith(writing.TEMPORARY) for name in names)
    if saved(tmp_path) == 1:
        assert not any(name.startswith(committing.PENDING) for name in names)


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match="No space left on device"):
        save(tmp_path, 1)


def test_weights_that_are_no_numbers_are_not_saved(tmp_path: Path) -> None:
    """Law 18, and A13: the old model is still there."""
    save(tmp_path, 1)
    card = read_model(tmp_path).card
    for value in (float("nan"), float("inf")):
        with pytest.raises(ModelFolderError, match="'x' first"):
            write_model(tmp_path, card, {"x": torch.full(SHAPE, value)}, SeenImages())
    assert saved(tmp_path) == 1


if __name__ == "__main__":
    print(json.dumps(outcomes(Path(sys.argv[1]))))  # noqa: T201
