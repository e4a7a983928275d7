"""What made the files beside it. It runs with the code of commit 8db6598 only.

In a worktree of that commit, with ``tests/past`` of a later one copied into it::

    OMP_NUM_THREADS=1 PYTHONPATH=.:src python tests/past/format_8db6598/make.py

Hidden layers have 16 units where that makes files small; in the interrupted run, which is gone on
with, they have the command line's 512. Paths of the machine are taken out afterwards.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tests.past.networks import own_backbone, toy_module
from tests.past.pictures import picture, squares, write_pictures
from tests.unit.training.toy import one_group, toy_settings, toy_tensors
from tests.unit.training.toy import toy_module as filled_module
from torch import Tensor

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.activations.key import SpaceCard
from warmstart.activations.space import Space
from warmstart.cli.main import main
from warmstart.data.content import ContentHashes
from warmstart.results.predictions import Predictions
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.loop import fit
from warmstart.training.objective import Targets
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

HERE = Path(__file__).resolve().parent
TRAIN = ["train", "photos", "--no-pretrained", "--size", "32", "--bs", "8", "--device", "cpu"]
TRAIN += ["--precision", "f32", "--no-report"]
KILLED = """
import os, signal
from warmstart.cli.main import main
from warmstart.training.checkpoint import Checkpoint
save, number = Checkpoint.save, 0
def save_and_die(self, progress):
    global number
    save(self, progress)
    number += 1
    if number == 7:  # two steps into the second epoch of four
        os.kill(os.getpid(), signal.SIGKILL)
