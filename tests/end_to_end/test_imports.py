"""What each command loads of the packages that take seconds, in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HEAVY = {
    "torch", "torch._dynamo", "torch._inductor", "sympy", "timm", "torchvision", "sklearn", "scipy",
    "matplotlib", "jinja2", "openvino",
}  # fmt: skip
FITTING = {"torch", "scipy", "matplotlib", "openvino"}
CODE = """
import json, os, sys
from warmstart.cli.main import main
os._exit = sys.exit
try:
    main()
finally:
    heavy = {HEAVY} & set(sys.modules)
    with open(os.environ["LOADED"], "w") as file:
        json.dump(sorted(heavy), file)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of noise in two colours, where everything is done; a tiny network of timm's."""
    root = tmp_path_factory.mktemp("imports")
    random = np.random.default_rng(1)
    for split, number in (("train", 12), ("valid", 4)):
        for channel, name in ((0, "cat"), (2, "dog")):
            (root / "photos" / split / name).mkdir(parents=True)
            for i in range(number):
                pixels = random.integers(0, 200, (40, 48, 3))
                pixels[..., channel] += random.integers(0, 40)
                place = root / "photos" / split / name / f"{i}.png"
                Image.fromarray(pixels.astype(np.uint8)).save(place)
    return root


def loaded(folder: Path, *words: str) -> set[str]:
    """What a command has loaded when it ends; it has to end well."""
    environment = os.environ | {
        "WARMSTART_CACHE": str(folder / "cache"), "LOADED": str(folder / "loaded")
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", CODE.replace("HEAVY", ", ".join(map(repr, sorted(HEAVY)))), *words],
        env=environment, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(json.loads((folder / "loaded").read_text()))


def train(folder: Path, out: str, *more: str) -> set[str]:
    """Train on the photos, in f32: the bits do not depend on the processor."""
    options = ["--arch", "test_resnet", "--no-pretrained", "--size", "32", "--precision", "f32"]
    return loaded(
        folder, "train", "photos", *options, "--out", out, "--no-report", *more
    )  # fmt: skip


def test_each_command_on_its_usual_way(folder: Path) -> None:
    assert {"torch", "timm"} < train(folder, "first")
    assert train(folder, "stored") == FITTING
    for place in (folder / "cache" / "activations").iterdir():
        if not place.name.startswith("graph-"):
            shutil.rmtree(place)
    assert train(folder, "new photos") == FITTING
    picture = "photos/valid/cat/0.png"
    assert loaded(folder, "predict", "first/model", picture) == {"openvino"}
    assert loaded(folder, "predict", "stored/model", picture) == {"openvino"}
    assert loaded(folder, "evaluate", "stored/model", "photos") <= {"openvino", "scipy"}
    seen = ["--arch", "test_resnet", "--size", "32"]
    assert loaded(folder, "show", "photos", *seen) == {"matplotlib"}
    assert loaded(folder, "cache", "ls") == set()


def test_a_learner_needs_no_pictures_of_numbers() -> None:
    code = "import sys; from warmstart import ConvLearner; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


def test_what_a_run_leaves_is_the_same_whatever_it_loaded(folder: Path) -> None:
    train(folder, "whole", "--cache-dir", str(folder / "another cache"))
    train(folder, "again", "--cache-dir", str(folder / "another cache"))
    for name in ("predictions.csv", "out_of_fold.csv", "scores.json", "learning_curve.json"):
        assert (folder / "again" / name).read_bytes() == (folder / "whole" / name).read_bytes()
    files = sorted(path.name for path in (folder / "whole" / "model").iterdir())
    assert "weights.safetensors" in files
    for name in files:
        one, other = (folder / run / "model" / name for run in ("again", "whole"))
        assert one.read_bytes() == other.read_bytes()
    histories = [history(folder / run / "history.jsonl") for run in ("again", "whole")]
    assert histories[0] == histories[1]


def history(place: Path) -> list[dict[str, object]]:
    """What a run's history says, but for the time that it took."""
    records = [json.loads(line) for line in place.read_text().splitlines()]
    return [{name: record[name] for name in record if name != "seconds"} for record in records]
