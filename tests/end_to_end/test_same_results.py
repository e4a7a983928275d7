"""The benchmark of equal results, small; Ray and torchrun have tests of their own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

REPO = Path(__file__).parents[2]
WAYS = ("folder", "tar", "Parquet", "S3", "8 loader threads")


def test_results_are_the_same_from_every_source_and_by_any_number_of_threads(
    tmp_path: Path,
) -> None:
    pytest.importorskip("moto", reason="moto is not installed")
    random = np.random.default_rng(0)
    for number in range(142):  # 101 train, 40 validate, none does both
        place = tmp_path / "photos" / "ab"[number % 2] / f"{number}.0.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 150, (40, 40, 3)) + 50 * (number % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(place)
    script = str(REPO / "benchmarks" / "same_results.py")
    options = ["--arch", "test_resnet", "--no-pretrained", "--size", "32", "--sources-alone"]
    done = subprocess.run(
        [sys.executable, script, "--photos", str(tmp_path / "photos"), *options, "--quick"],
        env=os.environ | {"PYTHONPATH": str(REPO / "src"), "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    said = {row[0].strip("| "): row[1:] for row in rows if len(row) == 6}
    for way in WAYS:
        assert said[way][-1].startswith("0.0e+00"), (way, done.stdout)
        assert way == "folder" or said[way][:4] == ["the same"] * 4, (way, done.stdout)
    predicted = [row for row in rows if len(row) == 3 and row[0].strip("| ") in WAYS]
    assert [row[1:] for row in predicted[1:]] == [["the same", "0.0e+00 |"]] * 3, done.stdout