Checkpoint.save, Checkpoint.is_due = save_and_die, lambda self: True
main({words!r})
"""


def make() -> None:
    """Everything, in a temporary folder first."""
    for old in HERE.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        os.environ["WARMSTART_CACHE"] = str(Path("cache").absolute())
        write_pictures(Path("photos"))
        make_runs()
        make_models()
        make_fits()
        make_store()
        neutral(Path(name).resolve())


def shell(*words: str) -> None:
    """A command, in this process."""
    with suppress(SystemExit):
        main(list(words))


def make_runs() -> None:
    """One that is finished, one of all eight steps, one that was killed; and how that one ended."""
    words = [*TRAIN, "--arch", "test_convnext", "--epochs", "4", "--lr", "0.01"]
    words += ["--out", "interrupted_run"]
    subprocess.run([sys.executable, "-c", KILLED.format(words=words)], check=False)
    shutil.copytree("interrupted_run", HERE / "interrupted_run")
    shell("train", "--resume", "interrupted_run")
    for file in ("predictions.csv", "history.jsonl"):
        (HERE / "interrupted_run_in_the_end").mkdir(exist_ok=True)
        shutil.copy(f"interrupted_run/{file}", HERE / "interrupted_run_in_the_end" / file)
    shutil.copy("interrupted_run/environment.json", HERE / "interrupted_run_in_the_end")

    small = ConvLearner.pretrained.__func__.__kwdefaults__  # type: ignore[attr-defined]
    small["xtra_fc"] = (16,)
    words = [*TRAIN, "--arch", "test_efficientnet", "--epochs", "8", "--calibrate"]
    shell(*words, "--out", "finished_run")
    words = [*TRAIN, "--arch", "test_efficientnet", "--full", "--views", "2"]
    shell(*words, "--out", "full_run")
    small["xtra_fc"] = (512,)
    shutil.rmtree("full_run/checkpoints")  # 2 MB that a finished run does not read
    for run in ("finished_run", "full_run"):
        (Path(run) / "confusion.png").unlink()  # nor that
        shutil.copytree(run, HERE / run)


def make_models() -> None:
    """Of a backbone that the caller gives: several labels; one, and everything calibrated."""
    half = (0.5, 0.5, 0.5)
    tfms = tfms_from_model(own_backbone, 32, mean=half, std=half)
    for name, has_many in (("many_labels", True), ("calibrated", False)):
        torch.manual_seed(0)
        data = ImageClassifierData.from_arrays(
            squares(48, 0, has_many=has_many), squares(12, 100, has_many=has_many), tfms, 8
        )
        learn = ConvLearner.pretrained(
            own_backbone, data, True, pretrained=False, device="cpu", precision="f32",
            train_precision="f32", xtra_fc=(16,), quiet=True,
        )  # fmt: skip
        learn.fit(0.1, 8)
        learn.calibrate()
        if has_many:
            learn.fit_thresholds()
        else:
            grey = [picture(number, (30, 30, 30)) for number in range(500, 530)]
            learn.set_unknown(grey, false_accept=0.3)
        learn.save(HERE / "models" / name, metrics={"valid_accuracy": learn.predict().accuracy})
        record(HERE / "models" / f"{name}.json", learn.predict("valid"))


def record(file: Path, predictions: Predictions) -> None:
    """Probabilities and answers of ``squares(12, 100)``."""
    entry = {
        "probabilities": predictions.probabilities.tolist(),
        "answers": predictions.answers,
    }
    file.write_text(json.dumps(entry, indent=1))


class StopError(Exception):
    """In the middle of an epoch."""


class StoppingInputs:
    """Rows from memory, until it is enough."""

    def __init__(self, x: Tensor, x_valid: Tensor, num_batches: int) -> None:
        self.x, self.x_valid, self.left = x, x_valid, num_batches

    def train(self, batches: Any, epoch: int, draws: Any = None) -> Any:
        for rows in batches:
            if self.left == 0:
                raise StopError
            self.left -= 1
            yield self.x[torch.from_numpy(rows)]

    def valid(self) -> Any:
        yield self.x_valid


def make_fits() -> None:
    """Checkpoints two steps into the second of three epochs, and the ends of both fits."""
    everything: dict[str, Any] = {
        "opt": "adamw", "weight_decays": (0.1,), "clip_norm": 0.5, "label_smoothing": 0.1,
        "mixup": 0.3, "ema_decay": 0.9, "has_snapshots": True, "keeps_best": True,
    }  # fmt: skip
    fits = {"plain": toy_settings(), "everything": toy_settings(lr=0.01, **everything)}
    x, y, x_valid, y_valid = toy_tensors()
    for name, plain in fits.items():
        folder = HERE / "fits" / name
        settings = replace(plain, schedule=Schedule(2, 1, 2))
        module = toy_module()
        module.load_state_dict(filled_module().state_dict())
        start = {key: tensor.clone() for key, tensor in module.state_dict().items()}
        rows = {"x": x.contiguous(), "y": y, "x_valid": x_valid.contiguous(), "y_valid": y_valid}
        point = Checkpoint(folder / "fit-0.safetensors", seconds_between=0.0)
        try:
            run_fit(module, rows, settings, point, 7)
        except StopError:
            shutil.copytree(folder, folder / "end")
        save_file(start, folder / "start.safetensors")
        save_file(
            {key: tensor.clone() for key, tensor in rows.items()}, folder / "rows.safetensors"
        )
        module.load_state_dict(start)
        point = Checkpoint(folder / "end" / "fit-0.safetensors")
        history = run_fit(module, rows, settings, point, -1)
        shutil.rmtree(folder / "end")
        (folder / "history.jsonl").write_text(history.to_jsonl())
        end = {key: tensor.clone() for key, tensor in module.state_dict().items()}
        save_file(end, folder / "end.safetensors")


def run_fit(
    module: Any, rows: dict[str, Tensor], settings: FitSettings, point: Checkpoint, num: int
) -> Any:
    """Fit until so many batches were seen; -1 is all."""
    return fit(
        module,
        one_group(module),
        StoppingInputs(rows["x"], rows["x_valid"], num),
        Targets(rows["y"], rows["y_valid"]),
        settings,
        checkpoint=point,
    )


def make_store() -> None:
    """The rows of the finished run's plain views, and what they are."""
    card = json.loads(Path("finished_run/model/model.json").read_text())
    tfms = tfms_from_model("test_efficientnet", 32)
    data = ImageClassifierData.from_paths(Path("photos"), tfms, 8)
    learn = ConvLearner.pretrained(
        "test_efficientnet", data, True, pretrained=False, device="cpu", precision="f32",
        quiet=True, cache_dir="small-cache",
    )  # fmt: skip
    assert learn.numeric_mode == card["mode"]
    (folder,) = Path("small-cache/activations").iterdir()
    entry = json.loads((folder / "space.json").read_text())
    space = Space(folder.parent, SpaceCard(**entry | {"shape": tuple(entry["shape"])}))
    view, listed = data.source.view_name(0), []
    for split in ("train", "valid"):
        hashes = learn.content_hashes(split)
        keys = learn.activations.frozen.keys(view, hashes)
        values = space.gather(space.locate(keys))
        for content, key, row in zip(hashes, keys, values, strict=True):
            digest = hashlib.sha256(np.ascontiguousarray(row).tobytes()).hexdigest()
            listed.append({"content": content.hex(), "key": key.hex(), "row_sha256": digest})
    ContentHashes(Path("small-cache/content.sqlite")).sha256(sorted(Path("photos").rglob("*.bmp")))
    shutil.copytree("small-cache", HERE / "store", ignore=shutil.ignore_patterns("lock", "in-use"))
    text = json.dumps(
        {"view": view, "first_row": values_of(space, listed), "rows": listed}, indent=1
    )
    (HERE / "store_rows.json").write_text(text)


def values_of(space: Space, listed: list[dict[str, str]]) -> list[float]:
    """The first row as numbers that people can read."""
    row = space.gather(space.locate([bytes.fromhex(listed[0]["key"])]))[0]
    return [float(value) for value in row[:8]]


def neutral(home: Path) -> None:
    """Take out where this was made, and on which machine."""
    with closing(sqlite3.connect(HERE / "store" / "content.sqlite")) as connection:
        with connection:
            connection.execute(
                "UPDATE files SET path = replace(path, ?, '/somewhere')", (str(home),)
            )
        connection.execute("VACUUM")
    for file in HERE.rglob("*"):
        if file.suffix in {".toml", ".json", ".jsonl", ".csv"}:
            text = file.read_text(encoding="utf-8").replace(f"{home}/", "")
            if file.name == "environment.json":
                text = json.dumps(json.loads(text) | {"system": "Linux", "processor": ""}, indent=1)
            file.write_text(text, encoding="utf-8")
    for file in HERE.rglob("*"):
        if file.is_file() and file.name != "make.py":
            content = file.read_bytes()
            assert str(home).encode() not in content, file
            assert str(Path.home()).encode() + b"/" not in content, file


if __name__ == "__main__":
    make()
