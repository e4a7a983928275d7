"""Laws 11, 13 and 14 for the command line, and what it loads before it is needed."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.cli.main import main
from warmstart.training.head_card import MLP_DECAY

ARCH, SIZE, LR, EPOCHS = "tf_efficientnet_lite0", 32, 0.02, 2
IN_A_NEW_PROCESS = """
import sys
import numpy as np
from warmstart import load_predictor
found = load_predictor(sys.argv[1]).predict(sys.argv[3:])
np.save(sys.argv[2], found.probabilities)
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train, valid and test folders of noise in two colours, hard enough to leave doubt."""
    root = tmp_path_factory.mktemp("photos") / "dogscats"
    random = np.random.default_rng(1)
    for split, number in (("train", 20), ("valid", 8)):
        for channel, name in ((0, "cat"), (2, "dog")):
            (root / split / name).mkdir(parents=True)
            for i in range(number):
                pixels = random.integers(0, 200, (40, 48, 3))
                pixels[..., channel] += random.integers(0, 40)
                Image.fromarray(pixels.astype(np.uint8)).save(root / split / name / f"{i}.png")
    (root / "test").mkdir()
    Image.fromarray(random.integers(0, 200, (40, 48, 3), np.uint8)).save(root / "test" / "x.png")
    return root


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that the command line made."""
    home = tmp_path_factory.mktemp("run")
    call(
        "train", str(photos), "--size", str(SIZE), "--lr", str(LR), "--epochs", str(EPOCHS),
        "--bs", "16", "--out", str(home / "run"), "--cache-dir", str(home / "cache"),
    )  # fmt: skip
    return home / "run"


def call(*words: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(list(words))
    assert stopped.value.code == 0


def written(run: Path) -> NDArray[np.float64]:
    """The probabilities in a run's predictions.csv."""
    with (run / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([[float(row["cat"]), float(row["dog"])] for row in rows])


def in_python(photos: Path, cache: Path, **settings: object) -> ConvLearner:
    data = ImageClassifierData.from_paths(photos, tfms_from_model(ARCH, SIZE), 16)
    learn = ConvLearner.pretrained(
        ARCH, data, True, cache_dir=cache, quiet=True, **settings  # type: ignore[arg-type]
    )  # fmt: skip
    learn.fit(LR, 1, cycle_len=EPOCHS, wds=MLP_DECAY)
    return learn


def test_law_14_the_command_line_and_python_give_the_same_bits(
    photos: Path, run: Path, tmp_path: Path
) -> None:
    learn = in_python(photos, tmp_path)
    predictions = learn.predict("valid")
    assert np.array_equal(predictions.probabilities, written(run))
    learn.save(tmp_path / "model")
    name = "weights.safetensors"
    assert (tmp_path / "model" / name).read_bytes() == (run / "model" / name).read_bytes()


def test_law_14_of_the_logistic_head_too(photos: Path, tmp_path: Path) -> None:
    call(
        "train", str(photos), "--size", str(SIZE), "--bs", "16", "--no-report",
        "--out", str(tmp_path / "run"), "--cache-dir", str(tmp_path / "cache"),
    )  # fmt: skip
    learn = in_python(photos, tmp_path)  # its MLP leaves no trace
    learn.fit_head()
    assert np.array_equal(learn.predict("valid").probabilities, written(tmp_path / "run"))
    learn.save(tmp_path / "model")
    name = "weights.safetensors"
    ours = (tmp_path / "run" / "model" / name).read_bytes()
    assert (tmp_path / "model" / name).read_bytes() == ours


def test_law_11_a_model_loaded_in_a_new_process_gives_the_same_bits(
    photos: Path, run: Path, tmp_path: Path
) -> None:
    files = sorted(str(p) for p in (photos / "valid").rglob("*.png"))
    words = [str(run / "model"), str(tmp_path / "found.npy"), *files]
    subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS, *words], check=True, env=os.environ)
    assert np.array_equal(np.load(tmp_path / "found.npy"), written(run))


def test_law_11_the_whole_network_agrees_with_predict(photos: Path, tmp_path: Path) -> None:
    learn = in_python(photos, tmp_path, precision="f32")
    rows, source = learn.data.table.rows("valid"), learn.data.source
    pixels = np.stack([source.render(int(row)) for row in rows]).astype(np.float32) / 255
    mean, std = (np.array(v, np.float32) for v in (learn.card.mean, learn.card.std))
    inputs = torch.from_numpy((pixels - mean) / std).permute(0, 3, 1, 2).contiguous()
    with torch.inference_mode():
        probabilities = learn.model(inputs).double().softmax(dim=1).numpy()
    assert np.abs(probabilities - learn.predict("valid").probabilities).max() < 1e-4


def test_law_11_a_pickle_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / "model.pth")
    for model in (tmp_path, tmp_path / "model.pth"):
        with pytest.raises(SystemExit) as stopped:
            main(["predict", str(model), str(tmp_path)])
        assert stopped.value.code == 1
        assert "pickle" in capsys.readouterr().err.replace(str(tmp_path), "")


def state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Kind, time of change and bytes of everything below a folder, itself included."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode,
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [folder, *folder.rglob("*")]
    }


def test_law_13_the_users_folder_is_never_written_to(
    photos: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(photos)
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(photos)  # the likeliest place for a relative path to go wrong
    small = ["--size", str(SIZE), "--lr", "0.01", "--epochs", "1"]
    call("train", ".", *small)
    call("train", ".", *small, "--no-precompute")
    call("lr-find", ".", "--size", str(SIZE))
    call("evaluate", str(run / "model"), ".")
    call("predict", str(run / "model"), ".")
    assert state(photos) == before
    assert (photos.parent / "runs" / "dogscats-2" / "model").is_dir()


def test_decoding_begins_before_torch_is_loaded() -> None:
    code = "import sys, warmstart.cli.run.training; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "words", [["--help"], ["train", "--help"], ["predict", "--help"], ["cache", "ls"], ["trian"]]
)
def test_what_needs_no_torch_loads_none(words: list[str], tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom warmstart.cli.main import main\nos._exit = sys.exit\n"
        "try:\n    main()\nexcept SystemExit:\n"
        "    sys.exit(int(any(name in sys.modules for name in ('torch', 'timm', 'openvino'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=os.environ | {"WARMSTART_CACHE": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
