import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from warmstart.cli.commands.demo import write_digits

START = "from warmstart.cli.main import main; main()"
SLOWLY = """
import time
from warmstart.training.checkpoint import Checkpoint
save = Checkpoint.save
Checkpoint.save = lambda self, progress: (save(self, progress), time.sleep(1))[0]
"""


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 real handwritten digits of each of two classes, as a folder of images."""
    folder = tmp_path_factory.mktemp("digits")
    every = folder / "every"
    write_digits(every)
    for label in ("0", "1"):
        (folder / "two" / label).mkdir(parents=True)
        for path in sorted((every / label).iterdir())[:40]:
            path.rename(folder / "two" / label / path.name)
    return folder / "two"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that starts empty."""
    return tmp_path_factory.mktemp("cache")


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(cache: Path, tmp_path: Path) -> Start:
    """Begin a command in a process of its own; one that is to be stopped waits after saving."""

    def begin(*words: str, slowly: bool = False) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", SLOWLY + START if slowly else START, *words],
            cwd=tmp_path,
            env=os.environ | {"WARMSTART_CACHE": str(cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin
