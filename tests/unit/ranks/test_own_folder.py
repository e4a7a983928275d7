"""Copies of a folder, for processes that do not write it: gone when they are, killed or not."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from warmstart.ranks import own_folder
from warmstart.ranks.own_folder import COPIES, copies, write_once
from warmstart.ranks.ranks import ALONE

COMPUTER = re.sub(r"[^\w.]", "-", platform.node())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(own_folder, "temporary_folder", lambda: tmp_path)
    copies.cache_clear()
    yield tmp_path
    copies.cache_clear()


@pytest.mark.skipif(os.name != "posix", reason="nobody can say which processes live")
def test_what_a_killed_process_left_is_removed_and_what_others_have_stays(home: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = home / f"{COPIES}{COMPUTER}-{gone.pid}-abc"
    kept = [
        home / f"{COPIES}{COMPUTER}-{os.getpid()}-abc",  # lives
        home / f"{COPIES}another.computer-{gone.pid}-abc",  # nobody here knows
        home / f"ray-{gone.pid}",
        home / f"{COPIES}{COMPUTER}-user",
    ]
    for folder in (left, *kept):
        (folder / "run").mkdir(parents=True)
    own = copies()
    assert not left.exists()
    assert all((folder / "run").is_dir() for folder in kept)
    assert own.parent == home
    assert own.name.startswith(f"{COPIES}{COMPUTER}-{os.getpid()}-")


def test_one_process_alone_writes_each_time(home: Path) -> None:
    written = list[int]()
    for _ in range(2):
        write_once(ALONE, home / "model", lambda: written.append(1))
    assert len(written) == 2
