"""A run's folder is one process's: made and locked at once (A16)."""

import multiprocessing
import os
from pathlib import Path

import pytest

from warmstart.cli.run.runner import new_run, working_in
from warmstart.errors import FileError, SettingError

NUM_PROCESSES, NUM_RUNS = 4, 25


def take_runs(home: Path, start: "multiprocessing.synchronize.Event", names: list[str]) -> None:
    """Take a run after the other, as fast as can be, and tell which."""
    start.wait()
    for _ in range(NUM_RUNS):
        run = new_run(None, Path("photos"), home=home)
        with working_in(run, is_new=True):
            (run / "recipe.toml").touch()
        names.append(run.name)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_processes_that_start_together_take_different_folders(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    with fork.Manager() as manager:
        names, start = manager.list(), fork.Event()
        processes = [
            fork.Process(target=take_runs, args=(tmp_path / "runs", start, names))
            for _ in range(NUM_PROCESSES)
        ]
        for process in processes:
            process.start()
        start.set()
        for process in processes:
            process.join(60)
        assert all(process.exitcode == 0 for process in processes)
        taken = list(names)
    assert sorted(taken) == sorted(f"photos-{i + 1}" for i in range(NUM_PROCESSES * NUM_RUNS))


def test_another_process_is_told_to_wait(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", Path("photos"))
    with (
        working_in(run, is_new=True),
        pytest.raises(SettingError, match="another process is at work"),
        working_in(run, is_new=False),
    ):
        pass


def test_what_another_process_began_meanwhile_is_not_mixed_with(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", Path("photos"))
    (run / "recipe.toml").touch()
    with pytest.raises(SettingError, match="holds a run already"), working_in(run, is_new=True):
        pass


def test_a_run_that_came_to_nothing_leaves_nothing(tmp_path: Path) -> None:
    run = new_run(None, Path("photos"), home=tmp_path / "runs")
    with pytest.raises(KeyError), working_in(run, is_new=True):
        raise KeyError
    assert not run.exists()
    with working_in(new_run(tmp_path / "a", Path("photos")), is_new=True):
        (tmp_path / "a" / "recipe.toml").touch()
    assert (tmp_path / "a").exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out in (None, tmp_path / "file" / "run"):
        with pytest.raises(FileError, match="cannot be written"):
            new_run(out, Path("photos"), home=tmp_path / "file" / "runs")
