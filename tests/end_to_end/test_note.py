"""The note's own lines run, on weights and pictures that are made here."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file

EXAMPLE = Path(__file__).parents[2] / "examples" / "note.py"


def write_pictures(root: Path) -> None:
    random = np.random.default_rng(0)
    for split, count in (("train", 8), ("valid", 4)):
        for k, name in enumerate(("blue", "red")):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = random.integers(0, 200, (48, 48, 3), dtype=np.uint8)
                pixels[:, :, 2 - 2 * k] += 55
                Image.fromarray(pixels).save(folder / f"{i}.png")


def test_the_note_runs(tmp_path: Path) -> None:
    write_pictures(tmp_path / "photos")
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        save_file(torchvision.models.resnet34().state_dict(), tmp_path / "resnet34.safetensors")
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(tmp_path / "photos"), "64"],
        env=os.environ
        | {"WARMSTART_WEIGHTS": str(tmp_path), "WARMSTART_CACHE": str(tmp_path / "cache")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    epochs = [line for line in lines if line.split()[:1] and line.split()[0].isdigit()]
    assert len(epochs) == 2 + 1 + 3 + (1 + 2 + 4)  # as the note's arguments say
    assert any(line.startswith("suggestion ") for line in lines)
    assert lines[-1].startswith("accuracy ")
    assert "aug_tfms has no effect" in done.stderr
