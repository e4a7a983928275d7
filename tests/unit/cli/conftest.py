import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from warmstart.cli.main import main

SMALL = ["--size", "32", "--epochs", "1", "--no-report"]


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def fix(self) -> str:
        """The line after `Fix:`."""
        lines = [line for line in self.err.splitlines() if line.startswith("Fix: ")]
        return lines[-1].removeprefix("Fix: ") if lines else ""


Run = Callable[..., Said]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, as the shell would."""

    def call(*words: str) -> Said:
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(list(words))
        out, err = capfd.readouterr()
        code = stopped.value.code
        return Said(code if isinstance(code, int) else 0, out, err)

    return call


class Killed(BaseException):
    """Ends everything where it is, as kill -9 would: nothing is written on the way out."""


def die_at(
    patch: pytest.MonkeyPatch, target: str, number: int, error: type[BaseException] = Killed
) -> Callable[[], int]:
    """Let a function or method die when it is called for the n-th time.

    Args:
        patch: What undoes it.
        target: Its name with its module's, as "package.module.Class.method".
        number: Which call.
        error: What it raises.

    Returns:
        A function that says how often it was called.
    """
    calls = 0
    place, _, name = target.rpartition(".")
    module, _, kind = place.rpartition(".")
    has_class = kind[:1].isupper()
    owner: object = getattr(import_module(module), kind) if has_class else import_module(place)
    real = getattr(owner, name)

    def dying(*arguments: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        if calls == number:
            raise error
        return real(*arguments, **more)

    patch.setattr(owner, name, dying)
    return lambda: calls


def write_photos(folder: Path, number: int = 12, side: int = 40) -> Path:
    """Two classes that anybody can tell apart: reddish and bluish noise."""
    random = np.random.default_rng(0)
    for channel, name in ((0, "cat"), (2, "dog")):
        (folder / name).mkdir(parents=True)
        for i in range(number):
            pixels = random.integers(0, 90, (side, side, 3))
            pixels[..., channel] += 150
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{i:02d}.png")
    return folder


@dataclass(frozen=True)
class Place:
    """A folder to work in, as a shell user would: photos, and a model trained on them."""

    home: Path
    photos: Path
    model: Path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Photos, a run and a store; shared, so not to be written to."""
    home = tmp_path_factory.mktemp("trained")
    before = os.environ.get("WARMSTART_CACHE")
    os.environ["WARMSTART_CACHE"] = str(home / "cache")
    photos = write_photos(home / "dogscats")
    with pytest.raises(SystemExit) as stopped:
        main(["train", str(photos), "--lr", "0.01", *SMALL, "--report", "--out", str(home / "run")])
    assert stopped.value.code == 0
    shutil.copytree(home / "cache", home / "store")  # as the run left it: others may add to it
    yield Place(home, photos, home / "run" / "model")
    if before is None:
        del os.environ["WARMSTART_CACHE"]
    else:
        os.environ["WARMSTART_CACHE"] = before


@pytest.fixture
def place(trained: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An own folder of the same photos, to be in; what was stored of them is found again."""
    monkeypatch.chdir(tmp_path)
    write_photos(tmp_path / "dogscats")
    return Place(tmp_path, tmp_path / "dogscats", trained.model)
