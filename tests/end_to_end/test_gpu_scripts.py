"""The scripts for a machine with a GPU, on a CPU: every line but nvJPEG's and CUDA's."""

import os
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).parents[2]


def ran(script: str, tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PYTHONPATH": str(REPO / "src"),
        "WARMSTART_CACHE": str(tmp_path / "cache"),
        "WARMSTART_PHOTOS": "",
    }
    command = [sys.executable, str(REPO / "benchmarks" / script), "--device", "cpu", "--tiny"]
    return subprocess.run(
        [*command, *options],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_laws_hold_by_the_same_code_on_a_processor(tmp_path: Path) -> None:
    done = ran("gpu_laws.py", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 11
    assert all(line.startswith("holds") for line in lines)


def test_the_table_of_speeds_has_all_its_parts(tmp_path: Path) -> None:
    done = ran("gpu.py", tmp_path, "--out", str(tmp_path / "found.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("JPEG → stored row", "all layers", "views alone", "pixels → row", "1 threads"):
        assert part in done.stdout
    assert '"rows"' in (tmp_path / "found.json").read_text()
