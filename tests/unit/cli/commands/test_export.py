"""``warmstart export``, and the example that uses its file without warmstart."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.unit.export.conftest import made_learner

from warmstart import load_predictor
from warmstart.cli.main import main

EXAMPLE = Path(__file__).parents[4] / "examples" / "onnx_alone.py"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARMSTART_CACHE", str(folder / "cache"))
        return made_learner().save(folder / "model")


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def test_the_file_lies_beside_the_model_and_the_example_uses_it(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    photos = tmp_path / "photos"
    (photos / "cat").mkdir(parents=True)
    turned = Image.Exif()
    turned[0x0112] = 6  # lies on its side
    Image.fromarray(pixels).save(photos / "cat" / "a.png")
    Image.fromarray(pixels).save(photos / "cat" / "b.png", exif=turned)
    assert run("export", str(model), "--check", str(photos)) == 0
    said = capsys.readouterr().out
    assert "as in Python (f32)" in said
    assert "right:" in said
    file = model.parent / "model.onnx"
    assert json.loads(file.with_suffix(".json").read_text())["agreement"]["num_labelled"] == 2

    names = [str(photos / "cat" / name) for name in ("a.png", "b.png")]
    command = [sys.executable, str(EXAMPLE), str(file), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = load_predictor(model).predict(names)
    wanted = [
        f"{name}\t{answer[0]}\t{row.max():.4f}"
        for name, answer, row in zip(names, found.answers, found.probabilities, strict=True)
    ]
    assert done.stdout.splitlines() == wanted
    assert len(EXAMPLE.read_text().splitlines()) <= 20


def test_an_unknown_format_and_a_wrong_name_are_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("export", str(model), "--to", "coreml") == 2
    assert "onnx" in capsys.readouterr().err
    assert run("export", str(model), "-o", str(tmp_path / "model.bin")) == 2
    assert ".onnx" in capsys.readouterr().err


def test_nothing_is_written_into_the_photos(model: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (20, 20)).save(photos / "a.png")
    assert run("export", str(model), "--check", str(photos), "-o", str(photos / "m.onnx")) == 2
    assert [file.name for file in photos.iterdir()] == ["a.png"]
